// The parts of one container's stats that advance, each by itself. Only advance.cc calls them.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "advance.h"

namespace ecs_exporter::mock {

inline constexpr double kNsPerSecond = 1e9;

inline double seconds(std::chrono::nanoseconds ns) {
  return static_cast<double>(ns.count()) / kNsPerSecond;
}

/// Whether the container has a sample, which then advances.
bool has_sample(const boost::json::object& first);

/// How long before `read` the first sample's `preread` was; absent if there was none.
std::optional<double> first_window_s(const boost::json::object& first);

/// What the containers of one task have of CPU time.
struct CpuRoom {
  double online = 1;  // the host's CPUs
  double scale = 1;   // of what each container would use by itself
};

/// `stats` is the first body of /task/stats here, and `task` that of /task.
CpuRoom cpu_room(const boost::json::object& stats, const boost::json::object& task);

/// The most memory that each container may have in use, so that neither its own limit nor the
/// task's is passed: an element for each member of `stats`.
std::vector<std::uint64_t> memory_peaks(const boost::json::object& stats,
                                        const boost::json::object& task);

// `stats` is the container's sample, a copy of `first` in which each part writes its own keys;
// `index`, the container's place in the reply, lets containers differ.

void advance_cpu(boost::json::object& stats, const boost::json::object& first, std::size_t index,
                 const CpuRoom& room, const Frame& frame);
void advance_memory(boost::json::object& stats, std::size_t index, std::uint64_t peak,
                    const Frame& frame);
void advance_networks(boost::json::object& stats, const Frame& frame);
void advance_disk(boost::json::object& stats, std::size_t index, const Frame& frame);

}  // namespace ecs_exporter::mock
