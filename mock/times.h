// Times as the endpoint writes them.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "timestamp.h"

namespace ecs_exporter::mock {

/// As Go writes it: RFC 3339, UTC, the fraction without trailing zeros.
std::string time_text(std::chrono::sys_time<std::chrono::nanoseconds> time);

/// The time that is the text at `key`; absent for anything else, and for "never".
std::optional<Timestamp> time_at(const boost::json::object& object, std::string_view key);

/// Makes every time in `value` later by `shift`, but for "never": the intervals stay.
void shift_times(boost::json::value& value, std::chrono::nanoseconds shift);

}  // namespace ecs_exporter::mock
