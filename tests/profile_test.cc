// The memory families of the ecs_exporter profile, by what the platform sends.
#include "profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "configured.h"
#include "metrics.h"

namespace ecs_exporter {
namespace {

using testing::Contains;
using testing::Pair;

using Numbers = std::map<std::string, std::uint64_t, std::less<>>;

MemoryStats with_others(MemoryStats memory,
                        std::initializer_list<std::pair<std::string_view, std::uint64_t>> others) {
  for (const auto& [name, value] : others) memory.detail.others.add(name) = value;
  return memory;
}

// The memory families of a container that uses it so, without their common beginning.
Numbers printed(const MemoryStats& memory) {
  constexpr std::string_view kPrefix = "ecs_container_memory_";
  Container web{.name = "web"};
  web.stats = ContainerStats{.memory = memory};
  const Snapshot snapshot{.task = {.containers = {web}}, .task_is_current = true};
  const MetricsConfig config = configured({.ecs_exporter_profile = true});
  Numbers out;
  for (const Family& family : collect(snapshot, config).families) {
    if (!family.name.starts_with(kPrefix)) continue;
    EXPECT_EQ(family.samples.size(), 1U) << family.name;
    out.emplace(family.name.substr(kPrefix.size()),
                std::get<std::uint64_t>(family.samples[0].value));
  }
  return out;
}

TEST(Profile, MemoryOnCgroupV1IsThatOfTheWholeTree) {
  const Numbers own = printed(with_others({.max_usage_bytes = 90,
                                           .detail = {.cache_bytes = 1,
                                                      .rss_bytes = 2,
                                                      .mapped_file_bytes = 3,
                                                      .inactive_file_bytes = 4,
                                                      .page_faults = 5,
                                                      .major_page_faults = 6}},
                                          {{"rss_huge", 7},
                                           {"dirty", 8},
                                           {"writeback", 9},
                                           {"active_file", 10},
                                           {"unevictable", 11},
                                           {"shmem", 12},
                                           {"pgscan", 13}}));
  const Numbers wanted = {
      {"page_cache_size_bytes", 1}, {"anonymous_bytes", 2},    {"mapped_file_bytes", 3},
      {"inactive_file_bytes", 4},   {"page_faults_total", 5},  {"major_page_faults_total", 6},
      {"anonymous_thp_bytes", 7},   {"dirty_bytes", 8},        {"writeback_bytes", 9},
      {"active_file_bytes", 10},    {"unevictable_bytes", 11}, {"max_usage_bytes", 90},
      {"limit_failures_total", 0}};
  EXPECT_EQ(own, wanted);

  const Numbers tree = printed(with_others({.limit_hits = 3, .detail = {.rss_bytes = 20}},
                                           {{"dirty", 8}, {"total_dirty", 80}}));
  EXPECT_THAT(tree, Contains(Pair("anonymous_bytes", 20)));
  EXPECT_THAT(tree, Contains(Pair("dirty_bytes", 80)));
  EXPECT_THAT(tree, Contains(Pair("limit_failures_total", 3)));
}

TEST(Profile, MemoryOnCgroupV2HasItsOwnNames) {
  const Numbers wanted = {
      {"page_cache_size_bytes", 1},     {"anonymous_bytes", 2},      {"mapped_file_bytes", 3},
      {"inactive_file_bytes", 4},       {"page_faults_total", 5},    {"major_page_faults_total", 6},
      {"anonymous_thp_bytes", 7},       {"dirty_bytes", 8},          {"writeback_bytes", 9},
      {"active_file_bytes", 10},        {"unevictable_bytes", 11},   {"shared_bytes", 12},
      {"kernel_stack_bytes", 13},       {"socket_bytes", 14},        {"slab_reclaimable_bytes", 15},
      {"slab_unreclaimable_bytes", 16}, {"pages_scanned_total", 17}, {"pages_reclaimed_total", 18}};
  EXPECT_EQ(printed(with_others({.limit_hits = 99,
                                 .detail = {.inactive_file_bytes = 4,
                                            .page_faults = 5,
                                            .major_page_faults = 6,
                                            .anon_bytes = 2,
                                            .file_bytes = 1,
                                            .file_mapped_bytes = 3}},
                                {{"anon_thp", 7},
                                 {"file_dirty", 8},
                                 {"file_writeback", 9},
                                 {"active_file", 10},
                                 {"unevictable", 11},
                                 {"shmem", 12},
                                 {"kernel_stack", 13},
                                 {"sock", 14},
                                 {"slab_reclaimable", 15},
                                 {"slab_unreclaimable", 16},
                                 {"pgscan", 17},
                                 {"pgsteal", 18}})),
            wanted);
}

TEST(Profile, MemoryThatIsNotSentIsNotPrinted) { EXPECT_EQ(printed({}), Numbers()); }

}  // namespace
}  // namespace ecs_exporter
