// The user's words on metrics and labels.
#include "metrics_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "configured.h"
#include "exposition.h"
#include "metrics.h"

namespace ecs_exporter {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string message(const MetricsChoices& choices) {
  const auto config = make_metrics_config(choices);
  EXPECT_FALSE(config);
  return config ? "" : config.error().message;
}

// A task with two containers.
Snapshot shop() {
  Container web{.name = "web", .labels = {{"com.example.team", "blue"}, {"tier", "1"}}};
  web.stats = ContainerStats{.read = Timestamp{.seconds = 9}};
  web.stats->memory.usage_bytes = 5;
  web.stats->cpu.usage.total_ns = 2'000'000'000;
  Container router{.name = "log-router"};
  router.stats = web.stats;
  return {.task = {.cluster = "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/shop",
                   .arn = "arn:aws-cn:ecs:cn-north-1:123456789012:task/shop/abc",
                   .family = "front",
                   .containers = {router, web}},
          .task_is_current = true,
          .up = true};
}

std::string printed(const MetricsChoices& choices, const MetricsFilter& filter = {}) {
  const MetricsConfig config = configured(choices);
  return exposition(collect(shop(), config, filter), ExpositionFormat::kText);
}

MetricsFilter filter(const std::vector<std::string>& collect,
                     const std::vector<std::string>& exclude = {},
                     const std::vector<std::string>& names = {}) {
  const auto made = make_metrics_filter(core_config(), collect, exclude, names);
  EXPECT_TRUE(made) << made.error().message;
  return made.value_or(MetricsFilter{});
}

TEST(MetricsConfig, CoreIsAlwaysOn) {
  EXPECT_THAT(printed({.groups = {"cpu"}}), HasSubstr("ecs_container_mem_usage_bytes{"));
}

TEST(MetricsConfig, GroupsAreSwitchedAsAWhole) {
  EXPECT_THAT(printed({.groups = {"core"}}), Not(HasSubstr("cpu_usage_seconds_total")));
  EXPECT_THAT(printed({.groups = {"cpu"}}), HasSubstr("cpu_usage_seconds_total"));
  EXPECT_THAT(printed({}), HasSubstr("ecs_task_info{"));
}

TEST(MetricsConfig, TaskLabelsAreChosenOneByOne) {
  const std::string text = printed(
      {.groups = {"core"}, .task_labels = {"TaskID", "Region", "AccountID", "ClusterName"}});
  EXPECT_THAT(text, HasSubstr("ecs_container_exporter_up{TaskID=\"abc\",Region=\"cn-north-1\","
                              "AccountID=\"123456789012\",ClusterName=\"shop\"} 1\n"));
}

TEST(MetricsConfig, NoneLeavesOnlyWhatTellsSeriesApart) {
  const std::string text = printed({.task_labels = {"none"}});
  EXPECT_THAT(text, HasSubstr("\necs_container_exporter_up 1\n"));
  EXPECT_THAT(text, HasSubstr("\necs_container_mem_usage_bytes{ContainerName=\"web\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("ecs_task_info{Cluster=\"arn:aws-cn"));
}

TEST(MetricsConfig, DockerLabelsStandOnTheContainersThatHaveThem) {
  const std::string text =
      printed({.groups = {"core"}, .task_labels = {"none"}, .docker_labels = {"com.example.team"}});
  EXPECT_THAT(text, HasSubstr("{ContainerName=\"web\",label_com_example_team=\"blue\"} 5"));
  EXPECT_THAT(text, HasSubstr("{ContainerName=\"log-router\"} 5"));
}

TEST(MetricsConfig, WithDockerLabelsAContainerIsPrintedOnceTheyAreKnown) {
  const auto printed_of = [](const Container& container, const MetricsChoices& choices) {
    const Snapshot snapshot{.task = {.limits = {.memory_mib = 64}, .containers = {container}},
                            .task_is_current = true};
    const MetricsConfig config = configured(choices);
    return exposition(collect(snapshot, config), ExpositionFormat::kText);
  };
  const MetricsChoices with_labels{.task_labels = {"none"}, .docker_labels = {"tier"}};
  for (const char* status : {"NONE", "MANIFEST_PULLED", "PULLED", "PENDING"}) {
    const Container early{.name = "web", .known_status = status};
    EXPECT_THAT(printed_of(early, with_labels), Not(HasSubstr("ContainerName="))) << status;
    EXPECT_THAT(printed_of(early, {}), HasSubstr("ecs_container_running{ContainerName=\"web\"} 0"));
  }
  const Container created{
      .docker_id = "id", .name = "web", .known_status = "CREATED", .labels = {{"tier", "1"}}};
  EXPECT_THAT(printed_of(created, with_labels),
              HasSubstr("ecs_container_running{ContainerName=\"web\",label_tier=\"1\"} 0\n"));
  EXPECT_THAT(
      printed_of(created, with_labels),
      HasSubstr(
          "ecs_container_mem_limit_bytes{ContainerName=\"web\",label_tier=\"1\"} 67108864\n"));
  const Container without{.name = "web", .created = Timestamp{.seconds = 9}};
  EXPECT_THAT(printed_of(without, with_labels),
              HasSubstr("ecs_container_mem_limit_bytes{ContainerName=\"web\"} 67108864\n"));
  for (const char* status : {"RUNNING", "STOPPED"}) {
    EXPECT_THAT(printed_of({.name = "web", .known_status = status}, with_labels),
                HasSubstr("ecs_container_running{ContainerName=\"web\"} "))
        << status;
  }
}

TEST(MetricsConfig, StaticLabelsStandOnEverySeries) {
  const std::string text = printed({.task_labels = {"none"}, .static_labels = {{"env", "pr\"od"}}});
  EXPECT_THAT(text, HasSubstr("ecs_container_exporter_up{env=\"pr\\\"od\"} 1"));
  EXPECT_THAT(text, HasSubstr("ecs_task_info{env=\"pr\\\"od\",Cluster="));
}

TEST(MetricsConfig, SnakeStyleTurnsEveryLabelName) {
  const std::string text = printed({.docker_labels = {"com.example.team"}, .snake_case = true});
  EXPECT_THAT(text, HasSubstr("{cluster=\"arn"));
  EXPECT_THAT(text, HasSubstr(",task_definition_family=\"front\",container_name=\"web\","));
  EXPECT_THAT(text, Not(testing::ContainsRegex("[{,][a-z_]*[A-Z]+[A-Za-z_]*=")));
}

TEST(MetricsConfig, ContainersAreChosenByTheirWholeName) {
  EXPECT_THAT(printed({.include_containers = "we"}), Not(HasSubstr("ContainerName=")));
  EXPECT_THAT(printed({.include_containers = "web|x"}), Not(HasSubstr("log-router")));
  EXPECT_THAT(printed({.exclude_containers = "log-.*"}), Not(HasSubstr("log-router")));
  EXPECT_THAT(printed({.exclude_containers = "log-.*"}), HasSubstr("ContainerName=\"web\""));
}

TEST(MetricsConfig, WhatIsNotKnownIsNamed) {
  EXPECT_THAT(message({.groups = {"cpus"}}),
              testing::StartsWith("--metrics.groups: \"cpus\" is not a group: core, cpu, "));
  EXPECT_THAT(
      message({.task_labels = {"TaskId"}}),
      testing::StartsWith("--labels.task: \"TaskId\" is not a label of the task: Cluster, "));
  EXPECT_THAT(message({.task_labels = {"none", "TaskID"}}), HasSubstr("\"none\" is not a label"));
  EXPECT_THAT(message({.include_containers = "w(b"}),
              testing::StartsWith("--containers.include: "));
  EXPECT_THAT(message({.exclude_containers = "["}), testing::StartsWith("--containers.exclude: "));
}

TEST(MetricsConfig, NamesThatWouldMeetAreRefused) {
  EXPECT_EQ(message({.docker_labels = {"a.b", "a-b"}}),
            "--labels.docker: \"a-b\" makes the label label_a_b, which is also --labels.docker: "
            "\"a.b\"");
  EXPECT_EQ(message({.static_labels = {{"Status", "x"}}}),
            "--labels.static: \"Status\" makes the label Status, which is also a label of the "
            "exporter");
  EXPECT_EQ(
      message({.static_labels = {{"TaskID", "x"}}}),
      "--labels.static: \"TaskID\" makes the label TaskID, which is also a label of the task");
  EXPECT_EQ(message({.task_labels = {"TaskID", "TaskID"}}),
            "--labels.task: TaskID stands there twice");
}

TEST(MetricsConfig, OnlyNamesThatTheProfilePrintsAreRefusedWithIt) {
  for (const char* name : {"family", "desired_status", "container_name", "reason", "arch"}) {
    EXPECT_THAT(message({.static_labels = {{name, "x"}}, .ecs_exporter_profile = true}),
                HasSubstr(std::string(name) + ", which is also a label of the "));
  }
  const std::string text =
      printed({.static_labels = {{"status", "x"}, {"TaskARN", "y"}}, .ecs_exporter_profile = true});
  EXPECT_THAT(text, HasSubstr("\necs_container_exporter_up{status=\"x\",TaskARN=\"y\"} 1\n"));
}

TEST(MetricsConfig, LabelsOfHistogramsAreRefused) {
  for (const char* name : {"le", "quantile"}) {
    EXPECT_THAT(message({.static_labels = {{name, "1"}}}),
                testing::EndsWith(", which is also a label of histograms and summaries"));
  }
}

TEST(MetricsConfig, StaticNamesMustBeLabelNames) {
  for (const char* name : {"", "1a", "a-b", "__a", "a b", "\xC3\xA4"}) {
    EXPECT_THAT(message({.static_labels = {{name, "x"}}}), HasSubstr("is not a label name"))
        << name;
  }
}

TEST(MetricsConfig, ProfileHasLabelsOfItsOwn) {
  EXPECT_THAT(message({.task_labels = {"none"}, .ecs_exporter_profile = true}),
              testing::StartsWith("--metrics.profile: "));
  const std::string text = printed({.ecs_exporter_profile = true});
  EXPECT_THAT(text, HasSubstr("\necs_container_memory_usage_bytes{container_name=\"web\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("\necs_container_exporter_up 1\n"));
}

TEST(MetricsFilter, CollectsOtherGroupsThanConfigured) {
  EXPECT_THAT(printed({.groups = {"core"}}, filter({"cpu"})), HasSubstr("cpu_usage_seconds_total"));
}

TEST(MetricsFilter, ExcludesFromWhatIsConfigured) {
  const auto made = make_metrics_filter(configured({}), {}, {"cpu"}, {});
  ASSERT_TRUE(made);
  EXPECT_THAT(printed({}, *made), Not(HasSubstr("cpu_usage_seconds_total")));
  EXPECT_THAT(printed({}, *made), HasSubstr("ecs_task_info"));
}

TEST(MetricsFilter, NamesAreExact) {
  const std::string text =
      printed({}, filter({}, {}, {"ecs_container_cpu_usage_seconds_total", "no"}));
  EXPECT_THAT(text, testing::StartsWith("# HELP ecs_container_cpu_usage_seconds_total "));
  EXPECT_THAT(text, Not(HasSubstr("ecs_container_exporter_up")));
  EXPECT_EQ(printed({}, filter({}, {}, {"ecs_container_cpu_usage_seconds"})), "");
}

TEST(MetricsFilter, RefusesWhatItCannotDo) {
  const auto error = [](const std::vector<std::string>& collect,
                        const std::vector<std::string>& exclude) {
    const auto made = make_metrics_filter(core_config(), collect, exclude, {});
    return made ? "" : made.error().message;
  };
  EXPECT_EQ(error({"cpu"}, {"disk"}), "collect[] and exclude[] do not go together");
  EXPECT_THAT(error({"x"}, {}), testing::StartsWith("collect[]: \"x\" is not a group"));
  EXPECT_THAT(error({}, {"x"}), testing::StartsWith("exclude[]: \"x\" is not a group"));
  EXPECT_EQ(error({}, {"core"}), "exclude[]: core is always on");
}

}  // namespace
}  // namespace ecs_exporter
