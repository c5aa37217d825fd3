// Memory in use, its maximum and its kinds, and the page counters.
#include <algorithm>
#include <limits>
#include <numbers>
#include <string>

#include "advance_parts.h"
#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

// The smallest limit that is one; 2^64-1 if there is none.
std::uint64_t memory_limit(const json::object& memory) {
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  const json::object* stats = object_at(memory, "stats");
  for (const auto value : {whole(memory, "limit"),
                           stats ? whole(*stats, "hierarchical_memory_limit") : std::nullopt}) {
    if (value && *value > 0) limit = std::min(limit, *value);
  }
  return limit;
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

void advance_memory(json::object& stats, std::size_t index, const Frame& frame) {
  json::object* memory = object_at(stats, "memory_stats");
  if (!memory) return;
  const double elapsed_s = seconds(frame.elapsed);
  json::object* kinds = object_at(*memory, "stats");
  if (kinds) advance_page_counters(*kinds, elapsed_s);
  const auto first = whole(*memory, "usage");
  if (!first) return;

  const double swing = static_cast<double>(*first) / 10;
  const double period_s = 90.0 + 13.0 * static_cast<double>(index);
  const std::uint64_t limit = std::max(*first, memory_limit(*memory));
  const auto usage_at = [&](double at_s) {
    const double above = swing * std::sin(2 * std::numbers::pi * at_s / period_s);
    return above >= 0 ? std::min(limit, grown(*first, above))
                      : *first - grown(0, std::min(-above, static_cast<double>(*first)));
  };
  const std::uint64_t usage = usage_at(elapsed_s);
  const std::uint64_t highest = usage_at(std::min(elapsed_s, period_s / 4));
  replace(*memory, "usage", usage);
  if (const auto max = whole(*memory, "max_usage")) {
    replace(*memory, "max_usage", std::max(*max, highest));
  }
  if (!kinds) return;
  for (const char* key : {"rss", "total_rss", "anon", "active_anon", "total_active_anon"}) {
    const auto value = whole(*kinds, key);
    if (!value) continue;
    replace(
        *kinds, key,
        usage >= *first ? *value + (usage - *first) : *value - std::min(*value, *first - usage));
  }
}

}  // namespace ecs_exporter::mock
