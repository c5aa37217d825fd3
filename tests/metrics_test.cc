// From a snapshot to families.
#include "metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "configured.h"

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMib = 1024UL * 1024;
constexpr std::uint64_t kNoLimit = 1UL << 62U;

Timestamp second(std::int64_t seconds) { return {.seconds = seconds}; }

// Two samples a second apart: 0.2 s of CPU time, of the host's 4 s.
ContainerStats sample() {
  ContainerStats stats{.read = second(101), .preread = second(100)};
  stats.cpu = {.usage = {.total_ns = 1'200'000'000}, .system_ns = 54'000'000'000, .online_cpus = 2};
  stats.precpu = {.usage = {.total_ns = 1'000'000'000}, .system_ns = 50'000'000'000};
  return stats;
}

Snapshot one_container(std::optional<ContainerStats> stats) {
  return {.task = {.containers = {{.name = "web", .stats = std::move(stats)}}}};
}

const Family* family(const Families& families, std::string_view name) {
  for (const Family& candidate : families.families) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

// The values of a family.
std::vector<Value> values(const Snapshot& snapshot, std::string_view name) {
  const Families families = collect(snapshot, core_config());
  std::vector<Value> out;
  if (const Family* const found = family(families, name)) {
    for (const Sample& one : found->samples) out.push_back(one.value);
  }
  return out;
}

std::vector<std::string_view> names(const Snapshot& snapshot) {
  std::vector<std::string_view> out;
  for (const Family& one : collect(snapshot, core_config()).families) out.push_back(one.name);
  return out;
}

std::optional<double> share_of(const ContainerStats& stats) {
  const auto found = values(one_container(stats), "ecs_container_cpu_usage");
  if (found.empty()) return std::nullopt;
  return std::get<double>(found.at(0));
}

// The limit of a container with those of its own, of its task and of its cgroup.
std::optional<std::uint64_t> memory_limit(Count own_mib, Count task_mib, Count cgroup,
                                          Count hierarchical = std::nullopt) {
  Snapshot snapshot = one_container(sample());
  snapshot.task.limits.memory_mib = task_mib;
  Container& container = snapshot.task.containers[0];
  container.limits.memory_mib = own_mib;
  container.stats->memory.limit_bytes = cgroup;
  container.stats->memory.detail.hierarchical_memory_limit_bytes = hierarchical;
  const auto found = values(snapshot, "ecs_container_mem_limit_bytes");
  if (found.empty()) return std::nullopt;
  return std::get<std::uint64_t>(found.at(0));
}

TEST(Metrics, ComeInTheSpecifiedOrder) {
  Snapshot snapshot = one_container(sample());
  snapshot.task.limits.memory_mib = 1;
  snapshot.task.containers[0].stats->memory = {.usage_bytes = 1, .max_usage_bytes = 2};
  EXPECT_THAT(names(snapshot),
              ElementsAre("ecs_container_mem_usage_bytes", "ecs_container_mem_max_usage_bytes",
                          "ecs_container_mem_limit_bytes", "ecs_container_cpu_usage",
                          "ecs_container_exporter_up"));
}

TEST(Metrics, AreGauges) {
  const Snapshot snapshot = one_container(sample());
  for (const Family& one : collect(snapshot, core_config()).families) {
    EXPECT_EQ(one.type, FamilyType::kGauge) << one.name;
  }
}

TEST(Metrics, UpIsAlwaysThere) {
  EXPECT_THAT(names({}), ElementsAre("ecs_container_exporter_up"));
  EXPECT_THAT(values({}, "ecs_container_exporter_up"), ElementsAre(Value(0UL)));
  EXPECT_THAT(values({.up = true}, "ecs_container_exporter_up"), ElementsAre(Value(1UL)));
}

TEST(Metrics, ContainerWithoutStatsHasNoUsage) {
  EXPECT_THAT(names(one_container(std::nullopt)), ElementsAre("ecs_container_exporter_up"));
}

TEST(Metrics, FamilyWithoutASampleIsLeftOut) {
  EXPECT_THAT(names(one_container(sample())),
              ElementsAre("ecs_container_cpu_usage", "ecs_container_exporter_up"));
}

TEST(Metrics, LabelsAreTheTasksThenTheContainers) {
  Snapshot snapshot = one_container(sample());
  snapshot.task.cluster = "prod";
  snapshot.task.arn = "arn:t";
  snapshot.task.family = "shop";
  snapshot.task.revision = "7";
  snapshot.task.availability_zone = "eu-west-1a";
  const Families families = collect(snapshot, core_config());
  const LabelSet& own = families.label_sets.at(families.families.front().samples.at(0).labels);
  ASSERT_EQ(own.labels.size(), 1U);
  EXPECT_EQ(own.labels[0].name, "ContainerName");
  EXPECT_EQ(own.labels[0].value, "web");
  std::string task;
  for (const Label& label : families.label_sets.at(own.parent).labels) {
    task += std::string(label.name) + "=" + std::string(label.value) + " ";
  }
  EXPECT_EQ(task,
            "Cluster=prod TaskARN=arn:t TaskDefinitionFamily=shop TaskDefinitionRevision=7 "
            "AvailabilityZone=eu-west-1a ");
}

TEST(Metrics, UpHasTheTasksLabelsOnly) {
  const Snapshot snapshot = one_container(sample());
  const Families families = collect(snapshot, core_config());
  const Family* const up = family(families, "ecs_container_exporter_up");
  ASSERT_NE(up, nullptr);
  const LabelSet& fixed =
      families.label_sets.at(families.label_sets.at(up->samples.at(0).labels).parent);
  EXPECT_TRUE(fixed.labels.empty());
}

TEST(Metrics, InternalContainersAreLeftOut) {
  Snapshot snapshot = one_container(sample());
  snapshot.task.containers[0].type = "CNI_PAUSE";
  EXPECT_THAT(names(snapshot), ElementsAre("ecs_container_exporter_up"));
  snapshot.task.containers[0].type = "FUTURE_SIDECAR";
  EXPECT_THAT(names(snapshot), ElementsAre("ecs_container_exporter_up"));
  snapshot.task.containers[0].type = "NORMAL";
  EXPECT_THAT(values(snapshot, "ecs_container_cpu_usage"), ElementsAre(Value(0.05)));
}

TEST(MemoryUsage, IsWhatWasSent) {
  ContainerStats stats;
  stats.memory.usage_bytes = 18446744073709551615U;
  EXPECT_THAT(values(one_container(stats), "ecs_container_mem_usage_bytes"),
              ElementsAre(Value(18446744073709551615UL)));
}

TEST(MemoryUsage, OfZeroIsASample) {
  ContainerStats stats;
  stats.memory.usage_bytes = 0;
  EXPECT_THAT(values(one_container(stats), "ecs_container_mem_usage_bytes"),
              ElementsAre(Value(0UL)));
}

TEST(MemoryPeak, IsTheReportedOneEvenIfASeenOneIsHigher) {
  Snapshot snapshot = one_container(sample());
  snapshot.task.containers[0].stats->memory.max_usage_bytes = 5;
  snapshot.task.containers[0].peak_usage_bytes = 9;
  EXPECT_THAT(values(snapshot, "ecs_container_mem_max_usage_bytes"), ElementsAre(Value(5UL)));
}

TEST(MemoryPeak, IsTheSeenOneWhereNoneIsReported) {
  Snapshot snapshot = one_container(sample());
  snapshot.task.containers[0].peak_usage_bytes = 9;
  EXPECT_THAT(values(snapshot, "ecs_container_mem_max_usage_bytes"), ElementsAre(Value(9UL)));
}

TEST(MemoryPeak, OfAContainerWithoutStatsIsAbsent) {
  Snapshot snapshot = one_container(std::nullopt);
  snapshot.task.containers[0].peak_usage_bytes = 9;
  EXPECT_THAT(values(snapshot, "ecs_container_mem_max_usage_bytes"), IsEmpty());
}

TEST(MemoryLimit, IsTheSmallestOfAll) {
  EXPECT_EQ(memory_limit(1, 2, 3 * kMib, 4 * kMib), kMib);
  EXPECT_EQ(memory_limit(5, 2, 3 * kMib, 4 * kMib), 2 * kMib);
  EXPECT_EQ(memory_limit(5, 6, 3 * kMib, 4 * kMib), 3 * kMib);
  EXPECT_EQ(memory_limit(5, 6, 7 * kMib, 4 * kMib), 4 * kMib);
}

TEST(MemoryLimit, MayComeFromOneSourceAlone) {
  EXPECT_EQ(memory_limit(1, {}, {}), kMib);
  EXPECT_EQ(memory_limit({}, 1, {}), kMib);
  EXPECT_EQ(memory_limit({}, {}, 1), 1U);
  EXPECT_EQ(memory_limit({}, {}, {}, 1), 1U);
}

TEST(MemoryLimit, ZeroIsNone) {
  EXPECT_EQ(memory_limit(0, 0, 0, 0), std::nullopt);
  EXPECT_EQ(memory_limit(0, 3, 0, 0), 3 * kMib);
}

TEST(MemoryLimit, NumberNearTwoToTheSixtyThreeIsNone) {
  EXPECT_EQ(memory_limit({}, {}, kNoLimit), std::nullopt);
  EXPECT_EQ(memory_limit({}, {}, {}, 9223372036854771712U), std::nullopt);
  EXPECT_EQ(memory_limit({}, {}, 18446744073709551615U), std::nullopt);
  EXPECT_EQ(memory_limit(kNoLimit >> 20U, {}, {}), std::nullopt);
  EXPECT_EQ(memory_limit({}, 18446744073709551615U, {}), std::nullopt);
  EXPECT_EQ(memory_limit({}, {}, kNoLimit - 1), kNoLimit - 1);
}

TEST(MemoryLimit, IsThereWithoutStats) {
  Snapshot snapshot = one_container(std::nullopt);
  snapshot.task.containers[0].limits.memory_mib = 1;
  EXPECT_THAT(values(snapshot, "ecs_container_mem_limit_bytes"), ElementsAre(Value(kMib)));
}

TEST(CpuShare, IsOfTheWholeHost) { EXPECT_EQ(share_of(sample()), 0.05); }

TEST(CpuShare, IsNoMoreThanTheWholeHost) {
  ContainerStats stats = sample();
  stats.cpu.usage.total_ns = *stats.precpu.usage.total_ns + 4'010'000'000;  // in 4 s
  EXPECT_EQ(share_of(stats), 1.0);
}

TEST(CpuShare, OfAnIdleContainerIsZero) {
  ContainerStats stats = sample();
  stats.cpu.usage.total_ns = stats.precpu.usage.total_ns;
  EXPECT_EQ(share_of(stats), 0.0);
}

TEST(CpuShare, WithoutTheHostsTimeIsOfItsCpusOverTheWindow) {
  ContainerStats stats = sample();
  stats.cpu.system_ns = std::nullopt;
  EXPECT_EQ(share_of(stats), 0.1);
  stats = sample();
  stats.precpu.system_ns = std::nullopt;
  EXPECT_EQ(share_of(stats), 0.1);
}

TEST(CpuShare, WithoutTheHostsTimeAndCpusIsAbsent) {
  ContainerStats stats = sample();
  stats.cpu.system_ns = std::nullopt;
  stats.cpu.online_cpus = std::nullopt;
  EXPECT_EQ(share_of(stats), std::nullopt);
  stats.cpu.online_cpus = 0;
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, NeedsNoCpuCountWhereTheHostsTimeIsKnown) {
  ContainerStats stats = sample();
  stats.cpu.online_cpus = std::nullopt;
  EXPECT_EQ(share_of(stats), 0.05);
}

TEST(CpuShare, WithoutAPreviousSampleIsAbsent) {
  for (const Time preread : {Time(), Time(second(-62135596800))}) {
    ContainerStats stats = sample();
    stats.preread = preread;
    EXPECT_EQ(share_of(stats), std::nullopt);
  }
}

TEST(CpuShare, WithoutATimeOfItsOwnIsAbsent) {
  ContainerStats stats = sample();
  stats.read = std::nullopt;
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, OfAWindowThatDoesNotRunForwardIsAbsent) {
  ContainerStats stats = sample();
  stats.preread = stats.read;
  EXPECT_EQ(share_of(stats), std::nullopt);
  stats.preread = second(102);
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, WithoutEitherCounterIsAbsent) {
  ContainerStats stats = sample();
  stats.cpu.usage.total_ns = std::nullopt;
  EXPECT_EQ(share_of(stats), std::nullopt);
  stats = sample();
  stats.precpu.usage.total_ns = std::nullopt;
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, OfACounterThatFellIsAbsent) {
  ContainerStats stats = sample();
  stats.cpu.usage.total_ns = *stats.precpu.usage.total_ns - 1;
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, OfAHostTimeThatDidNotGrowIsAbsent) {
  ContainerStats stats = sample();
  stats.cpu.system_ns = stats.precpu.system_ns;
  EXPECT_EQ(share_of(stats), std::nullopt);
  stats.cpu.system_ns = *stats.precpu.system_ns - 1;
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, OfAFirstFrameOfZerosIsAbsent) {
  ContainerStats stats = sample();
  stats.precpu = {.usage = {.total_ns = 0}, .system_ns = 0};
  EXPECT_EQ(share_of(stats), std::nullopt);
  stats.precpu.system_ns = std::nullopt;
  EXPECT_EQ(share_of(stats), std::nullopt);
}

TEST(CpuShare, ContainerThatHadUsedNothingBeforeHasOne) {
  ContainerStats stats = sample();
  stats.precpu.usage.total_ns = 0;
  EXPECT_EQ(share_of(stats), 0.3);
}

TEST(CollectSelf, EveryReasonAndTheRepliesThatAreSureToComeBeginAtZero) {
  std::map<std::string, int> samples;
  std::set<Value> values;
  const MetricsConfig config = configured({.groups = {"self"}});
  const SelfUse self;
  const Families families = collect_self(self, {}, config);
  for (const Family& family : families.families) {
    if (!family.name.ends_with("s_total")) continue;
    samples[std::string(family.name)] = static_cast<int>(family.samples.size());
    for (const Sample& sample : family.samples) values.insert(sample.value);
  }
  EXPECT_EQ(samples, (std::map<std::string, int>{{"ecs_exporter_endpoint_errors_total", 2 * 8},
                                                 {"ecs_exporter_endpoint_requests_total", 2},
                                                 {"ecs_exporter_http_requests_total", 1}}));
  EXPECT_EQ(values, std::set<Value>{Value(std::uint64_t{0})});
}

}  // namespace
}  // namespace ecs_exporter
