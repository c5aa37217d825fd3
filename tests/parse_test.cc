// Replies to a task.
#include "parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TaskReply task_in(std::string_view body) {
  auto reply = parse_task(body);
  EXPECT_TRUE(reply) << reply.error().message;
  return reply.value_or(TaskReply{});
}

Container container_in(const std::string& members) {
  TaskReply reply = task_in(R"({"Containers": [{"Name": "web", )" + members + "}]}");
  EXPECT_EQ(reply.problem, "");
  return reply.task.containers.at(0);
}

StatsReply stats_in(std::string_view body) {
  auto reply = parse_stats(body);
  EXPECT_TRUE(reply) << reply.error().message;
  return reply.value_or(StatsReply{});
}

ContainerStats sample_in(const std::string& members, bool has_problem = false) {
  StatsReply reply = stats_in(R"({"id": {"read": "2026-03-01T10:00:00Z", )" + members + "}}");
  EXPECT_EQ(!reply.problem.empty(), has_problem) << reply.problem;
  return reply.samples.at(0).second;
}

Container named(std::string name, std::string id, std::int64_t created_seconds = 0,
                std::string type = "NORMAL") {
  return {.docker_id = std::move(id),
          .name = std::move(name),
          .type = std::move(type),
          .created = Timestamp{.seconds = created_seconds}};
}

std::pair<std::string, ContainerStats> using_bytes(std::string id, std::uint64_t bytes) {
  ContainerStats stats;
  stats.memory.usage_bytes = bytes;
  return {std::move(id), stats};
}

// The ids that are left, and of each container the memory it was given.
std::vector<std::pair<std::string, Count>> joined(std::vector<Container> containers,
                                                  Named<ContainerStats> samples = {}) {
  Task task{.containers = std::move(containers)};
  join(task, std::move(samples));
  std::vector<std::pair<std::string, Count>> out;
  for (const Container& c : task.containers) {
    out.emplace_back(c.docker_id, c.stats ? c.stats->memory.usage_bytes : std::nullopt);
  }
  return out;
}

TEST(ParseTask, ReadsWhoTheTaskIs) {
  const Task task = task_in(R"({"Cluster": "prod", "TaskARN": "arn:t", "Family": "shop",
      "Revision": "7", "AvailabilityZone": "eu-west-1a", "LaunchType": "EC2", "VPCID": "vpc-1",
      "ServiceName": "front", "DesiredStatus": "RUNNING", "KnownStatus": "PENDING"})")
                        .task;
  EXPECT_EQ(task.cluster, "prod");
  EXPECT_EQ(task.arn, "arn:t");
  EXPECT_EQ(task.family, "shop");
  EXPECT_EQ(task.revision, "7");
  EXPECT_EQ(task.availability_zone, "eu-west-1a");
  EXPECT_EQ(task.launch_type, "EC2");
  EXPECT_EQ(task.vpc_id, "vpc-1");
  EXPECT_EQ(task.service_name, "front");
  EXPECT_EQ(task.desired_status, "RUNNING");
  EXPECT_EQ(task.known_status, "PENDING");
}

TEST(ParseTask, RevisionMayBeANumber) {
  EXPECT_EQ(task_in(R"({"TaskARN": "a", "Revision": 12})").task.revision, "12");
}

TEST(ParseTask, ReadsItsNumbersAndTimes) {
  const Task task = task_in(R"({"TaskARN": "a", "Limits": {"CPU": 0.25, "Memory": 512},
      "PullStartedAt": "1970-01-01T00:00:05Z", "FaultInjectionEnabled": false,
      "EphemeralStorageMetrics": {"Utilized": 261, "Reserved": 20496},
      "ClockDrift": {"ClockErrorBound": 0.5, "ClockSynchronizationStatus": "SYNCHRONIZED"}})")
                        .task;
  EXPECT_EQ(task.limits.cpus, 0.25);
  EXPECT_EQ(task.limits.memory_mib, 512U);
  EXPECT_EQ(task.pull_started, Timestamp{.seconds = 5});
  EXPECT_EQ(task.pull_stopped, std::nullopt);
  EXPECT_EQ(task.fault_injection_enabled, false);
  EXPECT_EQ(task.ephemeral_storage.utilized_mib, 261U);
  EXPECT_EQ(task.clock_drift.error_bound_ms, 0.5);
  EXPECT_EQ(task.clock_drift.status, "SYNCHRONIZED");
}

TEST(ParseTask, ReadsAContainer) {
  const Container container = container_in(R"("DockerId": "abc", "Type": "NORMAL",
      "KnownStatus": "STOPPED", "ExitCode": -1, "RestartCount": 2, "Limits": {"CPU": 10},
      "Labels": {"a.b": "c"}, "Networks": [{"NetworkMode": "bridge", "IPv4Addresses": ["10.0.0.2"]}],
      "Ports": [{"ContainerPort": 80, "Protocol": "tcp"}], "CreatedAt": "1970-01-01T00:00:09Z")");
  EXPECT_EQ(container.docker_id, "abc");
  EXPECT_EQ(container.known_status, "STOPPED");
  EXPECT_EQ(container.exit_code, -1);
  EXPECT_EQ(container.restarts, 2U);
  EXPECT_EQ(container.limits.cpu_units, 10.0);
  EXPECT_EQ(container.limits.memory_mib, std::nullopt);
  EXPECT_THAT(container.labels, ElementsAre(Pair("a.b", "c")));
  EXPECT_THAT(container.networks.at(0).ipv4_addresses, ElementsAre("10.0.0.2"));
  EXPECT_EQ(container.ports.at(0).container_port, 80U);
  EXPECT_EQ(container.created, Timestamp{.seconds = 9});
  EXPECT_FALSE(container.health || container.stats || container.peak_usage_bytes);
}

TEST(ParseTask, HealthIsThereOnlyWithAHealthCheck) {
  EXPECT_FALSE(container_in(R"("Type": "NORMAL")").health);
  EXPECT_EQ(container_in(R"("Health": {"status": "HEALTHY"})").health->status, "HEALTHY");
}

TEST(ParseTask, MayHaveNoContainers) {
  EXPECT_THAT(task_in(R"({"TaskARN": "a"})").task.containers, IsEmpty());
  EXPECT_THAT(task_in(R"({"TaskARN": "a", "Containers": null})").task.containers, IsEmpty());
}

TEST(ParseTask, ObjectThatIsNoTaskIsAnError) {
  for (const std::string_view body : {"{}", R"({"message": "busy"})", R"({"Containers": []})"}) {
    const auto reply = parse_task(body);
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().kind, ErrorKind::kShape);
    EXPECT_EQ(reply.error().message, "an object with neither TaskARN nor Containers");
  }
}

TEST(ParseTask, TaskInAnArrayOfOneIsRead) {
  EXPECT_EQ(task_in(R"([{"TaskARN": "a"}])").task.arn, "a");
}

TEST(ParseTask, OneBadFieldLosesOnlyItself) {
  const TaskReply reply = task_in(
      R"({"TaskARN": "a", "Containers": [{"Name": "web", "Limits": {"CPU": "x", "Memory": 4},
      "DockerId": "abc"}]})");
  EXPECT_EQ(reply.problem, R"(Containers[0].Limits.CPU is "x", not a number)");
  EXPECT_EQ(reply.task.containers.at(0).limits.memory_mib, 4U);
  EXPECT_EQ(reply.task.containers.at(0).docker_id, "abc");
}

TEST(ParseTask, ProblemCountsFurtherMisfits) {
  EXPECT_EQ(task_in(R"({"TaskARN": "a", "Cluster": true, "Family": [], "Limits": 3})").problem,
            "Cluster is true, not a string (and 2 more)");
}

TEST(ParseTask, ContainerWithoutANameIsAProblem) {
  EXPECT_EQ(task_in(R"({"Containers": [{"DockerId": "abc"}]})").problem,
            R"(a container has no Name, DockerId "abc")");
}

TEST(ParseStats, ReadsASample) {
  const ContainerStats stats = sample_in(R"("preread": "2026-03-01T09:59:59Z",
      "cpu_stats": {"cpu_usage": {"total_usage": 9, "percpu_usage": [4, 5]},
                    "system_cpu_usage": 90, "online_cpus": 2},
      "precpu_stats": {"cpu_usage": {"total_usage": 1}},
      "memory_stats": {"usage": 7, "max_usage": 8, "limit": 18446744073709551615, "stats":
                       {"cache": 3, "hierarchical_memory_limit": 6, "slab": 2}},
      "pids_stats": {"current": 3}, "networks": {"eth1": {"rx_bytes": 11}},
      "blkio_stats": {"io_service_bytes_recursive": [{"major": 259, "op": "read", "value": 1}]},
      "num_procs": 0, "name": "ecs-web")");
  EXPECT_EQ(stats.cpu.usage.total_ns, 9U);
  EXPECT_THAT(stats.cpu.usage.per_core_ns, ElementsAre(4U, 5U));
  EXPECT_EQ(stats.cpu.system_ns, 90U);
  EXPECT_EQ(stats.cpu.online_cpus, 2U);
  EXPECT_EQ(stats.precpu.usage.total_ns, 1U);
  EXPECT_EQ(stats.precpu.system_ns, std::nullopt);
  EXPECT_EQ(stats.memory.usage_bytes, 7U);
  EXPECT_EQ(stats.memory.max_usage_bytes, 8U);
  EXPECT_EQ(stats.memory.limit_bytes, 18446744073709551615U);
  EXPECT_EQ(stats.memory.detail.cache_bytes, 3U);
  EXPECT_EQ(stats.memory.detail.hierarchical_memory_limit_bytes, 6U);
  ASSERT_EQ(stats.memory.detail.others.size(), 1U);
  EXPECT_THAT(stats.memory.detail.others[0], Pair("slab", 2U));
  EXPECT_EQ(stats.pids.current, 3U);
  EXPECT_EQ(stats.networks.at(0).second.rx_bytes, 11U);
  EXPECT_EQ(stats.block_io.service_bytes.at(0).major, 259U);
  EXPECT_EQ(stats.block_io.service_bytes.at(0).minor, 0U);
}

TEST(ParseStats, SamplesWithoutDataAreLeftOut) {
  EXPECT_THAT(stats_in("{}").samples, IsEmpty());
  EXPECT_THAT(stats_in(R"({"a": null, "b": {}, "c": {"name": "x"}})").samples, IsEmpty());
  EXPECT_THAT(stats_in(R"({"a": {"read": "0001-01-01T00:00:00Z",
      "cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {"usage": 0}}})")
                  .samples,
              IsEmpty());
}

TEST(ParseStats, SampleWithoutATimeButWithDataIsKept) {
  EXPECT_EQ(stats_in(R"({"a": {"memory_stats": {"usage": 1}}})").samples.size(), 1U);
  EXPECT_EQ(stats_in(R"({"a": {"cpu_stats": {"cpu_usage": {"total_usage": 1}}}})").samples.size(),
            1U);
}

TEST(ParseStats, OneBadFieldLosesOnlyItself) {
  const StatsReply reply = stats_in(
      R"({"a": {"memory_stats": {"usage": -1, "limit": 5}, "read": "2026-03-01T10:00:00Z"}})");
  EXPECT_EQ(reply.problem, "a.memory_stats.usage is -1, not a whole number from 0 to 2^64-1");
  EXPECT_EQ(reply.samples.at(0).second.memory.limit_bytes, 5U);
}

TEST(ParseStats, WhatCannotBeReadIsNoZeroThatWasLeftOut) {
  for (const std::string_view bad : {"\"x\"", "-1", "null", "1e99999999999"}) {
    const auto with = [&](std::string_view text) {
      std::string out(text);
      out.replace(out.find('?'), 1, bad);
      return sample_in(out, bad != "null");
    };
    EXPECT_EQ(with(R"("memory_stats": {"usage": 1, "failcnt": ?})").memory.limit_hits,
              std::nullopt);
    EXPECT_EQ(with(R"("cpu_stats": {"cpu_usage": {"total_usage": 1, "usage_in_usermode": ?}})")
                  .cpu.usage.user_ns,
              std::nullopt);
    for (const std::string_view key : {"cache", "total_cache"}) {
      const auto detail =
          with(R"("memory_stats": {"stats": {"rss": 1, ")" + std::string(key) + R"(": ?}})")
              .memory.detail;
      EXPECT_EQ(detail.cache_bytes, std::nullopt);
      EXPECT_EQ(detail.mapped_file_bytes, 0U);
    }
    const auto total = with(R"("memory_stats": {"stats": {"rss": 1, "total_rss": ?}})");
    EXPECT_EQ(total.memory.detail.rss_bytes, 1U);
  }
}

TEST(ParseStats, WithoutWhatStandsBesideNothingWasLeftOut) {
  const ContainerStats windows = sample_in(R"("num_procs": 2, "memory_stats": {"commitbytes": 1},
      "cpu_stats": {"cpu_usage": {"usage_in_usermode": 5}})");
  EXPECT_EQ(windows.memory.limit_hits, std::nullopt);
  EXPECT_EQ(windows.cpu.usage.kernel_ns, std::nullopt);
  EXPECT_EQ(windows.cpu.usage.user_ns, 5U);
  EXPECT_EQ(sample_in(R"("memory_stats": {})").memory.limit_hits, std::nullopt);
  EXPECT_EQ(sample_in(R"("memory_stats": {"usage": 1})").memory.limit_hits, 0U);
  const MemoryDetail v2 =
      sample_in(R"("memory_stats": {"usage": 1, "stats": {"anon": 1, "pgmajfault": 0}})")
          .memory.detail;
  EXPECT_EQ(v2.page_faults, std::nullopt);
  EXPECT_EQ(v2.major_page_faults, 0U);
  EXPECT_EQ(v2.inactive_file_bytes, std::nullopt);
  EXPECT_EQ(v2.cache_bytes, std::nullopt);
}

TEST(ParseStats, InterfacesAreSortedAndEachIsThereOnce) {
  const ContainerStats stats = sample_in(R"("networks": {"eth1": {"rx_bytes": 1}, "eth0":
      {"rx_bytes": 2}, "eth1": {"rx_bytes": 3}})");
  ASSERT_EQ(stats.networks.size(), 2U);
  EXPECT_EQ(stats.networks[0].first, "eth0");
  EXPECT_EQ(stats.networks[1].second.rx_bytes, 3U);
}

TEST(ParseStats, ReplyThatIsNoObjectIsAnError) {
  for (const std::string_view body : {"[]", "[{}]", "null", R"("Unable to get task stats")", "3"}) {
    const auto reply = parse_stats(body);
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().kind, ErrorKind::kShape) << body;
  }
  EXPECT_EQ(parse_stats("<html>").error().kind, ErrorKind::kJson);
}

TEST(Join, BringsEachSampleToItsContainer) {
  EXPECT_THAT(joined({named("a", "1"), named("b", "2"), named("c", "3")},
                     {using_bytes("3", 30), using_bytes("1", 10)}),
              ElementsAre(Pair("1", 10U), Pair("2", std::nullopt), Pair("3", 30U)));
}

TEST(Join, SortsContainersByNameByteByByte) {
  EXPECT_THAT(joined({named("b", "2"), named("a-10", "3"), named("B", "1"), named("a-2", "4")}),
              ElementsAre(Pair("1", std::nullopt), Pair("3", std::nullopt), Pair("4", std::nullopt),
                          Pair("2", std::nullopt)));
}

TEST(Join, OfTwoWithOneNameTheNewestIsKept) {
  EXPECT_THAT(joined({named("a", "old", 5), named("a", "new", 9), named("a", "older", 1)},
                     {using_bytes("old", 1), using_bytes("new", 2)}),
              ElementsAre(Pair("new", 2U)));
}

TEST(Join, OfTwoWithOneNameTheAppsIsKept) {
  EXPECT_THAT(joined({named("a", "pause", 9, "CNI_PAUSE"), named("a", "app", 5)}),
              ElementsAre(Pair("app", std::nullopt)));
}

TEST(Join, ContainerNotYetCreatedIsOlderThanACreatedOne) {
  Container waiting{.name = "a"};
  EXPECT_THAT(joined({waiting, named("a", "here", 1)}), ElementsAre(Pair("here", std::nullopt)));
}

TEST(Join, DropsASampleThatNobodyHas) {
  EXPECT_THAT(joined({named("a", "1")}, {using_bytes("9", 90)}),
              ElementsAre(Pair("1", std::nullopt)));
}

TEST(Join, DropsAContainerWithoutAName) {
  EXPECT_THAT(joined({named("", "1"), named("a", "2")}, {using_bytes("1", 10)}),
              ElementsAre(Pair("2", std::nullopt)));
}

TEST(Join, GivesNothingToContainersWithoutAnId) {
  EXPECT_THAT(joined({named("a", ""), named("b", "")}, {using_bytes("", 10)}),
              ElementsAre(Pair("", std::nullopt), Pair("", std::nullopt)));
}

TEST(Join, OfASampleSentTwiceTheLastCounts) {
  EXPECT_THAT(joined({named("a", "1")}, {using_bytes("1", 10), using_bytes("1", 20)}),
              ElementsAre(Pair("1", 20U)));
}

TEST(IsApp, IsTrueForNormalAndUntypedContainersOnly) {
  EXPECT_TRUE(is_app({.type = ""}));
  EXPECT_TRUE(is_app({.type = "NORMAL"}));
  EXPECT_FALSE(is_app({.type = "CNI_PAUSE"}));
  EXPECT_FALSE(is_app({.type = "SOMETHING_NEW"}));
}

}  // namespace
}  // namespace ecs_exporter
