// CPU time: total, by mode and core, and that of the whole host.
#include <algorithm>
#include <boost/json/array.hpp>

#include "advance_parts.h"
#include "wave.h"
#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

constexpr double kMostOfCpus = 0.95;  // so that a share is less than 1 after rounding too

// The cores in use over the window that the first sample tells of; absent if it tells of none.
std::optional<double> first_cores(const json::object& first, double online) {
  const json::object* cpu = object_at(first, "cpu_stats");
  const json::object* precpu = object_at(first, "precpu_stats");
  const json::object* usage = cpu ? object_at(*cpu, "cpu_usage") : nullptr;
  const json::object* preusage = precpu ? object_at(*precpu, "cpu_usage") : nullptr;
  if (!usage || !preusage) return std::nullopt;
  const auto total = whole(*usage, "total_usage");
  const auto pretotal = whole(*preusage, "total_usage");
  if (!total || !pretotal || *total < *pretotal || *pretotal == 0) return std::nullopt;
  const double used_ns = static_cast<double>(*total - *pretotal);

  const auto system = whole(*cpu, "system_cpu_usage");
  const auto presystem = whole(*precpu, "system_cpu_usage");
  if (system && presystem && *system > *presystem) {
    return used_ns / static_cast<double>(*system - *presystem) * online;
  }
  const auto window = first_window_s(first);
  return window ? std::optional(used_ns / kNsPerSecond / *window) : std::nullopt;
}

// The cores in use, if the container were alone on a host with `online` CPUs.
Wave cores_alone(const json::object& first, std::size_t index, double online) {
  const double most = kMostOfCpus * online;
  const double mean = std::clamp(first_cores(first, online).value_or(0.05 * online), 0.0, most);
  return {.mean = mean,
          .swing = std::min(mean / 2, most - mean),
          .period_s = 60.0 + 17.0 * static_cast<double>(index),
          .phase = static_cast<double>(index)};
}

// The containers are on one host. One that does not tell of its CPUs may stand beside one that
// does.
double online_cpus(const json::object& stats) {
  std::uint64_t most = 1;
  for (const auto& [id, first] : stats) {
    const json::object* container = first.if_object();
    const json::object* cpu = container ? object_at(*container, "cpu_stats") : nullptr;
    if (cpu) most = std::max(most, whole(*cpu, "online_cpus").value_or(1));
  }
  return std::min(static_cast<double>(most), 1e4);
}

// Shares `growth` out as the first sample shares out its total.
void grow_cores(json::array& cores, double growth, double online) {
  double sum = 0;
  for (const json::value& core : cores) sum += static_cast<double>(whole(core).value_or(0));
  std::size_t index = 0;
  for (json::value& core : cores) {
    const auto first = whole(core);
    const double even = static_cast<double>(index++) < online ? 1 / online : 0;
    if (!first) continue;
    core = grown(*first, growth * (sum > 0 ? static_cast<double>(*first) / sum : even));
  }
}

json::object cpu_at(json::object cpu, const Wave& cores, double online, double elapsed_s) {
  grow(cpu, "system_cpu_usage", elapsed_s * online * kNsPerSecond);
  json::object* usage = object_at(cpu, "cpu_usage");
  if (!usage) return cpu;
  const double growth = cores.total(elapsed_s) * kNsPerSecond;
  const auto total = static_cast<double>(whole(*usage, "total_usage").value_or(0));
  const auto part = [&](std::string_view key, double otherwise) {
    const auto first = static_cast<double>(whole(*usage, key).value_or(0));
    return total > 0 ? std::min(1.0, first / total) : otherwise;
  };
  const double kernel = part("usage_in_kernelmode", 0.3);
  const double user = part("usage_in_usermode", 0.7);
  grow(*usage, "total_usage", growth);
  grow(*usage, "usage_in_kernelmode", growth * kernel);
  grow(*usage, "usage_in_usermode", growth * user);
  if (json::value* percpu = usage->if_contains("percpu_usage"); percpu && percpu->is_array()) {
    grow_cores(percpu->get_array(), growth, online);
  }
  return cpu;
}

}  // namespace

CpuRoom cpu_room(const json::object& stats, const json::object& task) {
  CpuRoom room{.online = online_cpus(stats)};
  double peaks = 0;
  std::size_t index = 0;
  for (const auto& [id, first] : stats) {
    const json::object* container = first.if_object();
    if (container && has_sample(*container)) {
      const Wave cores = cores_alone(*container, index, room.online);
      peaks += cores.mean + cores.swing;
    }
    ++index;
  }
  const json::object* limits = object_at(task, "Limits");
  const auto limit = limits ? positive(*limits, "CPU") : std::nullopt;  // in vCPU
  const double most = kMostOfCpus * std::min(room.online, limit.value_or(room.online));
  if (peaks > most) room.scale = most / peaks;
  return room;
}

void advance_cpu(json::object& stats, const json::object& first, std::size_t index,
                 const CpuRoom& room, const Frame& frame) {
  const json::object* cpu = object_at(first, "cpu_stats");
  if (!cpu) return;
  Wave cores = cores_alone(first, index, room.online);
  cores.mean *= room.scale;
  cores.swing *= room.scale;
  const auto at = [&](std::chrono::nanoseconds moment) {
    return cpu_at(*cpu, cores, room.online, seconds(moment));
  };
  stats["cpu_stats"] = at(frame.elapsed);
  if (frame.previous) stats["precpu_stats"] = at(*frame.previous);
}

}  // namespace ecs_exporter::mock
