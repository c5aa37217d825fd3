// A point in time as the endpoint writes it: RFC 3339.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ecs_exporter {

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds, and nanoseconds (0 to 999999999) on
/// top. Holds the years 0 to 9999, so also Docker's "never" (year 1), exactly.
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// Reads a date-time of RFC 3339, section 5.6: any offset, any number of fractional digits (those
/// past the ninth are cut). Absent for anything else.
std::optional<Timestamp> parse_timestamp(std::string_view text);

/// True for the year 1, which is how Go and so Docker write a time that was never set.
bool is_never(const Timestamp& time);

/// Seconds since 1970 as a real number.
double unix_seconds(const Timestamp& time);

/// `later` - `earlier` in seconds; negative if they are the other way round.
double seconds_between(const Timestamp& earlier, const Timestamp& later);

}  // namespace ecs_exporter
