// Memory in use, its maximum and its kinds, and the page counters.
#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <limits>
#include <numbers>
#include <string>
#include <string_view>

#include "advance_parts.h"
#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// What of `memory_stats.stats` is in bytes, in cgroup v1 (there with "total_" before it, too) and
// v2. The other members are limits and counters.
constexpr std::array<std::string_view, 24> kKinds = {"rss",
                                                     "rss_huge",
                                                     "cache",
                                                     "swapcached",
                                                     "mapped_file",
                                                     "dirty",
                                                     "writeback",
                                                     "anon",
                                                     "file",
                                                     "file_mapped",
                                                     "file_dirty",
                                                     "active_anon",
                                                     "inactive_anon",
                                                     "active_file",
                                                     "inactive_file",
                                                     "unevictable",
                                                     "shmem",
                                                     "slab",
                                                     "slab_reclaimable",
                                                     "slab_unreclaimable",
                                                     "kernel_stack",
                                                     "anon_thp",
                                                     "sock",
                                                     "file_writeback"};

std::uint64_t swing_of(std::uint64_t usage) { return usage / 10; }

std::uint64_t mib(const json::object* limits) {
  const auto number = limits ? positive(*limits, "Memory") : std::nullopt;
  constexpr double kMost = 1e13;  // more bytes than 64 bits hold
  return number && *number < kMost ? static_cast<std::uint64_t>(*number * 1048576) : kNoLimit;
}

// Of the container's metadata.
std::uint64_t limit_in_task(const json::object& task, std::string_view id) {
  const json::value* list = task.if_contains("Containers");
  if (!list || !list->is_array()) return kNoLimit;
  for (const json::value& element : list->get_array()) {
    const json::object* container = element.if_object();
    const json::value* docker_id = container ? container->if_contains("DockerId") : nullptr;
    if (docker_id && docker_id->is_string() && docker_id->get_string() == id)
      return mib(object_at(*container, "Limits"));
  }
  return kNoLimit;
}

// The smallest limit that stands beside the usage.
std::uint64_t limit_in_stats(const json::object& memory) {
  std::uint64_t limit = kNoLimit;
  const json::object* stats = object_at(memory, "stats");
  for (const auto value : {whole(memory, "limit"),
                           stats ? whole(*stats, "hierarchical_memory_limit") : std::nullopt}) {
    if (value && *value > 0) limit = std::min(limit, *value);
  }
  return limit;
}

// In use at first, and the most on top of it.
struct Usage {
  std::uint64_t first = 0;
  std::uint64_t rise = 0;
};

Usage usage_alone(const json::object& task, std::string_view id, const json::object& container) {
  const json::object* memory = object_at(container, "memory_stats");
  const auto first = memory ? whole(*memory, "usage") : std::nullopt;
  if (!first) return {};
  if (!has_sample(container)) return {.first = *first};
  const std::uint64_t limit = std::min(limit_in_task(task, id), limit_in_stats(*memory));
  return {.first = *first, .rise = std::min(swing_of(*first), limit - std::min(limit, *first))};
}

// A kind keeps its share of the usage, so that the kinds together stay what they were of it.
void advance_kinds(json::object& kinds, std::uint64_t first, std::uint64_t usage) {
  const auto advance_kind = [&](std::string_view key) {
    const auto value = whole(kinds, key);
    if (!value || first == 0) return;
    const double share = std::min(1.0, static_cast<double>(*value) / static_cast<double>(first));
    const auto part = [&](std::uint64_t of) { return grown(0, static_cast<double>(of) * share); };
    replace(kinds, key,
            usage >= first ? *value + part(usage - first)
                           : *value - std::min(*value, part(first - usage)));
  };
  for (const std::string_view kind : kKinds) {
    advance_kind(kind);
    advance_kind("total_" + std::string(kind));
  }
}

void advance_page_counters(json::object& stats, double elapsed_s) {
  for (const std::string prefix : {"", "total_"}) {
    grow(stats, prefix + "pgfault", 40 * elapsed_s);
    grow(stats, prefix + "pgmajfault", 0.02 * elapsed_s);
    grow(stats, prefix + "pgpgin", 12 * elapsed_s);
    grow(stats, prefix + "pgpgout", 11 * elapsed_s);
  }
}

}  // namespace

std::vector<std::uint64_t> memory_peaks(const json::object& stats, const json::object& task) {
  std::vector<Usage> usages;
  double in_use = 0;
  double rises = 0;
  for (const auto& [id, first] : stats) {
    const json::object* container = first.if_object();
    usages.push_back(container ? usage_alone(task, id, *container) : Usage{});
    in_use += static_cast<double>(usages.back().first);
    rises += static_cast<double>(usages.back().rise);
  }
  const double room = std::max(0.0, static_cast<double>(mib(object_at(task, "Limits"))) - in_use);
  const double scale = rises > room ? room / rises : 1;
  std::vector<std::uint64_t> peaks;
  for (const Usage& usage : usages) {
    const auto rise = scale < 1
                          ? static_cast<std::uint64_t>(static_cast<double>(usage.rise) * scale)
                          : usage.rise;
    peaks.push_back(usage.first + rise);
  }
  return peaks;
}

void advance_memory(json::object& stats, std::size_t index, std::uint64_t peak,
                    const Frame& frame) {
  json::object* memory = object_at(stats, "memory_stats");
  if (!memory) return;
  const double elapsed_s = seconds(frame.elapsed);
  json::object* kinds = object_at(*memory, "stats");
  if (kinds) advance_page_counters(*kinds, elapsed_s);
  const auto first = whole(*memory, "usage");
  if (!first) return;

  const auto swing = static_cast<double>(swing_of(*first));
  const double period_s = 90.0 + 13.0 * static_cast<double>(index);
  const auto usage_at = [&](double at_s) {
    const double above = swing * std::sin(2 * std::numbers::pi * at_s / period_s);
    return above >= 0 ? std::min(peak, grown(*first, above))
                      : *first - std::min(*first, grown(0, -above));
  };
  const std::uint64_t usage = usage_at(elapsed_s);
  const std::uint64_t highest = usage_at(std::min(elapsed_s, period_s / 4));
  replace(*memory, "usage", usage);
  if (const auto max = whole(*memory, "max_usage")) {
    replace(*memory, "max_usage", std::max(*max, highest));
  }
  if (kinds) advance_kinds(*kinds, *first, usage);
}

}  // namespace ecs_exporter::mock
