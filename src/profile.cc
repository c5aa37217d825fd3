// Its rows.
#include "profile.h"

#include <algorithm>
#include <array>

#include "derive.h"
#include "units.h"

namespace ecs_exporter {
namespace {

using enum FamilyType;

constexpr LabelName kInfoLabels[] = {label::kCluster,
                                     label::kTaskArn,
                                     {"family", "family"},
                                     {"revision", "revision"},
                                     {"desired_status", "desired_status"},
                                     {"known_status", "known_status"},
                                     label::kZone,
                                     label::kLaunchType};
constexpr LabelName kInterfaceLabel[] = {label::kInterface};

constexpr Metric<Task> kTaskRows[] = {
    {.name = "ecs_task_metadata_info",
     .type = kGauge,
     .help = "What the task is; the value is 1.",
     .source = "task",
     .absent = "not sent",
     .value = [](const Task&) -> Sampled { return kOne; },
     .label_names = kInfoLabels,
     .label_values = [](const Task& t) -> LabelValues {
       return {t.cluster,
               t.arn,
               t.family,
               t.revision,
               t.desired_status,
               t.known_status,
               t.availability_zone,
               t.launch_type};
     }},
    {.name = "ecs_task_cpu_limit_vcpus",
     .type = kGauge,
     .help = "CPUs that the containers of the task may use together.",
     .source = "task: Limits.CPU",
     .absent = "not sent",
     .value = [](const Task& t) { return given(positive(t.limits.cpus)); }},
    {.name = "ecs_task_memory_limit_bytes",
     .type = kGauge,
     .help = "Memory that the containers of the task may use together.",
     .source = "task: Limits.Memory (MiB)",
     .absent = "not sent",
     .value = [](const Task& t) { return given(real_limit(bytes_from_mib(t.limits.memory_mib))); }},
    {.name = "ecs_task_ephemeral_storage_used_bytes",
     .type = kGauge,
     .help = "Ephemeral storage in use.",
     .source = "task: EphemeralStorageMetrics.Utilized (MiB)",
     .absent = "not sent",
     .value =
         [](const Task& t) { return given(bytes_from_mib(t.ephemeral_storage.utilized_mib)); }},
    {.name = "ecs_task_ephemeral_storage_allocated_bytes",
     .type = kGauge,
     .help = "Ephemeral storage that the task may use.",
     .source = "task: EphemeralStorageMetrics.Reserved (MiB)",
     .absent = "not sent",
     .value =
         [](const Task& t) { return given(bytes_from_mib(t.ephemeral_storage.reserved_mib)); }},
    {.name = "ecs_task_image_pull_start_timestamp_seconds",
     .type = kGauge,
     .help = "When the first image pull of the task began, in seconds since 1970.",
     .source = "task: PullStartedAt",
     .absent = "not sent",
     .value = [](const Task& t) { return given_time(t.pull_started); }},
    {.name = "ecs_task_image_pull_stop_timestamp_seconds",
     .type = kGauge,
     .help = "When the last image pull of the task ended, in seconds since 1970.",
     .source = "task: PullStoppedAt",
     .absent = "not sent",
     .value = [](const Task& t) { return given_time(t.pull_stopped); }},
};

constexpr Metric<ContainerSubject> kContainerRows[] = {
    {.name = "ecs_container_restarts_total",
     .type = kCounter,
     .help = "Times that the restart policy has restarted the container.",
     .source = "task: Containers[].RestartCount",
     .absent = "not sent",
     .value = [](const ContainerSubject& s) { return given(s.container.restarts); }},
    {.name = "ecs_container_cpu_usage_seconds_total",
     .type = kCounter,
     .help = "CPU time the container has used since it was created.",
     .source = "stats: cpu_stats.cpu_usage.total_usage (ns)",
     .absent = "not sent",
     .value =
         of_stats<[](const ContainerStats& s) { return seconds_from_ns(s.cpu.usage.total_ns); }>},
    {.name = "ecs_container_memory_usage_bytes",
     .type = kGauge,
     .help = "Memory in use, page cache included.",
     .source = "stats: memory_stats.usage",
     .absent = "not sent",
     .value = of_stats<[](const ContainerStats& s) { return s.memory.usage_bytes; }>},
    {.name = "ecs_container_memory_limit_bytes",
     .type = kGauge,
     .help = "The container's own memory limit, or if it has none the task's.",
     .source = "task: Containers[].Limits.Memory, Limits.Memory (MiB)",
     .absent = "not sent",
     .value = [](const ContainerSubject& s) -> Sampled {
       if (!s.container.stats) return std::nullopt;
       const Count own = real_limit(bytes_from_mib(s.container.limits.memory_mib));
       return given(own ? own : real_limit(bytes_from_mib(s.task.limits.memory_mib)));
     }},
    {.name = "ecs_container_memory_page_cache_size_bytes",
     .type = kGauge,
     .help = "Page cache, which is part of the usage.",
     .source = "stats: memory_stats.stats.cache (cgroup v1) or file (v2)",
     .absent = "not sent",
     .value = of_stats<[](const ContainerStats& s) {
       return s.memory.detail.cache_bytes ? s.memory.detail.cache_bytes
                                          : s.memory.detail.file_bytes;
     }>},
};

constexpr Metric<InterfaceSubject> kNetworkRows[] = {
    {.name = "ecs_network_receive_bytes_total",
     .type = kCounter,
     .help = "Bytes received by the task.",
     .source = "stats: networks.*.rx_bytes",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_bytes); }},
    {.name = "ecs_network_receive_packets_total",
     .type = kCounter,
     .help = "Packets received by the task.",
     .source = "stats: networks.*.rx_packets",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_packets); }},
    {.name = "ecs_network_receive_packets_dropped_total",
     .type = kCounter,
     .help = "Packets that were dropped and not received by the task.",
     .source = "stats: networks.*.rx_dropped",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_dropped); }},
    {.name = "ecs_network_receive_errors_total",
     .type = kCounter,
     .help = "Errors over packets received by the task.",
     .source = "stats: networks.*.rx_errors",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_errors); }},
    {.name = "ecs_network_transmit_bytes_total",
     .type = kCounter,
     .help = "Bytes sent by the task.",
     .source = "stats: networks.*.tx_bytes",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_bytes); }},
    {.name = "ecs_network_transmit_packets_total",
     .type = kCounter,
     .help = "Packets sent by the task.",
     .source = "stats: networks.*.tx_packets",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_packets); }},
    {.name = "ecs_network_transmit_packets_dropped_total",
     .type = kCounter,
     .help = "Packets that were dropped and not sent by the task.",
     .source = "stats: networks.*.tx_dropped",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_dropped); }},
    {.name = "ecs_network_transmit_errors_total",
     .type = kCounter,
     .help = "Errors over packets sent by the task.",
     .source = "stats: networks.*.tx_errors",
     .absent = "not sent",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_errors); }},
};

static_assert(well_formed(kTaskRows));
static_assert(well_formed(kContainerRows));
static_assert(well_formed(kNetworkRows));

// Adds each counter that `more` has.
void add_up(InterfaceStats& total, const InterfaceStats& more) {
  constexpr std::array kCounters = {&InterfaceStats::rx_bytes,  &InterfaceStats::rx_packets,
                                    &InterfaceStats::rx_errors, &InterfaceStats::rx_dropped,
                                    &InterfaceStats::tx_bytes,  &InterfaceStats::tx_packets,
                                    &InterfaceStats::tx_errors, &InterfaceStats::tx_dropped};
  for (const auto counter : kCounters) {
    if (more.*counter) total.*counter = (total.*counter).value_or(0) + *(more.*counter);
  }
}

}  // namespace

const Table<Task> kProfileTaskTable = {kTaskRows};
const Table<ContainerSubject> kProfileContainerTable = {kContainerRows};
const Table<InterfaceSubject> kProfileNetworkTable = {kNetworkRows, kInterfaceLabel};

std::vector<LabelName> profile_label_names() {
  std::vector<LabelName> names;
  names.push_back(label::kContainerName);
  append_label_names(names, kProfileTaskTable, kProfileContainerTable, kProfileNetworkTable);
  return names;
}

Named<InterfaceStats> all_interfaces(const Task& task) {
  if (const auto* of_task = task_interfaces(task)) return *of_task;
  Named<InterfaceStats> sums;
  for (const Container& container : task.containers) {
    const auto* own = is_app(container) ? container_interfaces(task, container) : nullptr;
    if (own == nullptr) continue;
    for (const auto& [name, stats] : *own) {
      auto found = std::ranges::find(sums, name, &std::pair<std::string, InterfaceStats>::first);
      if (found == sums.end()) found = sums.insert(sums.end(), {name, {}});
      add_up(found->second, stats);
    }
  }
  return sums;
}

}  // namespace ecs_exporter
