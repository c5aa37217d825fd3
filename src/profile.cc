// Its rows.
#include "profile.h"

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

// A member of the memory details that has no place of its own in the model.
Count other(const MemoryStats& memory, std::string_view key) {
  const NamedCounts& others = memory.detail.others;
  for (std::size_t i = others.size(); i-- > 0;) {  // of two of the same name the last
    const auto [name, value] = others[i];
    if (name == key) return value;
  }
  return std::nullopt;
}

// Of cgroup v1: with what the cgroups below the container's use, where that is sent.
Count tree(const MemoryStats& memory, std::string_view key) {
  const Count total = other(memory, "total_" + std::string(key));
  return total ? total : other(memory, key);
}

// Docker sends `anon` always on cgroup v2, and never on v1.
Count by_version(const MemoryStats& memory, Count v1, Count v2) {
  return memory.detail.anon_bytes ? v2 : v1;
}
Count only_v2(const MemoryStats& memory, std::string_view key) {
  return memory.detail.anon_bytes ? other(memory, key) : std::nullopt;
}

// On cgroup v1 the platform leaves out a 0; on v2 the same member counts something else.
Count limit_failures(const MemoryStats& memory) {
  if (!memory.detail.rss_bytes) return std::nullopt;
  return memory.limit_hits.value_or(0);
}

template <auto Read>
Sampled of_memory(const ContainerSubject& s) {
  return s.container.stats ? given(Read(s.container.stats->memory)) : std::nullopt;
}

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
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, m.detail.cache_bytes, m.detail.file_bytes);
     }>},
    {.name = "ecs_container_memory_anonymous_bytes",
     .type = kGauge,
     .help = "Memory of heaps, stacks and the like, which no file is behind.",
     .source = "stats: memory_stats.stats.rss (cgroup v1) or anon (v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, m.detail.rss_bytes, m.detail.anon_bytes);
     }>},
    {.name = "ecs_container_memory_anonymous_thp_bytes",
     .type = kGauge,
     .help = "The part of the anonymous memory that is in transparent huge pages.",
     .source = "stats: memory_stats.stats.rss_huge (cgroup v1) or anon_thp (v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, tree(m, "rss_huge"), other(m, "anon_thp"));
     }>},
    {.name = "ecs_container_memory_mapped_file_bytes",
     .type = kGauge,
     .help = "Page cache of files that are mapped into memory, tmpfs and shared memory "
             "included.",
     .source = "stats: memory_stats.stats.mapped_file (cgroup v1) or file_mapped (v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, m.detail.mapped_file_bytes, m.detail.file_mapped_bytes);
     }>},
    {.name = "ecs_container_memory_active_file_bytes",
     .type = kGauge,
     .help = "Page cache that the kernel counts as in use.",
     .source = "stats: memory_stats.stats.active_file",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, tree(m, "active_file"), other(m, "active_file"));
     }>},
    {.name = "ecs_container_memory_inactive_file_bytes",
     .type = kGauge,
     .help = "Page cache that the kernel takes back first.",
     .source = "stats: memory_stats.stats.inactive_file",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return m.detail.inactive_file_bytes; }>},
    {.name = "ecs_container_memory_dirty_bytes",
     .type = kGauge,
     .help = "Page cache that is still to be written to a disk.",
     .source = "stats: memory_stats.stats.dirty (cgroup v1) or file_dirty (v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, tree(m, "dirty"), other(m, "file_dirty"));
     }>},
    {.name = "ecs_container_memory_writeback_bytes",
     .type = kGauge,
     .help = "Page cache that is being written to a disk.",
     .source = "stats: memory_stats.stats.writeback (cgroup v1) or file_writeback (v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, tree(m, "writeback"), other(m, "file_writeback"));
     }>},
    {.name = "ecs_container_memory_unevictable_bytes",
     .type = kGauge,
     .help = "Memory that the kernel cannot take back, as it is locked.",
     .source = "stats: memory_stats.stats.unevictable",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) {
       return by_version(m, tree(m, "unevictable"), other(m, "unevictable"));
     }>},
    {.name = "ecs_container_memory_shared_bytes",
     .type = kGauge,
     .help = "Memory in tmpfs and shared memory; missing on cgroup v1.",
     .source = "stats: memory_stats.stats.shmem (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "shmem"); }>},
    {.name = "ecs_container_memory_kernel_stack_bytes",
     .type = kGauge,
     .help = "Memory of stacks in the kernel; missing on cgroup v1.",
     .source = "stats: memory_stats.stats.kernel_stack (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "kernel_stack"); }>},
    {.name = "ecs_container_memory_socket_bytes",
     .type = kGauge,
     .help = "Memory of network buffers; missing on cgroup v1.",
     .source = "stats: memory_stats.stats.sock (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "sock"); }>},
    {.name = "ecs_container_memory_slab_reclaimable_bytes",
     .type = kGauge,
     .help = "Memory of kernel objects that can be taken back, as cached directory entries; "
             "missing on cgroup v1.",
     .source = "stats: memory_stats.stats.slab_reclaimable (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "slab_reclaimable"); }>},
    {.name = "ecs_container_memory_slab_unreclaimable_bytes",
     .type = kGauge,
     .help = "Memory of kernel objects that cannot be taken back; missing on cgroup v1.",
     .source = "stats: memory_stats.stats.slab_unreclaimable (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "slab_unreclaimable"); }>},
    {.name = "ecs_container_memory_max_usage_bytes",
     .type = kGauge,
     .help = "The most memory that was in use at one time; missing on cgroup v2.",
     .source = "stats: memory_stats.max_usage",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return m.max_usage_bytes; }>},
    {.name = "ecs_container_memory_page_faults_total",
     .type = kCounter,
     .help = "Page faults, minor and major.",
     .source = "stats: memory_stats.stats.pgfault",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return m.detail.page_faults; }>},
    {.name = "ecs_container_memory_major_page_faults_total",
     .type = kCounter,
     .help = "Page faults that had to read from a disk.",
     .source = "stats: memory_stats.stats.pgmajfault",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return m.detail.major_page_faults; }>},
    {.name = "ecs_container_memory_pages_scanned_total",
     .type = kCounter,
     .help = "Pages that the kernel looked at to take some back; missing on cgroup v1.",
     .source = "stats: memory_stats.stats.pgscan (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "pgscan"); }>},
    {.name = "ecs_container_memory_pages_reclaimed_total",
     .type = kCounter,
     .help = "Pages that the kernel took back; missing on cgroup v1.",
     .source = "stats: memory_stats.stats.pgsteal (cgroup v2)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return only_v2(m, "pgsteal"); }>},
    {.name = "ecs_container_memory_limit_failures_total",
     .type = kCounter,
     .help = "Times that memory use hit the limit, which need not have ended a process; "
             "missing on cgroup v2.",
     .source = "stats: memory_stats.failcnt (cgroup v1)",
     .absent = "not sent",
     .value = of_memory<[](const MemoryStats& m) { return limit_failures(m); }>},
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

}  // namespace ecs_exporter
