// The three versions of the endpoint.
#include "endpoint.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <cstdint>

#include "quote.h"

namespace ecs_exporter {
namespace {

constexpr std::string_view kV2Uri = "http://169.254.170.2/v2";
constexpr std::string_view kV4Variable = "ECS_CONTAINER_METADATA_URI_V4";
constexpr std::string_view kV3Variable = "ECS_CONTAINER_METADATA_URI";

Result<Endpoint> read_uri(std::string_view uri, std::string found_in) {
  const auto bad = [&](std::string_view why) {
    return std::unexpected(
        Error{ErrorKind::kUsage, found_in + ": " + excerpt(uri) + " " + std::string(why)});
  };
  const auto url = boost::urls::parse_uri(uri);
  if (!url) return bad("is not a URI");
  if (url->scheme() != "http") return bad("does not begin with http://");
  if (url->host_address().empty()) return bad("has no host");
  if (url->has_userinfo() || url->has_query() || url->has_fragment()) {
    return bad("has more than a host, a port and a path");
  }
  // The library's own port_number() does not notice that a number is too large.
  std::uint16_t port = 80;
  if (url->has_port()) {
    const std::string_view digits = url->port();
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec != std::errc() || end != digits.data() + digits.size() || port == 0) {
      return bad("has a port that is not a number from 1 to 65535");
    }
  }

  std::string base(url->encoded_path());
  // The agent redirects a path with a double slash, and says nothing else.
  if (base.contains("//")) return bad("has an empty part in its path");
  if (base.ends_with('/')) base.pop_back();
  const bool v2 = base == "/v2";
  return Endpoint{.host = url->host_address(),
                  .port = std::to_string(port),
                  .task_path = base + (v2 ? "/metadata" : "/task"),
                  .stats_path = base + (v2 ? "/stats" : "/task/stats"),
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
