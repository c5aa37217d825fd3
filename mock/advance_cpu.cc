// CPU time: total, by mode and core, and that of the whole host.
#include <algorithm>
#include <boost/json/array.hpp>

#include "advance_parts.h"
#include "wave.h"
#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

struct CpuPace {
  Wave cores;  // in use
  double online = 1;
};

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

CpuPace cpu_pace(const json::object& first, std::size_t index) {
  const json::object* cpu = object_at(first, "cpu_stats");
  const auto cpus = cpu ? whole(*cpu, "online_cpus") : std::nullopt;
  CpuPace pace;
  pace.online = std::clamp(static_cast<double>(cpus.value_or(1)), 1.0, 1e4);
  const double most = 0.95 * pace.online;  // so that a share is less than 1 after rounding too
  const double mean =
      std::clamp(first_cores(first, pace.online).value_or(0.05 * pace.online), 0.0, most);
  pace.cores = {.mean = mean,
                .swing = std::min(mean / 2, most - mean),
                .period_s = 60.0 + 17.0 * static_cast<double>(index),
                .phase = static_cast<double>(index)};
  return pace;
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

json::object cpu_at(json::object cpu, const CpuPace& pace, double elapsed_s) {
  grow(cpu, "system_cpu_usage", elapsed_s * pace.online * kNsPerSecond);
  json::object* usage = object_at(cpu, "cpu_usage");
  if (!usage) return cpu;
  const double growth = pace.cores.total(elapsed_s) * kNsPerSecond;
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
  if (json::value* cores = usage->if_contains("percpu_usage"); cores && cores->is_array()) {
    grow_cores(cores->get_array(), growth, pace.online);
  }
  return cpu;
}

}  // namespace

void advance_cpu(json::object& stats, const json::object& first, std::size_t index,
                 const Frame& frame) {
  const json::object* cpu = object_at(first, "cpu_stats");
  if (!cpu) return;
  const CpuPace pace = cpu_pace(first, index);
  stats["cpu_stats"] = cpu_at(*cpu, pace, seconds(frame.elapsed));
  if (frame.previous) stats["precpu_stats"] = cpu_at(*cpu, pace, seconds(*frame.previous));
}

}  // namespace ecs_exporter::mock
