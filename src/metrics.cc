// Label sets, and the one loop that prints every table.
#include "metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>

#include "profile.h"
#include "tables.h"

namespace ecs_exporter {
namespace {

// A subject and the index of its label set.
template <class Subject>
struct Labelled {
  Subject subject;
  std::size_t labels;
};

// Collects families of the wanted groups and names.
class Collector {
 public:
  Collector(const MetricsConfig& config, const MetricsFilter& filter)
      : config_(config),
        filter_(filter),
        groups_(filter.groups.value_or(config.groups) | bit(kCore)) {}

  bool wants(GroupIndex group) const { return (groups_ & bit(group)) != 0; }

  std::size_t label_set(std::size_t parent, LabelNames names, const LabelValues& values) {
    LabelSet set{.parent = parent};
    set.labels.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      set.labels.push_back({styled(names[i], config_.snake_case), values[i]});
    }
    return label_set(std::move(set));
  }
  std::size_t label_set(LabelSet set) {
    out_.label_sets.push_back(std::move(set));
    return out_.label_sets.size() - 1;
  }

  // For a label value that lives nowhere else.
  std::string_view kept(std::string text) { return out_.texts.emplace_back(std::move(text)); }

  template <class Subject>
  void add(const Table<Subject>& table, const Subject& subject, std::size_t labels) {
    add_each(table, std::array{std::pair<const Subject&, std::size_t>(subject, labels)});
  }
  template <class Subject>
  void add(const Table<Subject>& table, const std::vector<Labelled<Subject>>& subjects) {
    add_each(table, subjects);
  }

  Families take() { return std::move(out_); }

 private:
  template <class Subject, class Subjects>
  void add_each(const Table<Subject>& table, const Subjects& subjects) {
    for (const Metric<Subject>& metric : table.rows) {
      if (!filter_.names.empty() &&
          std::ranges::find(filter_.names, metric.name) == filter_.names.end())
        continue;
      Family family{metric.name, metric.type, metric.help, {}};
      family.samples.reserve(std::size(subjects));
      for (const auto& [subject, labels] : subjects) {
        const auto value = metric.value(subject);
        if (!value) continue;
        const std::size_t own =
            metric.label_values == nullptr
                ? labels
                : label_set(labels, metric.label_names, metric.label_values(subject));
        family.samples.push_back({own, *value});
      }
      if (!family.samples.empty()) out_.families.push_back(std::move(family));
    }
  }

  const MetricsConfig& config_;
  const MetricsFilter& filter_;
  Groups groups_;
  Families out_;
};

using Containers = std::vector<Labelled<ContainerSubject>>;

void add_interfaces(Collector& out, const Table<InterfaceSubject>& table,
                    const Named<InterfaceStats>* interfaces, std::size_t labels,
                    std::vector<Labelled<InterfaceSubject>>& subjects) {
  if (interfaces == nullptr) return;
  for (const auto& [name, stats] : *interfaces) {
    subjects.push_back({{stats}, out.label_set(labels, table.label_names, {out.kept(name)})});
  }
}

void add_network(Collector& out, const Task& task, std::size_t task_labels,
                 const Containers& containers) {
  std::vector<Labelled<InterfaceSubject>> of_task;
  add_interfaces(out, kTaskNetworkTable, task_interfaces(task), task_labels, of_task);
  out.add(kTaskNetworkTable, of_task);
  std::vector<Labelled<InterfaceSubject>> of_containers;
  for (const auto& [subject, labels] : containers) {
    add_interfaces(out, kContainerNetworkTable, container_interfaces(task, subject.container),
                   labels, of_containers);
  }
  out.add(kContainerNetworkTable, of_containers);
}

// Subjects that a sample has several of: `list` makes them, `values_of` says how they differ.
template <class Subject, class List, class ValuesOf>
void add_list(Collector& out, const Table<Subject>& table, const Containers& containers, List list,
              ValuesOf values_of) {
  std::vector<Labelled<Subject>> subjects;
  for (const auto& [subject, labels] : containers) {
    if (!subject.container.stats) continue;
    for (Subject& one : list(*subject.container.stats)) {
      const std::size_t own = out.label_set(labels, table.label_names, values_of(one));
      subjects.push_back({std::move(one), own});
    }
  }
  out.add(table, subjects);
}

void add_disk(Collector& out, const Containers& containers) {
  add_list(out, kDiskTable, containers, device_traffic,
           [&](const DeviceTraffic& device) -> LabelValues { return {out.kept(device.device)}; });
}

void add_memory_detail(Collector& out, const Containers& containers) {
  const auto key = [](const MemoryNumber& n) -> LabelValues { return {n.key}; };
  const auto numbers = [](bool events) {
    return [events](const ContainerStats& stats) { return memory_numbers(stats.memory, events); };
  };
  add_list(out, kMemoryBytesTable, containers, numbers(false), key);
  add_list(out, kMemoryEventsTable, containers, numbers(true), key);
}

void add_cpu_detail(Collector& out, const Containers& containers) {
  const auto cores = [](const ContainerStats& stats) { return core_times(stats.cpu); };
  add_list(out, kCpuCoreTable, containers, cores, [&](const CoreTime& core) -> LabelValues {
    return {out.kept(std::to_string(core.core))};
  });
  out.add(kCpuThrottlingTable, containers);
}

void add_disk_detail(Collector& out, const Containers& containers) {
  const auto totals = [](const ContainerStats& stats) { return block_io_totals(stats.block_io); };
  add_list(out, kDiskDetailTable, containers, totals, [&](const BlockIoNumber& n) -> LabelValues {
    return {out.kept(n.device), out.kept(n.op), n.key};
  });
  const auto queued = [](const ContainerStats& stats) { return queued_requests(stats.block_io); };
  add_list(out, kDiskQueueTable, containers, queued, [&](const BlockIoNumber& n) -> LabelValues {
    return {out.kept(n.device), out.kept(n.op)};
  });
}

void add_self(Collector& out, const SelfUse& self, std::size_t fixed_labels,
              std::size_t task_labels) {
  out.add(kSelfTable, self, task_labels);
  std::vector<Labelled<EndpointSubject>> endpoints;
  std::vector<Labelled<CountSubject>> errors;
  const auto add_endpoint = [&](std::string_view name, const EndpointUse& use) {
    const std::size_t labels = out.label_set(task_labels, kSelfEndpointTable.label_names, {name});
    endpoints.push_back({{use}, labels});
    for (const auto& [kind, count] : use.errors) {
      errors.push_back(
          {{count}, out.label_set(task_labels, kSelfErrorTable.label_names, {name, reason(kind)})});
    }
  };
  if (self.asks_for_stats) add_endpoint("stats", self.stats);
  add_endpoint("task", self.task);
  out.add(kSelfEndpointTable, endpoints);
  out.add(kSelfErrorTable, errors);
  std::vector<Labelled<CountSubject>> replies;
  // Every exporter comes to answer with 200, which others it depends on who asks for what.
  std::map<unsigned, std::uint64_t> counts = {{200, 0}};
  for (const auto& [status, count] : self.replies) counts[status] = count;
  for (const auto& [status, count] : counts) {
    replies.push_back({{count},
                       out.label_set(task_labels, kSelfReplyTable.label_names,
                                     {out.kept(std::to_string(status))})});
  }
  out.add(kSelfReplyTable, replies);
  if (self.process) out.add(kProcessTable, *self.process, fixed_labels);
}

// The labels that are the same everywhere.
std::size_t fixed_label_set(Collector& out, const MetricsConfig& config) {
  LabelSet fixed;
  for (const auto& [name, value] : config.static_labels) fixed.labels.push_back({name, value});
  return out.label_set(std::move(fixed));
}

// The labels of the task that were chosen, on top of those that are the same everywhere.
std::size_t task_label_set(Collector& out, const MetricsConfig& config, const Task& task,
                           std::size_t fixed_labels) {
  const LabelValues all = task_label_values(task);
  LabelSet chosen{.parent = fixed_labels};
  chosen.labels.reserve(config.task_labels.size());
  for (const auto& [name, index] : config.task_labels) {
    chosen.labels.push_back({name, all[index]});
  }
  return out.label_set(std::move(chosen));
}

// The endpoint sends the Docker labels of a container from its creation on. What has been sampled,
// runs or has ended without any has none.
bool knows_docker_labels(const Container& container) {
  return !container.labels.empty() || container.created || container.stats ||
         container.known_status == "RUNNING" || container.known_status == "STOPPED";
}

Containers app_containers(Collector& out, const MetricsConfig& config, const Task& task,
                          std::size_t task_labels) {
  Containers containers;
  for (const Container& container : task.containers) {
    if (!is_printed(config, container)) continue;
    // Its series would end when the labels come, and others begin.
    if (!config.docker_labels.empty() && !knows_docker_labels(container)) continue;
    LabelSet set{.parent = task_labels};
    set.labels.push_back({styled(label::kContainerName, config.snake_case), container.name});
    for (const auto& [name, key] : config.docker_labels) {
      const auto found = std::find_if(container.labels.rbegin(), container.labels.rend(),
                                      [&](const auto& label) { return label.first == key; });
      if (found != container.labels.rend()) set.labels.push_back({name, found->second});
    }
    containers.push_back({{task, container}, out.label_set(std::move(set))});
  }
  return containers;
}

void add_profile(Collector& out, const Snapshot& snapshot, std::size_t task_labels,
                 const Containers& containers) {
  if (!snapshot.task_is_current) return;
  out.add(kProfileContainerTable, containers);
  const Named<InterfaceStats> interfaces = all_interfaces(snapshot.task);
  std::vector<Labelled<InterfaceSubject>> subjects;
  add_interfaces(out, kProfileNetworkTable, &interfaces, task_labels, subjects);
  out.add(kProfileNetworkTable, subjects);
  out.add(kProfileTaskTable, snapshot.task, task_labels);
}

}  // namespace

Families collect(const Snapshot& snapshot, const MetricsConfig& config,
                 const MetricsFilter& filter) {
  Collector out(config, filter);
  const std::size_t fixed_labels = fixed_label_set(out, config);
  const Task& task = snapshot.task;
  const std::size_t task_labels = task_label_set(out, config, task, fixed_labels);
  const Containers containers = app_containers(out, config, task, task_labels);
  const bool known = snapshot.task_is_current;

  if (config.ecs_exporter_profile) {
    add_profile(out, snapshot, task_labels, containers);
    out.add(kCoreTaskTable, snapshot, task_labels);
    return out.take();
  }
  out.add(kCoreContainerTable, containers);
  out.add(kCoreTaskTable, snapshot, task_labels);
  if (out.wants(kCpu)) {
    out.add(kCpuContainerTable, containers);
    if (known) out.add(kCpuTaskTable, task, task_labels);
  }
  if (out.wants(kMemory)) out.add(kMemoryTable, containers);
  if (out.wants(kNetwork)) add_network(out, task, task_labels, containers);
  if (out.wants(kDisk)) add_disk(out, containers);
  if (out.wants(kContainer)) out.add(kContainerTable, containers);
  if (out.wants(kTask) && known) {
    out.add(kTaskInfoTable, task, fixed_labels);
    out.add(kTaskTable, task, task_labels);
  }
  if (out.wants(kMemoryDetail)) add_memory_detail(out, containers);
  if (out.wants(kCpuDetail)) add_cpu_detail(out, containers);
  if (out.wants(kDiskDetail)) add_disk_detail(out, containers);
  return out.take();
}

Families collect_self(const SelfUse& self, const Task& task, const MetricsConfig& config,
                      const MetricsFilter& filter) {
  Collector out(config, filter);
  if (!out.wants(kSelf)) return {};
  const std::size_t fixed_labels = fixed_label_set(out, config);
  add_self(out, self, fixed_labels, task_label_set(out, config, task, fixed_labels));
  return out.take();
}

}  // namespace ecs_exporter
