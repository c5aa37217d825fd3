// The three versions of the endpoint.
#include "endpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace ecs_exporter {
namespace {

constexpr std::string_view kV2Uri = "http://169.254.170.2/v2";
constexpr std::string_view kV4Variable = "ECS_CONTAINER_METADATA_URI_V4";
constexpr std::string_view kV3Variable = "ECS_CONTAINER_METADATA_URI";

// Splits "http://host:port/path"; of a URI's many other parts an endpoint has none. What is no such
// URI is not shown: there may be a password in it.
Result<Endpoint> read_uri(std::string_view uri, std::string found_in) {
  const auto bad = [&](std::string_view why) {
    return std::unexpected(Error{ErrorKind::kUsage, found_in + ": this " + std::string(why)});
  };
  constexpr std::string_view kScheme = "http://";
  if (!std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 0x7F; })) {
    return bad("is not a URI");
  }
  if (!uri.starts_with(kScheme)) return bad("does not begin with http://");
  std::string_view rest = uri.substr(kScheme.size());
  if (rest.contains('@')) return bad("has a user or a password, which no endpoint asks for");
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return bad("has more than a host, a port and a path");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string path(rest.substr(slash));
  std::string_view host = rest.substr(0, slash);

  std::uint16_t port = 80;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view digits = host.substr(colon + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec != std::errc() || end != digits.data() + digits.size() || port == 0) {
      return bad("has a port that is not a number from 1 to 65535");
    }
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    return bad("has an IPv6 address without brackets around it");
  }
  if (host.empty()) return bad("has no host");

  // The agent redirects a path with a double slash, and says nothing else.
  if (path.contains("//")) return bad("has an empty part in its path");
  if (path.ends_with('/')) path.pop_back();
  const bool v2 = path == "/v2";
  return Endpoint{.host = std::string(host),
                  .port = std::to_string(port),
                  .task_path = path + (v2 ? "/metadata" : "/task"),
                  .stats_path = path + (v2 ? "/stats" : "/task/stats"),
                  .found_in = std::move(found_in)};
}

}  // namespace

std::string Endpoint::task_url() const {
  return "http://" + (host.contains(':') ? "[" + host + "]" : host) + ":" + port + task_path;
}

Result<Endpoint> find_endpoint(std::string_view configured_uri, bool use_v2,
                               const Environment& environment) {
  if (!configured_uri.empty()) return read_uri(configured_uri, "--ecs.metadata-uri");
  for (const std::string_view variable : {kV4Variable, kV3Variable}) {
    const auto uri = environment(std::string(variable));
    if (uri && !uri->empty()) return read_uri(*uri, std::string(variable));
  }
  if (use_v2) return read_uri(kV2Uri, "--ecs.v2");
  return std::unexpected(
      Error{ErrorKind::kUsage,
            "no metadata endpoint: ECS sets ECS_CONTAINER_METADATA_URI_V4 or "
            "ECS_CONTAINER_METADATA_URI in each container; elsewhere give --ecs.metadata-uri or "
            "ECS_METADATA_URI"});
}

}  // namespace ecs_exporter
