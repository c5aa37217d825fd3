// Path to route.
#include "route.h"

namespace ecs_exporter::mock {
namespace {

bool skip(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  path.remove_prefix(prefix.size());
  return true;
}

// Behind "/v2/metadata" and "/v2/stats" may be a slash, and behind that a container's id.
std::optional<Route> route_v2(std::string_view rest, Subject subject) {
  Route route{.version = EndpointVersion::kV2, .subject = subject};
  if (rest.empty() || rest == "/") return route;
  if (!skip(rest, "/") || rest.contains('/')) return std::nullopt;
  route.whole_task = false;
  route.id = rest;
  return route;
}

// Behind the id of version 3 and 4, where a slash at the end is too much.
std::optional<Route> route_of_rest(std::string_view rest, EndpointVersion version,
                                   std::string_view id) {
  Route route{.version = version, .id = id};
  route.whole_task = skip(rest, "/task");
  if (rest == "/stats") {
    route.subject = Subject::kStats;
  } else if (!rest.empty()) {
    return std::nullopt;
  }
  return route;
}

}  // namespace

std::optional<Route> route_of(std::string_view path) {
  if (skip(path, "/v2/metadata")) return route_v2(path, Subject::kTask);
  if (skip(path, "/v2/stats")) return route_v2(path, Subject::kStats);
  const bool v4 = skip(path, "/v4/");
  const bool v3 = !v4 && skip(path, "/v3/");
  if (!v4 && !v3) {
    if (path != "/task" && path != "/task/stats") return std::nullopt;
    return route_of_rest(path, EndpointVersion::kV4, "");
  }
  const std::string_view id = path.substr(0, path.find('/'));
  if (id.empty()) return std::nullopt;
  path.remove_prefix(id.size());
  return route_of_rest(path, v4 ? EndpointVersion::kV4 : EndpointVersion::kV3, id);
}

}  // namespace ecs_exporter::mock
