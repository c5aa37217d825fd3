// Its rows.
#include "profile.h"

#include "derive.h"
#include "units.h"

namespace ecs_exporter {
namespace {

using enum FamilyType;

constexpr Metric<Task> kTaskRows[] = {
    {.name = "ecs_task_metadata_info",
     .type = kGauge,
     .help = "What the task is; the value is 1.",
     .source = "task",
     .absent = "not sent",
     .value = [](const Task&) -> Sampled { return kOne; },
     .labels = [](const Task& t) -> OwnLabels {
       return {{label::kCluster, t.cluster},
               {label::kTaskArn, t.arn},
               {{"family", "family"}, t.family},
               {{"revision", "revision"}, t.revision},
               {{"desired_status", "desired_status"}, t.desired_status},
               {{"known_status", "known_status"}, t.known_status},
               {label::kZone, t.availability_zone},
               {label::kLaunchType, t.launch_type}};
     },
     .label_names = "cluster, task_arn, family, revision, desired_status, known_status, "
                    "availability_zone, launch_type"},
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

}  // namespace

const std::span<const Metric<Task>> kProfileTaskTable = kTaskRows;
const std::span<const Metric<ContainerSubject>> kProfileContainerTable = kContainerRows;
const std::span<const Metric<InterfaceSubject>> kProfileNetworkTable = kNetworkRows;

}  // namespace ecs_exporter
