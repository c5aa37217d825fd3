// The counters of the task, round after round, in what is printed.
#include "task_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "configured.h"
#include "metrics.h"
#include "parse.h"
#include "scrape.h"

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A container with its sample: the numbers follow from `counted`.
struct Sampled {
  std::string id;
  int second = 0;  // of `read`; negative: there is no sample
  std::uint64_t counted = 0;
  std::string mode = "awsvpc";
  std::string type = "NORMAL";
  std::string interface = "eth1";
};

struct Round {
  std::string arn = "arn:t";
  std::vector<Sampled> containers;
};

std::string task_of(const Round& round) {
  std::string out = R"({"TaskARN": ")" + round.arn + R"(", "LaunchType": "EC2", "Containers": [)";
  for (const Sampled& c : round.containers) {
    out += (out.ends_with('[') ? "" : ", ");
    out += R"({"DockerId": ")" + c.id + R"(", "Name": "c-)" + c.id + R"(", "Type": ")" + c.type +
           R"(", "KnownStatus": ")" + (c.second < 0 ? "STOPPED" : "RUNNING") +
           R"(", "Networks": [{"NetworkMode": ")" + c.mode + "\"}]}";
  }
  return out + "]}";
}

std::string stats_of(const Round& round) {
  std::string out = "{";
  for (const Sampled& c : round.containers) {
    if (c.second < 0) continue;
    const std::string time = (c.second < 10 ? "0" : "") + std::to_string(c.second);
    const std::string counted = std::to_string(c.counted);
    out += (out == "{" ? "\"" : ", \"") + c.id + R"(": {"read": "2026-04-01T10:00:)" + time +
           R"(Z", "cpu_stats": {"system_cpu_usage": )" + counted +
           R"(000000000000}, "networks": {")" + c.interface + R"(": {"rx_bytes": )" + counted +
           R"(, "tx_errors": 7}}})";
  }
  return out + "}";
}

// What is printed of a family, as its labels but for those of the task, and the value.
std::vector<std::string> printed(const Snapshot& snapshot, const MetricsConfig& config,
                                 std::string_view name) {
  std::vector<std::string> out;
  for (const Family& family : collect(snapshot, config).families) {
    if (family.name != name) continue;
    for (const Sample& sample : family.samples) {
      out.push_back(std::holds_alternative<double>(sample.value)
                        ? std::to_string(std::llround(std::get<double>(sample.value)))
                        : std::to_string(std::get<std::uint64_t>(sample.value)));
    }
  }
  return out;
}

constexpr std::string_view kReceived = "ecs_task_network_receive_bytes_total";
constexpr std::string_view kReceivedInProfile = "ecs_network_receive_bytes_total";
constexpr std::string_view kHostTime = "ecs_task_host_cpu_seconds_total";

// Rounds of one exporter, and what each printed: "-" where there was no sample.
class Rounds {
 public:
  Rounds& then(const Round& round) { return replied(task_of(round), stats_of(round)); }
  Rounds& failed_stats(const Round& round) {
    return replied(task_of(round), std::unexpected(Error{ErrorKind::kTimeout, "late"}));
  }

  std::vector<std::string> received, received_in_profile, host_time;

 private:
  Rounds& replied(std::string task, Result<std::string> stats) {
    static const MetricsConfig all = configured({.groups = {"all"}});
    static const MetricsConfig profile = configured({.ecs_exporter_profile = true});
    const auto one = [&](const MetricsConfig& config, std::string_view name) {
      const auto values = printed(*snapshot_, config, name);
      EXPECT_LE(values.size(), 1U);
      return values.empty() ? "-" : values[0];
    };
    snapshot_.reset();  // so that the task is taken out of it where /task says the same
    snapshot_ =
        interpreter_.interpret({.task = std::move(task), .stats = std::move(stats)}).snapshot;
    received.push_back(one(all, kReceived));
    received_in_profile.push_back(one(profile, kReceivedInProfile));
    host_time.push_back(one(all, kHostTime));
    return *this;
  }

  Interpreter interpreter_{core_config()};
  std::shared_ptr<const Snapshot> snapshot_;
};

// In network mode awsvpc the host's time behaves as the interfaces do; here in thousands.
void expect_all(const Rounds& rounds, const std::vector<std::string>& wanted) {
  EXPECT_EQ(rounds.received, wanted);
  EXPECT_EQ(rounds.received_in_profile, wanted);
  std::vector<std::string> thousands;
  for (const std::string& one : wanted) thousands.push_back(one == "-" ? one : one + "000");
  EXPECT_EQ(rounds.host_time, thousands);
}

TEST(TaskCounters, DoNotFallWhereTheNewestSampleGoes) {
  Rounds rounds;
  rounds.then({.containers = {{"a", 10, 500}, {"b", 15, 520}}});
  rounds.then({.containers = {{"a", 10, 500}, {"b", -1}}});
  rounds.then({.containers = {{"a", 10, 500}, {"b", -1}}});  // both replies are those before
  rounds.then({.containers = {{"a", 20, 540}, {"b", -1}}});
  expect_all(rounds, {"520", "520", "520", "540"});
}

TEST(TaskCounters, DoNotFallWhereTheContainerIsNotListedAnyMore) {
  Rounds rounds;
  rounds.then({.containers = {{"a", 10, 500}, {"b", 15, 520}}});
  rounds.then({.containers = {{"a", 10, 500}}});
  rounds.then({.containers = {{"a", 10, 500}, {"b2", 12, 510}}});  // it was replaced
  rounds.then({.containers = {{"a", 10, 500}, {"b2", 22, 545}}});
  expect_all(rounds, {"520", "520", "520", "545"});
}

TEST(TaskCounters, DoNotFallBehindThePauseContainer) {
  Rounds rounds;
  const Sampled pause = {.id = "p", .second = 15, .counted = 520, .type = "CNI_PAUSE"};
  rounds.then({.containers = {{"a", 10, 500}, pause}});
  rounds.then({.containers = {{"a", 10, 500}, {.id = "p", .second = -1, .type = "CNI_PAUSE"}}});
  rounds.then({.containers = {{"a", 20, 540}, {.id = "p", .second = -1, .type = "CNI_PAUSE"}}});
  expect_all(rounds, {"520", "520", "540"});
}

TEST(TaskCounters, AreSilentWithoutAnySampleAndRememberAllTheSame) {
  Rounds rounds;
  const Round first = {.containers = {{"a", 10, 500}, {"b", 15, 520}}};
  rounds.then(first);
  rounds.failed_stats(first);
  rounds.then({.containers = {{"a", -1}, {"b", -1}}});
  rounds.then({.containers = {{"a", 10, 500}, {"b", -1}}});
  rounds.then({.containers = {{"a", 10, 500}, {"b", 25, 550}}});  // it came back
  expect_all(rounds, {"520", "-", "-", "520", "550"});
}

TEST(TaskCounters, GoOnWhereTheClockWasSetBack) {
  Rounds rounds;
  rounds.then({.containers = {{"a", 50, 500}, {"b", 55, 520}}});
  rounds.then({.containers = {{"a", 50, 500}, {"b", 45, 530}}});  // of the same container
  rounds.then({.containers = {{"a", 35, 540}, {"b", -1}}});       // of another, and not behind
  expect_all(rounds, {"520", "530", "540"});
}

TEST(TaskCounters, ThatBeginAnewInANewerSampleAreBelieved) {
  Rounds rounds;
  rounds.then({.containers = {{"a", 10, 500}}});
  rounds.then({.containers = {{"a", 20, 3}}});
  rounds.then({.containers = {{"a", 20, 3}, {"b", 25, 2}}});
  expect_all(rounds, {"500", "3", "2"});
}

TEST(TaskCounters, OfAnotherTaskHaveNothingToDoWithThoseBefore) {
  Rounds rounds;
  rounds.then({.containers = {{"a", 15, 520}}});
  rounds.then({.arn = "arn:other", .containers = {{"x", 10, 100}}});
  expect_all(rounds, {"520", "100"});
}

TEST(TaskCounters, HostTimeThatFallsALittleStands) {
  // As idle time may, by ticks of the kernel: 40 s here. The interfaces do not do so.
  const auto at = [](int second, std::string_view ns) {
    return R"({"a": {"read": "2026-04-01T10:00:)" + std::to_string(second) +
           R"(Z", "cpu_stats": {"system_cpu_usage": )" + std::string(ns) + "}}}";
  };
  const std::string task = task_of({.containers = {{"a", 1, 1}}});
  Interpreter interpreter(core_config());
  static const MetricsConfig all = configured({.groups = {"all"}});
  const auto host_time = [&](std::string stats) {
    return printed(*interpreter.interpret({.task = task, .stats = std::move(stats)}).snapshot, all,
                   kHostTime);
  };
  EXPECT_THAT(host_time(at(10, "5000000000000")), ElementsAre("5000"));
  EXPECT_THAT(host_time(at(11, "4960000000000")), ElementsAre("5000"));
  EXPECT_THAT(host_time(at(12, "5001000000000")), ElementsAre("5001"));
  EXPECT_THAT(host_time(at(13, "2000000000")), ElementsAre("2"));
}

TEST(TaskCounters, HostTimeIsOfASampleThatHasIt) {
  static const MetricsConfig all = configured({.groups = {"all"}});
  const auto result =
      Interpreter(core_config())
          .interpret(
              {.task = task_of({.containers = {{"a", 1, 1}, {"b", 1, 1}}}),
               .stats =
                   R"({"a": {"read": "2026-04-01T10:00:01Z", "cpu_stats": {"system_cpu_usage": 9000000000}},
                    "b": {"read": "2026-04-01T10:00:02Z", "memory_stats": {"usage": 1}}})"});
  EXPECT_THAT(printed(*result.snapshot, all, kHostTime), ElementsAre("9"));
}

Sampled bridged(std::string id, int second, std::uint64_t counted, std::string interface = "eth0") {
  return {std::move(id), second, counted, "bridge", "NORMAL", std::move(interface)};
}

TEST(TaskCounters, SumOverABridgeKeepsWhatAStoppedContainerHasCounted) {
  Rounds rounds;
  rounds.then({.containers = {bridged("a", 10, 500), bridged("b", 10, 30)}});
  rounds.then({.containers = {bridged("a", -1, 0), bridged("b", 11, 31)}});
  rounds.then({.containers = {bridged("a", -1, 0), bridged("b", 11, 31)}});
  rounds.then({.containers = {bridged("b", 12, 32)}});                        // no longer listed
  rounds.then({.containers = {bridged("a2", 13, 4), bridged("b", 13, 33)}});  // replaced
  rounds.then({.containers = {bridged("a2", 14, 5), bridged("b", 14, 3)}});   // began anew
  EXPECT_EQ(rounds.received_in_profile,
            (std::vector<std::string>{"530", "531", "531", "532", "537", "541"}));
  EXPECT_EQ(rounds.received, std::vector<std::string>(6, "-"));
}

TEST(TaskCounters, SumOverABridgeWithoutAnySampleIsNone) {
  Rounds rounds;
  const Round two = {.containers = {bridged("a", 10, 500), bridged("b", 10, 30)}};
  rounds.then(two);
  rounds.failed_stats(two);
  rounds.then({.containers = {bridged("a", -1, 0), bridged("b", 12, 40)}});
  rounds.then({.containers = {bridged("a", 13, 501), bridged("b", 13, 41)}});  // it came back
  EXPECT_EQ(rounds.received_in_profile, (std::vector<std::string>{"530", "-", "540", "542"}));
}

TEST(TaskCounters, SumCountsTheNetworkOfAPauseContainerOnceAndWithoutIt) {
  const Sampled pause = {"p", 10, 80, "bridge", "CNI_PAUSE", "eth0"};
  const Sampled first = {"a", 10, 80, "container:p", "NORMAL", "eth0"};
  const Sampled second = {"b", 10, 80, "container:p", "NORMAL", "eth0"};
  Rounds rounds;
  rounds.then({.containers = {first, second, pause, bridged("c", 10, 5)}});
  Sampled none = pause;
  none.second = -1;
  rounds.then({.containers = {first, second, none, bridged("c", 11, 6)}});
  EXPECT_EQ(rounds.received_in_profile, (std::vector<std::string>{"85", "86"}));
}

TEST(TaskCounters, OfVeryManyInterfacesNoneIsRemembered) {
  std::string interfaces;
  for (int i = 0; i < 300; ++i) {
    interfaces += (i > 0 ? ", \"i" : "\"i") + std::to_string(i) + R"(": {"rx_bytes": 5})";
  }
  for (const std::string_view mode : {"awsvpc", "bridge"}) {
    Task task{.arn = "t",
              .containers = {{.docker_id = "a", .name = "a"}, {.docker_id = "b", .name = "b"}}};
    for (Container& container : task.containers) container.networks = {{.mode = std::string(mode)}};
    auto many = parse_stats(
        R"({"a": {"read": "2026-04-01T10:00:10Z", "networks": {)" + interfaces +
        R"(}}, "b": {"read": "2026-04-01T10:00:01Z", "networks": {"i1": {"rx_bytes": 1}}}})");
    ASSERT_TRUE(many);
    join(task, std::move(many->samples));
    TaskCounters counters;
    counters.follow(task);
    task.containers[0].stats.reset();
    counters.follow(task);
    EXPECT_FALSE(task.remembered.interfaces) << mode;
    EXPECT_THAT(task.remembered.departed, IsEmpty()) << mode;
  }
}

}  // namespace
}  // namespace ecs_exporter
