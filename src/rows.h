// What the files with rows of metrics share: short ways to a value, and what every row must be.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tables.h"

namespace ecs_exporter {

using Sampled = std::optional<Value>;

template <class T>
Sampled given(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return Value(*value);
}

inline Sampled given_time(const Time& time) {
  if (!time || is_never(*time)) return std::nullopt;
  return Value(unix_seconds(*time));
}

inline constexpr std::uint64_t kZero = 0;
inline constexpr std::uint64_t kOne = 1;

// The samples' rows: absent without a sample, else `read` of it.
template <auto read>
Sampled of_stats(const ContainerSubject& s) {
  if (!s.container.stats) return std::nullopt;
  return given(read(*s.container.stats));
}

// A real number above 0.
inline Real positive(Real value) { return value && *value > 0 ? value : std::nullopt; }

constexpr bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

template <class Subject, std::size_t Rows>
constexpr bool well_formed(const Metric<Subject> (&table)[Rows]) {
  return std::ranges::all_of(table, [](const Metric<Subject>& row) {
    return is_name(row.name) &&
           (row.type == FamilyType::kCounter) == row.name.ends_with("_total") &&
           row.help.ends_with('.') && !row.source.empty() && !row.absent.empty() &&
           (row.labels == nullptr) == row.label_names.empty();
  });
}

}  // namespace ecs_exporter
