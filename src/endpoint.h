// Which metadata endpoint there is, and its paths. The one room that knows versions of it.
#pragma once

#include <string>
#include <string_view>

#include "environment.h"
#include "error.h"

namespace ecs_exporter {

struct Endpoint {
  std::string host;  // IPv6 without brackets
  std::string port;
  std::string task_path;
  std::string stats_path;
  std::string found_in;  // the option or variable that named it

  /// As "http://169.254.170.2:80/v4/abc/task", for messages.
  std::string task_url() const;
};

/// The first of these that is set and not empty: `configured_uri`, the variables
/// ECS_CONTAINER_METADATA_URI_V4 and ECS_CONTAINER_METADATA_URI that ECS sets in each container,
/// and if `use_v2` the fixed address of version 2, which no variable announces. A URI whose path is
/// `/v2` has version 2's paths, `/metadata` and `/stats`; to any other `/task` and `/task/stats`
/// are appended. Errors: kUsage, for none, or a URI that is not one of http, which is not shown.
Result<Endpoint> find_endpoint(std::string_view configured_uri, bool use_v2,
                               const Environment& environment);

}  // namespace ecs_exporter
