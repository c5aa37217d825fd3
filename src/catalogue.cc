// Markdown from the tables.
#include "catalogue.h"

#include <string_view>

#include "metrics_config.h"
#include "tables.h"

namespace ecs_exporter {
namespace {

std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_timestamp_seconds") || name == "process_start_time_seconds") {
    return "seconds since 1970";
  }
  if (name.ends_with("_total")) name.remove_suffix(6);
  for (const std::string_view unit : {"bytes", "seconds", "cores", "packets"}) {
    if (name.ends_with(unit)) return unit;
  }
  return "";
}

constexpr std::string_view kIntroduction =
    R"(# Metrics

What `ecs-task-metadata-exporter metrics` prints: every metric, by group. `T` stands for the labels
of the task that `--labels.task` chooses and those of `--labels.static`, `C` for these,
`ContainerName` and those of `--labels.docker`. A family without a sample is not printed; a value
that the endpoint does not send is no sample, and never 0, unless the platform leaves zeros out by
rule. "task" and "stats" are the replies to `/task` and `/task/stats`; with `--ecs.stats=none` what comes from the second is missing.

**Labels that come later.** Until the endpoint has answered for the first time the exporter does not
know its task: `ecs_container_exporter_up` and the `ecs_exporter_*` metrics have no labels of the task
then, and from the first answer on they keep them, also while the endpoint fails. So in the first
moments of a task these are other series; where that matters go by `job` and `instance`. The labels of
`ecs_container_info` that the container has from its creation on (`DockerID`, `ImageID` and the like)
come with it. So do Docker labels: with `--labels.docker` a container has no series before it is
created, so that none of them is without its labels first.

**Containers that AWS adds.** Service Connect adds `ecs-service-connect-...`, GuardDuty
`aws-guardduty-agent-...`. Where the endpoint calls them `NORMAL`, like those of the task definition,
they have series as these do. `--containers.exclude='(ecs-service-connect|aws-guardduty-agent)-.*'`
leaves them out. What is left out is not judged either: it may run without stats, and `up` stays 1. A
value of a wrong type makes `up` 0 wherever in a reply it stands.

**What the endpoint does not know.** The memory that a container reserves (`memoryReservation`): the
task definition has it. How many tasks a service wants, and how many are pending: the ECS API has it
(`DescribeServices`), and CloudWatch with Container Insights (`DesiredTaskCount`, `PendingTaskCount`).
Those that run are `count by (ClusterName, ServiceName) (ecs_task_info)`, as far as they have this
exporter.
)";

// Rows of a Markdown table.
class Catalogue {
 public:
  void group(GroupIndex index) {
    const Group& group = kGroups[index];
    text_ += "\n## " + std::string(group.name) + (group.by_default ? "" : " (off by default)") +
             "\n\n" + std::string(group.about) +
             "\n\n| metric | type | unit | labels | meaning | source | missing when |\n"
             "|---|---|---|---|---|---|---|\n";
  }

  template <class Subject>
  void rows(const Table<Subject>& table, std::string_view labels) {
    for (const Metric<Subject>& row : table.rows) {
      std::string own(labels);
      for (const LabelNames names : {table.label_names, row.label_names}) {
        for (const LabelName& name : names) {
          if (!own.empty()) own += ", ";
          own += name.camel;
        }
      }
      text_ += "| `" + std::string(row.name) + "` ";
      for (const std::string_view cell :
           {row.type == FamilyType::kCounter ? std::string_view("counter") : "gauge",
            unit_of(row.name), std::string_view(own), row.help, row.source, row.absent}) {
        text_ += "| " + std::string(cell) + (cell.empty() ? "" : " ");
      }
      text_ += "|\n";
    }
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_ = std::string(kIntroduction);
};

}  // namespace

std::string metrics_catalogue() {
  Catalogue out;
  out.group(kCore);
  out.rows(kCoreContainerTable, "C");
  out.rows(kCoreTaskTable, "T");
  out.group(kCpu);
  out.rows(kCpuContainerTable, "C");
  out.rows(kCpuTaskTable, "T");
  out.group(kMemory);
  out.rows(kMemoryTable, "C");
  out.group(kNetwork);
  out.rows(kTaskNetworkTable, "T");
  out.rows(kContainerNetworkTable, "C");
  out.group(kDisk);
  out.rows(kDiskTable, "C");
  out.group(kContainer);
  out.rows(kContainerTable, "C");
  out.group(kTask);
  out.rows(kTaskInfoTable, "");
  out.rows(kTaskTable, "T");
  out.group(kSelf);
  out.rows(kSelfTable, "T");
  out.rows(kSelfEndpointTable, "T");
  out.rows(kSelfErrorTable, "T");
  out.rows(kSelfReplyTable, "T");
  out.rows(kProcessTable, "");
  out.group(kMemoryDetail);
  out.rows(kMemoryBytesTable, "C");
  out.rows(kMemoryEventsTable, "C");
  out.group(kCpuDetail);
  out.rows(kCpuCoreTable, "C");
  out.rows(kCpuThrottlingTable, "C");
  out.group(kDiskDetail);
  out.rows(kDiskDetailTable, "C");
  out.rows(kDiskQueueTable, "C");
  return out.take();
}

}  // namespace ecs_exporter
