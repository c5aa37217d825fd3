// Numbers in JSON objects: reading, and letting the whole ones grow.
#pragma once

#include <boost/json/object.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace ecs_exporter::mock {

/// `value` if it is a whole number from 0 to 2^64-1, else absent.
inline std::optional<std::uint64_t> whole(const boost::json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) {
    return static_cast<std::uint64_t>(value.get_int64());
  }
  return std::nullopt;
}

/// The whole number at `key`; absent if the key is, or holds anything else.
inline std::optional<std::uint64_t> whole(const boost::json::object& object, std::string_view key) {
  const boost::json::value* found = object.if_contains(key);
  return found ? whole(*found) : std::nullopt;
}

/// The number at `key`, with a fraction or without; absent unless it is more than 0.
inline std::optional<double> positive(const boost::json::object& object, std::string_view key) {
  const boost::json::value* found = object.if_contains(key);
  if (!found || !found->is_number()) return std::nullopt;
  const auto number = found->to_number<double>();
  return number > 0 ? std::optional(number) : std::nullopt;
}

/// `value` + `growth`, which is rounded; 2^64-1 if that is more than fits.
inline std::uint64_t grown(std::uint64_t value, double growth) {
  const auto whole_growth = static_cast<std::uint64_t>(std::llround(growth));
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return value > kMost - whole_growth ? kMost : value + whole_growth;
}

/// Puts `value` in the place of what is at `key`, if the key is there. Unlike an assignment to
/// `object[key]`, this never moves the object's members, to which pointers may be held.
inline void replace(boost::json::object& object, std::string_view key, std::uint64_t value) {
  if (boost::json::value* found = object.if_contains(key)) *found = value;
}

/// Adds `growth` to the whole number at `key`, if there is one.
inline void grow(boost::json::object& object, std::string_view key, double growth) {
  if (const auto value = whole(object, key)) replace(object, key, grown(*value, growth));
}

/// The object at `key`, or null.
inline const boost::json::object* object_at(const boost::json::object& object,
                                            std::string_view key) {
  const boost::json::value* found = object.if_contains(key);
  return found ? found->if_object() : nullptr;
}
inline boost::json::object* object_at(boost::json::object& object, std::string_view key) {
  boost::json::value* found = object.if_contains(key);
  return found ? found->if_object() : nullptr;
}

}  // namespace ecs_exporter::mock
