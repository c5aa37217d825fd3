// Which metrics are wanted and which labels stand on them: the user's words, checked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "error.h"
#include "metric.h"
#include "model.h"
#include "pattern.h"

namespace ecs_exporter {

/// A group of metrics, which is switched as a whole.
struct Group {
  std::string_view name;
  bool by_default;
  std::string_view about;
};

// The order of the groups is the order of their output.
enum GroupIndex : std::uint8_t {
  kCore,
  kCpu,
  kMemory,
  kNetwork,
  kDisk,
  kContainer,
  kTask,
  kSelf,
  kMemoryDetail,
  kCpuDetail,
  kDiskDetail
};
inline constexpr std::array<Group, 11> kGroups = {{
    {"core", true, "The specification's. Always on."},
    {"cpu", true, "CPU time and reservations."},
    {"memory", true, "Memory by kind."},
    {"network", true,
     "Traffic: in network mode awsvpc of the task, else of each container. Where the endpoint has "
     "no "
     "counters for awsvpc there are none: agents before 1.43.0, Fargate before platform version "
     "1.4, "
     "and ECS Managed Instances where their agent sends none."},
    {"disk", true, "Block I/O by device."},
    {"container", true, "State of each container. These stay when it has stopped."},
    {"task", true, "The task itself."},
    {"self", true, "This exporter."},
    {"memory_detail", false, "All other memory statistics of the platform."},
    {"cpu_detail", false, "CPU time by core, throttling."},
    {"disk_detail", false, "All other block I/O statistics (cgroup v1)."},
}};

/// What a user says about metrics and labels, as words.
struct MetricsChoices {
  std::vector<std::string> groups;         // empty: the default ones
  std::vector<std::string> task_labels;    // empty: the five of the specification; or "none"
  std::vector<std::string> docker_labels;  // keys
  Named<std::string> static_labels;
  bool snake_case = false;
  bool ecs_exporter_profile = false;
  bool stats = true;               // false: the endpoint has none for this task, ever
  std::string include_containers;  // a regular expression; "": all
  std::string exclude_containers;  // a regular expression; "": none
};

/// A set of groups of metrics, a bit each.
using Groups = std::uint32_t;

constexpr Groups bit(GroupIndex group) { return 1U << static_cast<unsigned>(group); }

/// The same, checked, as `collect` uses it.
struct MetricsConfig {
  struct TaskLabel {
    std::string_view name;
    std::size_t index;  // in kTaskLabelNames
  };
  struct DockerLabel {
    std::string name;
    std::string key;
  };
  struct StaticLabel {
    std::string name;
    std::string value;
  };
  Groups groups = 0;
  std::vector<TaskLabel> task_labels;
  std::vector<DockerLabel> docker_labels;
  std::vector<StaticLabel> static_labels;
  bool snake_case = false;
  bool ecs_exporter_profile = false;
  bool stats = true;
  std::optional<Pattern> include;
  std::optional<Pattern> exclude;
};

/// Errors: kUsage, one sentence on the option and the word: an unknown group or label, a name that
/// is none, two labels of the same name, a bad regular expression.
Result<MetricsConfig> make_metrics_config(const MetricsChoices& choices);

/// What one request wants of it.
struct MetricsFilter {
  std::optional<Groups> groups;    // instead of the configured ones
  std::vector<std::string> names;  // exact names of families; empty: all

  bool empty() const { return !groups && names.empty(); }
};

/// From the values of `collect[]`, `exclude[]` and `name[]` in a request.
/// Errors: kUsage, one sentence: both of the first two, an unknown group, or core excluded.
Result<MetricsFilter> make_metrics_filter(const MetricsConfig& config,
                                          const std::vector<std::string>& collect,
                                          const std::vector<std::string>& exclude,
                                          std::vector<std::string> names);

/// True if `container` has series: one of an app, by a name that is wanted.
bool is_printed(const MetricsConfig& config, const Container& container);

/// `name` in the style of `config`.
std::string_view styled(const LabelName& name, bool snake_case);

}  // namespace ecs_exporter
