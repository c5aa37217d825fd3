// Words to faults; the token bucket.
#include "faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "http_server.h"
#include "quote.h"

namespace ecs_exporter::mock {
namespace {

using std::chrono::milliseconds;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<milliseconds> parse_delay(std::string_view text) {
  constexpr double kLongestMs = 3600 * 1000;
  double unit_ms = 1000;
  if (text.ends_with("ms")) {
    unit_ms = 1;
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    text.remove_suffix(1);
  } else {
    return std::nullopt;
  }
  const auto value = number<double>(text);
  if (!value || !(*value >= 0) || *value * unit_ms > kLongestMs) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*value * unit_ms));
}

std::optional<Throttle> parse_throttle(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto rate = number<double>(text.substr(0, comma));
  const auto burst = number<std::uint32_t>(text.substr(comma + 1));
  if (rate && *rate > 0 && *rate < 1e9 && burst && *burst > 0) {
    return Throttle{.rate = *rate, .burst = static_cast<double>(*burst)};
  }
  return std::nullopt;
}

bool set_fail(Faults& faults, std::string_view value) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view which = value.substr(0, equals);
  const auto status = number<unsigned>(value.substr(equals + 1));
  if (!status || *status < 400 || *status > 599) return false;
  if (which != "task" && which != "stats" && which != "both") return false;
  if (which != "stats") faults.fail_task = status;
  if (which != "task") faults.fail_stats = status;
  return true;
}

bool set_only(Faults& faults, std::string_view value) {
  if (value == "task") faults.only = Subject::kTask;
  if (value == "stats") faults.only = Subject::kStats;
  return faults.only.has_value();
}

bool set_delay(Faults& faults, std::string_view value) {
  const auto delay = parse_delay(value);
  faults.delay = delay.value_or(milliseconds(0));
  return delay.has_value();
}

bool set_throttle(Faults& faults, std::string_view value) {
  faults.throttle = parse_throttle(value);
  return faults.throttle.has_value();
}

template <bool Faults::* Flag>
bool set_flag(Faults& faults, std::string_view value) {
  faults.*Flag = true;
  return value.empty();
}

struct Word {
  std::string_view name;
  bool (*set)(Faults& faults, std::string_view value);
  std::string_view wanted;
};

constexpr std::array<Word, 10> kWords = {{
    {"fail", set_fail, "task=STATUS, stats=STATUS or both=STATUS with a status from 400 to 599"},
    {"delay", set_delay, "a duration up to an hour such as 250ms or 2s"},
    {"throttle", set_throttle, "RATE,BURST with a rate over 0 and a burst of at least 1"},
    {"only", set_only, "task or stats"},
    {"close", set_flag<&Faults::close>, "without a value"},
    {"truncate", set_flag<&Faults::truncate>, "without a value"},
    {"garbage", set_flag<&Faults::garbage>, "without a value"},
    {"huge", set_flag<&Faults::huge>, "without a value"},
    {"nan", set_flag<&Faults::nan>, "without a value"},
    {"redirect", set_flag<&Faults::redirect>, "without a value"},
}};

std::unexpected<Error> usage(std::string message) {
  return std::unexpected(Error{ErrorKind::kUsage, std::move(message)});
}

}  // namespace

Result<void> set_fault(Faults& faults, std::string_view name, std::string_view value) {
  const auto word = std::ranges::find(kWords, name, &Word::name);
  if (word == kWords.end()) return usage("there is no fault " + excerpt(name));
  if (word->set(faults, value)) return {};
  return usage("--" + std::string(name) + " is " + excerpt(value) + ", and must be " +
               std::string(word->wanted));
}

Result<Faults> parse_faults(std::string_view query) {
  Faults faults;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string name = percent_decoded(parameter.substr(0, equals));
    const std::string value =
        percent_decoded(parameter.substr(std::min(equals + 1, parameter.size())));
    if (const auto set = set_fault(faults, name, value); !set) {
      return std::unexpected(set.error());
    }
  }
  return faults;
}

bool TokenBuckets::take(const Throttle& throttle, std::string_view client, std::string_view path) {
  const auto now = std::chrono::steady_clock::now();
  const auto [place, added] =
      buckets_.try_emplace({std::string(client), std::string(path)}, Bucket{throttle.burst, now});
  Bucket& bucket = place->second;
  const double waited_s = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(throttle.burst, bucket.tokens + throttle.rate * waited_s);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace ecs_exporter::mock
