// What follows from the model, where the golden files have no case of it.
#include "derive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "parse.h"

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

ContainerStats stats_with_rows(std::string_view rows) {
  auto reply = parse_stats(R"({"a": {"read": "2026-03-01T10:00:00Z", "blkio_stats": {
      "io_service_bytes_recursive": [)" +
                           std::string(rows) + R"(], "io_queue_recursive": [)" + std::string(rows) +
                           R"(], "sectors_recursive": [)" + std::string(rows) + "]}}}");
  EXPECT_TRUE(reply) << reply.error().message;
  return std::move(reply->samples.at(0).second);
}

TEST(DeviceTraffic, WhatIsOmittedIsAZeroThatWasNotWritten) {
  const auto traffic = device_traffic(
      stats_with_rows(R"({"major": 8, "op": "read"}, {"major": 8, "op": "write", "value": 3})"));
  ASSERT_EQ(traffic.size(), 1U);
  EXPECT_EQ(traffic[0].device, "8:0");
  EXPECT_EQ(traffic[0].read_bytes, 0U);
  EXPECT_EQ(traffic[0].written_bytes, 3U);
}

TEST(DeviceTraffic, WhatCannotBeReadIsNoZero) {
  for (const std::string_view row : {R"({"major": 8, "minor": 1, "op": "read", "value": "many"})",
                                     R"({"major": 8, "minor": 1, "op": "read", "value": -1})",
                                     R"({"major": "x", "minor": 1, "op": "read", "value": 1})",
                                     R"({"major": 8, "minor": [], "op": "read", "value": 1})"}) {
    const ContainerStats stats = stats_with_rows(row);
    EXPECT_THAT(device_traffic(stats), IsEmpty()) << row;
    EXPECT_THAT(block_io_totals(stats.block_io), IsEmpty()) << row;
  }
}

TEST(DeviceTraffic, ARowWithoutADeviceIsNobodys) {
  const ContainerStats stats = stats_with_rows(R"({"op": "read", "value": 1})");
  EXPECT_THAT(device_traffic(stats), IsEmpty());
  EXPECT_THAT(block_io_totals(stats.block_io), IsEmpty());
}

TEST(BlockIoNumbers, RowsThatSayTheSameAddUp) {
  const ContainerStats stats = stats_with_rows(
      R"({"major": 8, "op": "Read", "value": 1}, {"major": 8, "op": "read", "value": 2})");
  EXPECT_THAT(block_io_totals(stats.block_io), ElementsAre(Field(&BlockIoNumber::value, 3U)));
  EXPECT_THAT(queued_requests(stats.block_io), ElementsAre(Field(&BlockIoNumber::value, 3U)));
}

TEST(BlockIoNumbers, WhatWaitsNowIsNoTotal) {
  const ContainerStats stats = stats_with_rows(R"({"major": 8, "op": "read", "value": 1})");
  EXPECT_THAT(block_io_totals(stats.block_io), ElementsAre(Field(&BlockIoNumber::key, "sectors")));
  EXPECT_THAT(queued_requests(stats.block_io), ElementsAre(Field(&BlockIoNumber::key, "io_queue")));
}

TEST(ContainerInterfaces, AreNotThoseOfTheTaskWhereAModeIsMissing) {
  const ContainerStats stats{.networks = {{"eth1", {.rx_bytes = 5}}}};
  const Container known{.docker_id = "1", .name = "a", .networks = {{.mode = "awsvpc"}}};
  const Container unknown{.docker_id = "2", .name = "b", .stats = stats};
  EXPECT_EQ(container_interfaces({.containers = {known, unknown}}, unknown), nullptr);
  EXPECT_NE(container_interfaces({.containers = {unknown}}, unknown), nullptr);
}

TEST(ContainerInterfaces, OfANetworkThatIsSharedAreThoseOfItsOwner) {
  // As after a restart of the app: the agent has added what the network had counted before.
  const ContainerStats restarted{.networks = {{"eth0", {.rx_bytes = 12}}}};
  const ContainerStats owners{.networks = {{"eth0", {.rx_bytes = 7}}}};
  Task task{.containers = {{.docker_id = "1", .name = "web", .networks = {{.mode = "container:2"}}},
                           {.docker_id = "2", .name = "pause", .networks = {{.mode = "bridge"}}}}};
  task.containers[0].stats = restarted;
  task.containers[1].stats = owners;
  const auto* of_owner = container_interfaces(task, task.containers[0]);
  ASSERT_NE(of_owner, nullptr);
  EXPECT_EQ(of_owner->at(0).second.rx_bytes, 7U);

  // Not its own where the owner has no sample: they would fall again with the next.
  task.containers[1].stats.reset();
  EXPECT_EQ(container_interfaces(task, task.containers[0]), nullptr);
}

TEST(TaskNetworkMode, IsNotThatOfAContainerInTheNetworkOfAnother) {
  const Container app{.docker_id = "1", .networks = {{.mode = "container:2"}}};
  const Container pause{.docker_id = "2", .networks = {{.mode = "bridge"}}};
  const Container created{.docker_id = "3"};
  EXPECT_EQ(task_network_mode({.containers = {created, app, pause}}), "bridge");
  EXPECT_EQ(task_network_mode({.containers = {app}}), "");
}

TEST(TaskNetworkMode, ThatIsNotSaidIsAwsvpcWhereNoOtherHasInterfaces) {
  const ContainerStats stats{.networks = {{"eth1", {.rx_bytes = 5}}}};
  const Container with_interfaces{.docker_id = "1", .stats = stats};
  EXPECT_EQ(
      task_network_mode({.launch_type = "MANAGED_INSTANCES", .containers = {with_interfaces}}),
      "awsvpc");
  EXPECT_EQ(task_network_mode({.launch_type = "MANAGED_INSTANCES", .containers = {{}}}), "");
  EXPECT_EQ(task_network_mode({.launch_type = "EC2", .containers = {with_interfaces}}), "");
}

TEST(CoreTimes, AreThoseOfTheCoresThatAreOnline) {
  const auto cores = [](std::vector<Count> used, Count online) {
    const CpuStats cpu{.usage = {.per_core_ns = std::move(used)}, .online_cpus = online};
    std::vector<std::uint64_t> out;
    for (const CoreTime& core : core_times(cpu)) out.push_back(core.used_ns);
    return out;
  };
  EXPECT_THAT(cores({5, 0, 0, 0}, 2), ElementsAre(5U, 0U));
  // Not said: who knows which of the last are there.
  EXPECT_THAT(cores({5, 0, 7, 0, 0}, {}), ElementsAre(5U, 0U, 7U));
  EXPECT_THAT(cores({0, 0}, {}), IsEmpty());
  EXPECT_THAT(cores({}, {}), IsEmpty());
}

TEST(SecondsElapsed, SinceWhatNeverWasAreAbsent) {
  const Time never = Timestamp{.seconds = -62135596800};  // the year 1, which Go sends for no time
  const Time now = Timestamp{.seconds = 1'800'000'000};
  EXPECT_EQ(seconds_elapsed(never, now), std::nullopt);
  EXPECT_EQ(seconds_elapsed(now, never), std::nullopt);
  EXPECT_EQ(seconds_elapsed(now, now), 0.0);
}

TEST(CpuTimeOfWindows, ThatDoesNotFitInNanosecondsIsAbsent) {
  Task task{.launch_type = "EC2", .containers = {{.docker_id = "id", .name = "a"}}};
  ContainerStats stats{.processors = 2};
  stats.cpu.usage.total_ns = 18446744073709551615U;
  stats.cpu.usage.user_ns = 5;
  join(task, {{"id", stats}});
  EXPECT_EQ(task.containers.at(0).stats->cpu.usage.total_ns, std::nullopt);
  EXPECT_EQ(task.containers.at(0).stats->cpu.usage.user_ns, 500U);
}

}  // namespace
}  // namespace ecs_exporter
