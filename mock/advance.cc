// The numbers of a task as functions of time, so that no state but the time is needed.
#include "advance.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "advance_parts.h"
#include "times.h"
#include "timestamp.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;
using std::chrono::nanoseconds;

void advance_times(json::object& stats, const json::object& first, const Frame& frame) {
  stats["read"] = time_text(frame.start + frame.elapsed);
  if (frame.previous) {
    stats["preread"] = time_text(frame.start + *frame.previous);
  } else if (const auto window = first_window_s(first)) {
    stats["preread"] = time_text(frame.start - nanoseconds(std::llround(*window * kNsPerSecond)));
  }
}

// What the containers of one task share.
struct Room {
  CpuRoom cpu;
  std::vector<std::uint64_t> memory;  // by the container's index
};

json::object advance_container(const json::object& first, std::size_t index, const Room& room,
                               const Frame& frame) {
  json::object stats = first;
  if (!has_sample(first)) return stats;
  advance_times(stats, first, frame);
  advance_cpu(stats, first, index, room.cpu, frame);
  advance_memory(stats, index, room.memory[index], frame);
  advance_networks(stats, frame);
  advance_disk(stats, index, frame);
  return stats;
}

}  // namespace

bool has_sample(const json::object& first) { return time_at(first, "read").has_value(); }

std::optional<double> first_window_s(const json::object& first) {
  const auto read = time_at(first, "read");
  const auto preread = time_at(first, "preread");
  if (!read || !preread || !(*preread < *read)) return std::nullopt;
  constexpr double kLongest = 86400;  // more is a broken file
  const double window_s = seconds_between(*preread, *read);
  return window_s < kLongest ? std::optional(window_s) : std::nullopt;
}

json::object advance(const json::object& first, const json::object& task, const Frame& frame) {
  const Room room{.cpu = cpu_room(first, task), .memory = memory_peaks(first, task)};
  json::object out;
  std::size_t index = 0;
  for (const auto& [id, stats] : first) {
    const json::object* container = stats.if_object();
    out[id] = container ? json::value(advance_container(*container, index, room, frame)) : stats;
    ++index;
  }
  return out;
}

Frame FrameClock::next() {
  const auto now = std::chrono::steady_clock::now();
  if (!last_) {
    started_ = now;
    last_ = Frame{.start = std::chrono::system_clock::now()};
    return *last_;
  }
  constexpr nanoseconds kLeastStep = std::chrono::milliseconds(10);
  last_->previous = last_->elapsed;
  last_->elapsed = std::max<nanoseconds>(now - started_, last_->elapsed + kLeastStep);
  return *last_;
}

}  // namespace ecs_exporter::mock
