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
  void rows(std::span<const Metric<Subject>> table, std::string_view labels) {
    for (const Metric<Subject>& row : table) {
      std::string own(labels);
      if (!row.label_names.empty()) {
        if (!own.empty()) own += ", ";
        own += row.label_names;
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
  std::string text_ =
      "# Metrics\n\n"
      "What `ecs-task-metadata-exporter metrics` prints: every metric, by group. `T` stands for "
      "the "
      "labels of the task that `--labels.task` chooses and those of `--labels.static`, `C` for "
      "these, "
      "`ContainerName` and those of `--labels.docker`. A family without a sample is not printed; a "
      "value that the endpoint does not send is no sample, and never 0, unless the platform leaves "
      "zeros out by rule. \"task\" and \"stats\" are "
      "the "
      "replies to `/task` and `/task/stats`.\n";
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
  out.rows(kTaskNetworkTable, "T, Interface");
  out.rows(kContainerNetworkTable, "C, Interface");
  out.group(kDisk);
  out.rows(kDiskTable, "C, Device");
  out.group(kContainer);
  out.rows(kContainerTable, "C");
  out.group(kTask);
  out.rows(kTaskInfoTable, "");
  out.rows(kTaskTable, "T");
  out.group(kSelf);
  out.rows(kSelfTable, "T");
  out.rows(kSelfEndpointTable, "T, Endpoint");
  out.rows(kSelfErrorTable, "T, Endpoint, Reason");
  out.rows(kSelfReplyTable, "T, Code");
  out.rows(kProcessTable, "");
  out.group(kMemoryDetail);
  out.rows(kMemoryBytesTable, "C, Key");
  out.rows(kMemoryEventsTable, "C, Key");
  out.group(kCpuDetail);
  out.rows(kCpuCoreTable, "C, Core");
  out.rows(kCpuThrottlingTable, "C");
  out.group(kDiskDetail);
  out.rows(kDiskDetailTable, "C, Device, Op, Key");
  out.rows(kDiskQueueTable, "C, Device, Op");
  return out.take();
}

}  // namespace ecs_exporter
