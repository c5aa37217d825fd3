// The older versions of the endpoint: what version 4 has and they have not is taken out.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace ecs_exporter::mock {

enum class EndpointVersion { kV2, kV3, kV4 };

/// The body of /task in `version`, of a `task` as version 4 has it.
boost::json::value shaped_task(boost::json::object task, EndpointVersion version);

/// The body of /task/stats in `version`, of `stats` as version 4 has it: before it there were no
/// network rates, and null stood for a container without a sample.
boost::json::value shaped_stats(boost::json::object stats, EndpointVersion version);

}  // namespace ecs_exporter::mock
