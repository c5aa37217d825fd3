// The parts of one container's stats that advance, each by itself. Only advance.cc calls them.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

#include "advance.h"

namespace ecs_exporter::mock {

inline constexpr double kNsPerSecond = 1e9;

inline double seconds(std::chrono::nanoseconds ns) {
  return static_cast<double>(ns.count()) / kNsPerSecond;
}

/// How long before `read` the first sample's `preread` was; absent if there was none.
std::optional<double> first_window_s(const boost::json::object& first);

// `stats` is the container's sample, a copy of `first` in which each part writes its own keys;
// `index`, the container's place in the reply, lets containers differ.

void advance_cpu(boost::json::object& stats, const boost::json::object& first, std::size_t index,
                 const Frame& frame);
void advance_memory(boost::json::object& stats, std::size_t index, const Frame& frame);
void advance_networks(boost::json::object& stats, const Frame& frame);
void advance_disk(boost::json::object& stats, std::size_t index, const Frame& frame);

}  // namespace ecs_exporter::mock
