// Times to text, and back.
#include "times.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstdio>

namespace ecs_exporter::mock {

namespace json = boost::json;
using std::chrono::nanoseconds;

std::string time_text(std::chrono::sys_time<nanoseconds> time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  std::array<char, 64> text{};
  std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  std::string trimmed = text.data();
  trimmed.erase(trimmed.find_last_not_of('0') + 1);
  if (trimmed.ends_with('.')) trimmed.pop_back();
  return trimmed + "Z";
}

std::optional<Timestamp> time_at(const json::object& object, std::string_view key) {
  const json::value* text = object.if_contains(key);
  if (!text || !text->is_string()) return std::nullopt;
  const auto time = parse_timestamp(text->get_string());
  return time && !is_never(*time) ? time : std::nullopt;
}

void shift_times(json::value& value, nanoseconds shift) {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) shift_times(member.value(), shift);
  } else if (auto* array = value.if_array()) {
    for (json::value& element : *array) shift_times(element, shift);
  } else if (const auto* text = value.if_string()) {
    const auto time = parse_timestamp(*text);
    if (!time || is_never(*time)) return;
    const std::chrono::sys_time<nanoseconds> before(std::chrono::seconds(time->seconds) +
                                                    nanoseconds(time->nanoseconds));
    value = time_text(before + shift);
  }
}

}  // namespace ecs_exporter::mock
