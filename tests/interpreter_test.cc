// Replies, round after round, to snapshots.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "configured.h"
#include "scrape.h"

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A container as /task has it.
std::string container(std::string_view name, std::string_view status = "RUNNING",
                      std::string_view type = "NORMAL") {
  return R"({"Name": ")" + std::string(name) + R"(", "DockerId": "id-)" + std::string(name) +
         R"(", "KnownStatus": ")" + std::string(status) + R"(", "Type": ")" + std::string(type) +
         "\"}";
}

std::string task(const std::string& containers, std::string_view arn = "arn:t") {
  return R"({"Cluster": "prod", "TaskARN": ")" + std::string(arn) +
         R"(", "Family": "shop", "Revision": "7", "AvailabilityZone": "a", "KnownStatus": "RUNNING",
            "ServiceName": "front", "LaunchType": "EC2", "Limits": {"Memory": 64}, "Containers": [)" +
         containers + "]}";
}

// The stats of container "web", on cgroup v2 unless `max_usage` is given.
std::string web_uses(std::uint64_t bytes, std::string_view more = "") {
  return R"({"id-web": {"read": "2026-03-01T10:00:00Z", "memory_stats": {"usage": )" +
         std::to_string(bytes) + std::string(more) + "}}}";
}

Result<std::string> failed(ErrorKind kind, std::string message = "http://h/: no") {
  return std::unexpected(Error{kind, std::move(message)});
}

std::vector<std::string> messages(const Interpreter::Interpreted& interpreted) {
  std::vector<std::string> out;
  for (const auto& fault : interpreted.faults) out.push_back(fault.error.message);
  return out;
}

// An interpreter after some rounds.
struct Rounds {
  Interpreter interpreter{core_config()};
  Interpreter::Interpreted last;

  Rounds& then(Result<std::string> task_body, Result<std::string> stats_body) {
    last = interpreter.interpret({.task = std::move(task_body), .stats = std::move(stats_body)});
    EXPECT_EQ(last.faults.empty(), last.snapshot->up);
    return *this;
  }
  Count peak() const { return last.snapshot->task.containers.at(0).peak_usage_bytes; }
};

Interpreter::Interpreted interpreted(Result<std::string> task_body,
                                     Result<std::string> stats_body) {
  return Rounds().then(std::move(task_body), std::move(stats_body)).last;
}

TEST(Interpreter, GoodRepliesAreUp) {
  const auto result = interpreted(task(container("web")), web_uses(5));
  EXPECT_TRUE(result.snapshot->up);
  EXPECT_TRUE(result.snapshot->task_is_current);
  EXPECT_EQ(result.snapshot->task.containers.at(0).stats->memory.usage_bytes, 5U);
}

TEST(Interpreter, RemembersThePeakAcrossRounds) {
  Rounds rounds;
  EXPECT_EQ(rounds.then(task(container("web")), web_uses(5)).peak(), 5U);
  EXPECT_EQ(rounds.then(task(container("web")), web_uses(9)).peak(), 9U);
  EXPECT_EQ(rounds.then(task(container("web")), web_uses(2)).peak(), 9U);
}

TEST(Interpreter, KeepsThePeakWhileStatsFail) {
  Rounds rounds;
  rounds.then(task(container("web")), web_uses(9));
  rounds.then(task(container("web")), failed(ErrorKind::kTimeout));
  rounds.then(failed(ErrorKind::kTimeout), failed(ErrorKind::kTimeout));
  EXPECT_EQ(rounds.then(task(container("web")), web_uses(2)).peak(), 9U);
}

TEST(Interpreter, DropsThePeakWhenTheContainerLeaves) {
  Rounds rounds;
  rounds.then(task(container("web")), web_uses(9));
  rounds.then(task(container("other")), "{}");
  EXPECT_EQ(rounds.then(task(container("web")), web_uses(2)).peak(), 2U);
}

TEST(Interpreter, PeakIsOfOneContainerId) {
  Rounds rounds;
  rounds.then(task(container("web")), web_uses(9));
  const std::string again = R"({"Name": "web", "DockerId": "id-new"})";
  EXPECT_EQ(rounds.then(task(again), R"({"id-new": {"memory_stats": {"usage": 3}}})").peak(), 3U);
}

TEST(Interpreter, PeakNeedsMemoryInUse) {
  EXPECT_EQ(Rounds()
                .then(task(container("web")), R"({"id-web": {"read": "2026-03-01T10:00:00Z"}})")
                .peak(),
            std::nullopt);
}

TEST(Interpreter, RunningContainerWithoutStatsIsAnError) {
  const auto result = interpreted(task(container("web")), "{}");
  EXPECT_THAT(messages(result), ElementsAre("container web is RUNNING and has no stats"));
  EXPECT_EQ(result.faults.at(0).error.kind, ErrorKind::kShape);
  EXPECT_TRUE(result.snapshot->task_is_current);
}

TEST(Interpreter, ContainerThatIsNotPrintedIsNotJudged) {
  const std::string two = task(container("noisy") + ", " + container("web"));
  for (const MetricsChoices& choices : {MetricsChoices{.exclude_containers = "noi.*"},
                                        MetricsChoices{.include_containers = "web"}}) {
    const MetricsConfig config = configured(choices);
    Interpreter interpreter(config);
    EXPECT_TRUE(interpreter.interpret({.task = two, .stats = web_uses(5)}).snapshot->up);
    EXPECT_THAT(messages(interpreter.interpret({.task = two, .stats = "{}"})),
                ElementsAre("container web is RUNNING and has no stats"));
  }
}

TEST(Interpreter, NoStatsAreNoErrorWhereNoneAreExpected) {
  const MetricsConfig config = configured({.stats = false});
  Interpreter interpreter(config);
  EXPECT_TRUE(interpreter.interpret({.task = task(container("web")), .stats = "{}"}).snapshot->up);
}

TEST(Interpreter, LabelsThatWouldTakeManyTimesTheReplyLoseIt) {
  const std::string mebibyte(1024UZ * 1024, 'x');
  Rounds rounds;
  rounds.then(task(container("web")), web_uses(5));
  for (const std::string& hostile :
       {task(container("web"), mebibyte), task(container(mebibyte)),
        task(R"({"Name": "web", "Labels": {"key": ")" + mebibyte + R"("}})")}) {
    rounds.then(hostile, web_uses(5));
    EXPECT_EQ(rounds.last.faults.at(0).error.kind, ErrorKind::kTooLarge);
    EXPECT_TRUE(rounds.last.faults.at(0).loses_reply);
    EXPECT_FALSE(rounds.last.snapshot->task_is_current);
    EXPECT_EQ(rounds.last.snapshot->task.arn, "arn:t");  // what was known before
  }
}

TEST(Interpreter, LongTextThatIsNoLabelIsFine) {
  const std::string mebibyte(1024UZ * 1024, 'x');
  EXPECT_TRUE(
      interpreted(task(R"({"Name": "web", "LogOptions": {"key": ")" + mebibyte + R"("}})"), "{}")
          .snapshot->up);
}

TEST(Interpreter, StoppedOrComingContainerWithoutStatsIsNone) {
  for (const std::string_view status :
       {"STOPPED", "PENDING", "CREATED", "PULLED", "RESOURCES_PROVISIONED", "NONE", ""}) {
    EXPECT_TRUE(interpreted(task(container("web", status)), "{}").snapshot->up) << status;
  }
}

TEST(Interpreter, InternalContainerWithoutStatsIsNone) {
  EXPECT_TRUE(interpreted(task(container("pause", "RUNNING", "CNI_PAUSE")), "{}").snapshot->up);
}

TEST(Interpreter, UnreadableStatsAreOneErrorAndTheTaskIsKept) {
  const auto result = interpreted(task(container("web")), "<html>");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(result.faults[0].error.kind, ErrorKind::kJson);
  EXPECT_THAT(result.faults[0].error.message,
              testing::StartsWith("the reply to /task/stats: not JSON"));
  EXPECT_EQ(result.snapshot->task.containers.size(), 1U);
  EXPECT_EQ(result.snapshot->task.limits.memory_mib, 64U);
}

TEST(Interpreter, FailedStatsAreOneErrorAndTheTaskIsKept) {
  const auto result = interpreted(task(container("web")), failed(ErrorKind::kThrottled));
  EXPECT_THAT(messages(result), ElementsAre("http://h/: no"));
  EXPECT_EQ(result.faults[0].error.kind, ErrorKind::kThrottled);
  EXPECT_TRUE(result.snapshot->task_is_current);
}

TEST(Interpreter, FailedTaskLeavesWhatWasLastKnownOfIt) {
  Rounds rounds;
  rounds.then(task(container("web")), web_uses(5));
  const Snapshot snapshot = *rounds.then(failed(ErrorKind::kConnect), web_uses(5)).last.snapshot;
  EXPECT_FALSE(snapshot.task_is_current);
  EXPECT_EQ(snapshot.task.cluster, "prod");
  EXPECT_EQ(snapshot.task.arn, "arn:t");
  EXPECT_EQ(snapshot.task.family, "shop");
  EXPECT_EQ(snapshot.task.revision, "7");
  EXPECT_EQ(snapshot.task.availability_zone, "a");
  EXPECT_EQ(snapshot.task.service_name, "front");
  EXPECT_EQ(snapshot.task.launch_type, "EC2");
  EXPECT_EQ(snapshot.task.known_status, "");
  EXPECT_EQ(snapshot.task.limits.memory_mib, std::nullopt);
  EXPECT_THAT(snapshot.task.containers, IsEmpty());
}

TEST(Interpreter, FailedTaskBeforeAnyOtherLeavesNothing) {
  const Snapshot snapshot = *interpreted(failed(ErrorKind::kConnect), "{}").snapshot;
  EXPECT_FALSE(snapshot.up);
  EXPECT_EQ(snapshot.task.arn, "");
}

TEST(Interpreter, TasksErrorComesBeforeThatOfStats) {
  const auto result =
      interpreted(failed(ErrorKind::kTimeout, "task"), failed(ErrorKind::kClosed, "stats"));
  EXPECT_THAT(messages(result), ElementsAre("task", "stats"));
}

TEST(Interpreter, NothingYetSaysWhoTheTaskIs) {
  Rounds rounds;
  EXPECT_EQ(rounds.interpreter.nothing_yet().task.arn, "");
  rounds.then(task(container("web"), "arn:one"), web_uses(5));
  rounds.then(failed(ErrorKind::kTimeout), failed(ErrorKind::kTimeout));
  const Snapshot snapshot = rounds.interpreter.nothing_yet();
  EXPECT_EQ(snapshot.task.arn, "arn:one");
  EXPECT_FALSE(snapshot.up);
  EXPECT_FALSE(snapshot.task_is_current);
  EXPECT_THAT(snapshot.task.containers, IsEmpty());
}

TEST(Interpreter, RepliesOfTheLastRoundAreNotReadAgain) {
  Rounds rounds;
  const auto first = rounds.then(task(container("web")), "{}").last;
  EXPECT_EQ(messages(first), std::vector<std::string>{"container web is RUNNING and has no stats"});
  const auto second = rounds.then(task(container("web")), "{}").last;
  EXPECT_EQ(second.snapshot, first.snapshot);
  EXPECT_EQ(messages(second), messages(first));
  rounds.then(failed(ErrorKind::kTimeout), "{}");
  EXPECT_NE(rounds.then(task(container("web")), "{}").last.snapshot, first.snapshot);
}

TEST(Interpreter, TaskOfTheLastRoundWithOtherStatsIsAsIfReadAgain) {
  const std::string two = task(container("web") + ", " + container("db", "STOPPED"));
  for (const bool shared : {false, true}) {
    Rounds rounds;
    rounds.then(two, web_uses(9));
    auto kept = shared ? rounds.last.snapshot : nullptr;
    rounds.last = {};
    rounds.then(two, web_uses(5));
    const Task& now = rounds.last.snapshot->task;
    ASSERT_EQ(now.containers.size(), 2U);
    EXPECT_EQ(now.containers[0].name, "db");
    EXPECT_EQ(now.containers[1].stats->memory.usage_bytes, 5U);
    EXPECT_EQ(now.containers[1].peak_usage_bytes, 9U);
    EXPECT_EQ(now.limits.memory_mib, 64U);
    if (shared) {
      EXPECT_EQ(kept->task.containers.at(1).stats->memory.usage_bytes, 9U);
    }

    rounds.last = {};
    rounds.then(two, "{}");
    EXPECT_FALSE(rounds.last.snapshot->task.containers.at(1).stats);
    EXPECT_EQ(messages(rounds.last),
              std::vector<std::string>{"container web is RUNNING and has no stats"});
  }
}

TEST(Interpreter, ProblemOfTheLastTaskStays) {
  Rounds rounds;
  const std::string odd = R"({"TaskARN": "a", "Limits": {"Memory": "x"}})";
  const auto first = messages(rounds.then(odd, "{}").last);
  rounds.last = {};
  EXPECT_EQ(messages(rounds.then(odd, R"({"id": {}})").last), first);
}

TEST(Interpreter, ProblemsOfBothRepliesAreErrors) {
  const auto result = interpreted(R"({"TaskARN": "a", "Limits": {"Memory": "x"}})",
                                  R"({"id": {"memory_stats": {"usage": -1}}})");
  EXPECT_THAT(
      messages(result),
      ElementsAre("the reply to /task: Limits.Memory is \"x\", not a whole number from 0 to 2^64-1",
                  "the reply to /task/stats: id.memory_stats.usage is -1, not a whole number "
                  "from 0 to 2^64-1"));
}

TEST(Answer, ThatSharesWithTheOneBeforeIsAsIfMadeAlone) {
  const MetricsConfig config = *make_metrics_config({});
  const auto snapshot = interpreted(task(container("web")), web_uses(5)).snapshot;
  std::deque<Answer> answers;
  answers.emplace_back(snapshot, SelfUse{}, config);
  for (const double seconds : {1.0, 2.0, 3.0}) {
    SelfUse self{.round_seconds = seconds};
    self.process.emplace();
    const Answer& shared = answers.emplace_back(answers.back(), self);
    const Answer alone(snapshot, self, config);
    for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
      EXPECT_EQ(*shared.body(format, false), *alone.body(format, false));
      EXPECT_EQ(*shared.body(format, true), *alone.body(format, true));
      EXPECT_THAT(*shared.body(format, false),
                  HasSubstr("} " + std::to_string(static_cast<int>(seconds)) + "\n"));
    }
  }
}

TEST(Interpreter, WhatNoTextOrNumberCanBeLosesItsFieldAlone) {
  const std::string halves =
      R"({"TaskARN": "t\ud800", "Future": [-1E-99999999999, 1e99999999999, "\udc00"], "Containers": [
          {"Name": "web", "DockerId": "id-web", "KnownStatus": "RUNNING",
           "Health": {"output": "\ud83d"}, "Labels": {"\ud83d": "\ud83d"}}]})";
  const auto fine = interpreted(halves, web_uses(5, R"(, "future": 1e99999999999)"));
  EXPECT_TRUE(fine.snapshot->up);
  EXPECT_EQ(fine.snapshot->task.arn, "t\uFFFD");
  EXPECT_EQ(fine.snapshot->task.containers.at(0).stats->memory.usage_bytes, 5U);
  const auto read = interpreted(halves, web_uses(5, R"(, "limit": 1e99999999999)"));
  EXPECT_EQ(read.faults.size(), 1U);
  EXPECT_FALSE(read.faults.at(0).loses_reply);
  EXPECT_EQ(read.snapshot->task.containers.at(0).stats->memory.usage_bytes, 5U);
  EXPECT_EQ(read.snapshot->task.containers.at(0).stats->memory.limit_bytes, std::nullopt);
}

TEST(AnswerFrom, RendersUpAndTheSamples) {
  const RecordedAnswer recorded =
      answer_from({.task = task(container("web")), .stats = web_uses(5)}, core_config());
  EXPECT_TRUE(recorded.answer.up());
  EXPECT_THAT(recorded.faults, IsEmpty());
  EXPECT_THAT(*recorded.answer.body(ExpositionFormat::kText, false),
              HasSubstr(R"(ContainerName="web"} 5)"));
  EXPECT_THAT(*recorded.answer.body(ExpositionFormat::kText, false),
              HasSubstr(R"(AvailabilityZone="a"} 1)"));
}

TEST(AnswerFrom, FailureRendersUpAlone) {
  const RecordedAnswer recorded = answer_from(
      {.task = failed(ErrorKind::kConnect), .stats = failed(ErrorKind::kConnect)}, core_config());
  EXPECT_FALSE(recorded.answer.up());
  EXPECT_THAT(*recorded.answer.body(ExpositionFormat::kText, false),
              testing::EndsWith("\necs_container_exporter_up 0\n"));
  EXPECT_THAT(*recorded.answer.body(ExpositionFormat::kText, false),
              testing::StartsWith("# HELP ecs_container_exporter_up "));
}

}  // namespace
}  // namespace ecs_exporter
