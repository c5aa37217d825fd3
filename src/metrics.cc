// The tables of metrics. A metric is a row; its subject decides the labels.
#include "metrics.h"

#include <algorithm>
#include <optional>

#include "units.h"

namespace ecs_exporter {
namespace {

// A cgroup without a limit says a number near 2^63 or 2^64: no machine has a quarter of that.
constexpr std::uint64_t kNoLimit = 1ULL << 62U;

// A metric of one subject. `source` says where the value comes from, for the documents.
template <class Subject>
struct Metric {
  std::string_view name;
  FamilyType type;
  std::string_view help;
  std::string_view source;
  std::optional<Value> (*value)(const Subject&);
};

// A container with the task around it.
struct ContainerSubject {
  const Task& task;
  const Container& container;
};

template <class T>
std::optional<Value> given(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return Value(*value);
}

// ---- how values are derived ----

// The smallest of the limits that hold for the container.
Count effective_memory_limit(const ContainerSubject& subject) {
  Count smallest;
  const auto consider = [&](Count limit) {
    if (!limit || *limit == 0 || *limit >= kNoLimit) return;
    smallest = std::min(smallest.value_or(*limit), *limit);
  };
  consider(bytes_from_mib(subject.container.limits.memory_mib));
  consider(bytes_from_mib(subject.task.limits.memory_mib));
  if (const auto& stats = subject.container.stats) {
    consider(stats->memory.limit_bytes);
    consider(stats->memory.detail.hierarchical_memory_limit_bytes);
  }
  return smallest;
}

// The time from the previous sample to this one. Absent if there was no previous one.
Real window_seconds(const ContainerStats& stats) {
  if (!stats.read || !stats.preread || is_never(*stats.preread)) return std::nullopt;
  const double seconds = seconds_between(*stats.preread, *stats.read);
  return seconds > 0 ? Real(seconds) : std::nullopt;
}

// The CPU time used from the previous sample to this one.
Count cpu_used_ns(const ContainerStats& stats) {
  const Count before = stats.precpu.usage.total_ns;
  const Count now = stats.cpu.usage.total_ns;
  if (!before || !now || *now < *before) return std::nullopt;
  // Docker's first frame has zeros for the sample before it.
  if (*before == 0 && stats.precpu.system_ns.value_or(0) == 0) return std::nullopt;
  return *now - *before;
}

// The share of all CPUs of the host over the sample's window.
Real cpu_share(const ContainerStats& stats) {
  const Real window = window_seconds(stats);
  const Count used = cpu_used_ns(stats);
  if (!window || !used) return std::nullopt;
  double available = 0;
  if (stats.cpu.system_ns && stats.precpu.system_ns) {
    if (*stats.cpu.system_ns <= *stats.precpu.system_ns) return std::nullopt;
    available = static_cast<double>(*stats.cpu.system_ns - *stats.precpu.system_ns);
  } else {
    // Without the host's time (early Fargate 1.4) all its CPUs over the window are as much.
    if (stats.cpu.online_cpus.value_or(0) == 0) return std::nullopt;
    available = *window * 1e9 * static_cast<double>(*stats.cpu.online_cpus);
  }
  return static_cast<double>(*used) / available;
}

// ---- the tables ----

constexpr Metric<ContainerSubject> kContainerMetrics[] = {
    {.name = "ecs_container_mem_usage_bytes",
     .type = FamilyType::kGauge,
     .help = "Memory in use, page cache included.",
     .source = "stats: memory_stats.usage",
     .value = [](const ContainerSubject& s) -> std::optional<Value> {
       if (!s.container.stats) return std::nullopt;
       return given(s.container.stats->memory.usage_bytes);
     }},
    {.name = "ecs_container_mem_max_usage_bytes",
     .type = FamilyType::kGauge,
     .help = "The most memory that was in use at one time since the container was created; where "
             "the platform does not report it (cgroup v2), since this exporter first saw it.",
     .source = "stats: memory_stats.max_usage, or the highest memory_stats.usage seen",
     .value = [](const ContainerSubject& s) -> std::optional<Value> {
       if (!s.container.stats) return std::nullopt;
       const Count reported = s.container.stats->memory.max_usage_bytes;
       return given(reported ? reported : s.container.peak_usage_bytes);
     }},
    {.name = "ecs_container_mem_limit_bytes",
     .type = FamilyType::kGauge,
     .help = "The most memory that the container can use: the smallest of its own limit, the "
             "task's limit and the limit of its cgroup; missing if there is none.",
     .source = "task: Containers[].Limits.Memory (MiB), Limits.Memory (MiB); stats: "
               "memory_stats.limit, memory_stats.stats.hierarchical_memory_limit",
     .value = [](const ContainerSubject& s) { return given(effective_memory_limit(s)); }},
    {.name = "ecs_container_cpu_usage",
     .type = FamilyType::kGauge,
     .help = "CPU time used as a share of all CPUs of the host, from 0 to 1, between the last two "
             "samples that the endpoint has; missing until there are two.",
     .source = "stats: cpu_stats and precpu_stats, cpu_usage.total_usage over system_cpu_usage",
     .value = [](const ContainerSubject& s) -> std::optional<Value> {
       if (!s.container.stats) return std::nullopt;
       return given(cpu_share(*s.container.stats));
     }},
};

constexpr Metric<Snapshot> kSnapshotMetrics[] = {
    {.name = "ecs_container_exporter_up",
     .type = FamilyType::kGauge,
     .help = "1 if this scrape met no error, else 0: a request that failed, a reply that could not "
             "be read in full, or a running container without stats.",
     .source = "this exporter",
     .value = [](const Snapshot& s) -> std::optional<Value> { return s.up ? 1UL : 0UL; }},
};

constexpr bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

template <class Subject>
constexpr bool well_formed(const Metric<Subject>& metric) {
  return is_name(metric.name) &&
         (metric.type == FamilyType::kCounter) == metric.name.ends_with("_total") &&
         metric.help.ends_with('.') && !metric.source.empty();
}
static_assert(std::ranges::all_of(kContainerMetrics, well_formed<ContainerSubject>));
static_assert(std::ranges::all_of(kSnapshotMetrics, well_formed<Snapshot>));

// ---- the loop ----

// A subject and the labels of its series.
template <class Subject>
struct Labelled {
  Subject subject;
  std::size_t labels;
};

template <class Subject, std::size_t Rows>
void add(Families& out, const Metric<Subject> (&table)[Rows],
         const std::vector<Labelled<Subject>>& subjects) {
  for (const Metric<Subject>& metric : table) {
    Family family{metric.name, metric.type, metric.help, {}};
    for (const auto& [subject, labels] : subjects) {
      if (const auto value = metric.value(subject)) family.samples.push_back({labels, *value});
    }
    if (!family.samples.empty()) out.families.push_back(std::move(family));
  }
}

LabelSet task_labels(const Task& task) {
  return {.labels = {{"Cluster", task.cluster},
                     {"TaskARN", task.arn},
                     {"TaskDefinitionFamily", task.family},
                     {"TaskDefinitionRevision", task.revision},
                     {"AvailabilityZone", task.availability_zone}}};
}

}  // namespace

Families collect(const Snapshot& snapshot) {
  Families out;
  out.label_sets.push_back(task_labels(snapshot.task));
  constexpr std::size_t kTaskLabels = 0;

  std::vector<Labelled<ContainerSubject>> containers;
  for (const Container& container : snapshot.task.containers) {
    if (!is_app(container)) continue;
    containers.push_back({{snapshot.task, container}, out.label_sets.size()});
    out.label_sets.push_back(
        {.parent = kTaskLabels, .labels = {{"ContainerName", container.name}}});
  }
  add(out, kContainerMetrics, containers);
  add(out, kSnapshotMetrics, {{snapshot, kTaskLabels}});
  return out;
}

}  // namespace ecs_exporter
