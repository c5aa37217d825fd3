// The agent's paths.
#pragma once

#include <optional>
#include <string_view>

#include "faults.h"
#include "shape.h"

namespace ecs_exporter::mock {

/// What a path asks for.
struct Route {
  EndpointVersion version = EndpointVersion::kV4;
  Subject subject = Subject::kTask;
  bool whole_task = true;  // else one container
  std::string_view id;     // the one in the path; "" where there is none
};

/// The route of `path`; absent if the agent has none there. Any id of version 3 or 4 is taken, and
/// `/task` and `/task/stats` without one are version 4.
std::optional<Route> route_of(std::string_view path);

}  // namespace ecs_exporter::mock
