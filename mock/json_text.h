// JSON values to the compact text that the agent sends.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace ecs_exporter::mock {

/// `value` without any spaces. Real numbers in their shortest form ("0.25"), where Boost would
/// write "2.5E-1", which is as right but nothing that the agent sends.
std::string compact_text(const boost::json::value& value);

}  // namespace ecs_exporter::mock
