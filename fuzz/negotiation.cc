// Accept, a newline, Accept-Encoding.
#include "negotiation.h"

#include <algorithm>
#include <array>

#include "demand.h"

namespace ecs_exporter::fuzz {
namespace {

constexpr std::array<std::string_view, 2> kTypes = {
    "text/plain; version=0.0.4; charset=utf-8",
    "application/openmetrics-text; version=1.0.0; charset=utf-8"};
constexpr std::array<std::string_view, 4> kEscapings = {
    "", "; escaping=allow-utf-8", "; escaping=underscores", "; escaping=values"};

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  return !std::ranges::search(text, word, {}, [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
          }).empty();
}

void check(std::string_view accept, std::string_view accept_encoding) {
  const Negotiated answer = negotiate(accept, accept_encoding);
  const bool openmetrics = answer.format == ExpositionFormat::kOpenMetrics;
  const std::string_view type = kTypes[openmetrics ? 1 : 0];
  const bool known = std::ranges::any_of(kEscapings, [&](std::string_view escaping) {
    return answer.content_type == std::string(type) + std::string(escaping);
  });
  demand(known, "a content type of its own", answer.content_type);
  demand(!openmetrics || contains_ignoring_case(accept, "application/openmetrics-text"),
         "OpenMetrics for one who did not ask", accept);
  demand(!answer.gzip || contains_ignoring_case(accept_encoding, "gzip"),
         "gzip for one who did not ask", accept_encoding);
}

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = ecs_exporter::fuzz::text_of(data, size);
  const std::string_view accept = ecs_exporter::fuzz::take_until(input, '\n');
  ecs_exporter::fuzz::check(accept, input);
  return 0;
}
