// The only conversions of units. They take and return optionals, so that absent stays absent.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace ecs_exporter {

/// Nanoseconds to seconds. Divided, not multiplied by 1e-9, which would not print as it was sent.
constexpr std::optional<double> seconds_from_ns(std::optional<std::uint64_t> ns) {
  if (!ns) return std::nullopt;
  return static_cast<double>(*ns) / 1e9;
}

/// Mebibytes to bytes. Absent when absent, or when the product does not fit into 64 bits.
constexpr std::optional<std::uint64_t> bytes_from_mib(std::optional<std::uint64_t> mib) {
  constexpr std::uint64_t kMib = 1024 * 1024;
  if (!mib || *mib > std::numeric_limits<std::uint64_t>::max() / kMib) return std::nullopt;
  return *mib * kMib;
}

}  // namespace ecs_exporter
