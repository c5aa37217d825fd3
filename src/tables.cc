// The rows. A new metric is a new row: then `make golden`, and read the diff.
#include "tables.h"

#include <algorithm>
#include <iterator>

#include "units.h"
#include "version.h"

namespace ecs_exporter {
namespace {

using enum FamilyType;

constexpr LabelName kTaskInfoLabels[] = {
    label::kCluster,    label::kTaskArn, label::kFamily,      label::kRevision,
    label::kZone,       label::kTaskId,  label::kClusterName, label::kServiceName,
    label::kLaunchType, label::kRegion,  label::kAccountId,   label::kZoneId,
    label::kVpcId,      label::kGroup,   label::kNetworkMode};
constexpr LabelName kContainerInfoLabels[] = {
    label::kImage,        label::kImageId,   label::kDockerId,   label::kDockerName,
    label::kContainerArn, label::kLogDriver, label::kSnapshotter};
constexpr LabelName kStatusLabel[] = {label::kStatus};
constexpr LabelName kBuildLabels[] = {label::kVersion, label::kRevisionOfBuild, label::kCompiler,
                                      label::kArch};
constexpr LabelName kInterfaceLabel[] = {label::kInterface};
constexpr LabelName kDeviceLabel[] = {label::kDevice};
constexpr LabelName kBlockIoLabels[] = {label::kDevice, label::kOp, label::kKey};
constexpr LabelName kQueueLabels[] = {label::kDevice, label::kOp};
constexpr LabelName kKeyLabel[] = {label::kKey};
constexpr LabelName kCoreLabel[] = {label::kCore};
constexpr LabelName kEndpointLabel[] = {label::kEndpoint};
constexpr LabelName kErrorLabels[] = {label::kEndpoint, label::kReason};
constexpr LabelName kCodeLabel[] = {label::kCode};

constexpr Metric<ContainerSubject> kCoreContainerRows[] = {
    {.name = "ecs_container_mem_usage_bytes",
     .type = kGauge,
     .help = "Memory in use, page cache included.",
     .source = "stats: memory_stats.usage",
     .absent = "not running, or no sample yet",
     .value = of_stats<[](const ContainerStats& s) { return s.memory.usage_bytes; }>},
    {.name = "ecs_container_mem_max_usage_bytes",
     .type = kGauge,
     .help = "The most memory that was in use at one time since the container was created; "
             "where the platform does not report it (cgroup v2), the highest usage that this "
             "exporter has seen at a scrape, and so less than what was reached between two.",
     .source =
         "stats: memory_stats.max_usage; else the highest memory_stats.usage seen at a scrape",
     .absent = "not running, or no sample yet",
     .value = [](const ContainerSubject& s) { return given(peak_memory(s.container)); }},
    {.name = "ecs_container_mem_limit_bytes",
     .type = kGauge,
     .help = "The most memory that the container can use: the smallest of its own limit, the "
             "task's limit and the limit of its cgroup, which on EC2 is the host's memory where "
             "nothing else is set; missing if there is none.",
     .source = "task: Containers[].Limits.Memory, Limits.Memory (MiB); stats: "
               "memory_stats.limit, memory_stats.stats.hierarchical_memory_limit",
     .absent = "none is set, and there is no sample or its cgroup has none",
     .value =
         [](const ContainerSubject& s) {
           return given(effective_memory_limit(s.task, s.container));
         }},
    {.name = "ecs_container_cpu_usage",
     .type = kGauge,
     .help = "CPU time used as a share of all CPUs of the host, from 0 to 1, between the "
             "last two samples that the endpoint has; missing until there are two.",
     .source = "stats: cpu_usage.total_usage of cpu_stats and precpu_stats, over "
               "system_cpu_usage; without that, over (read - preread) * online_cpus",
     .absent = "fewer than two samples, or neither host time nor a count of CPUs (Windows)",
     .value = of_stats<[](const ContainerStats& s) { return cpu_share(s); }>},
};

constexpr Metric<Snapshot> kCoreTaskRows[] = {
    {.name = "ecs_container_exporter_up",
     .type = kGauge,
     .help = "1 if this scrape met no error, else 0: a request that failed, a reply that "
             "could not be read in full, or a running container without stats.",
     .source = "this exporter",
     .absent = "never",
     .value = [](const Snapshot& s) -> Sampled { return s.up ? kOne : kZero; }},
};

constexpr Metric<ContainerSubject> kCpuContainerRows[] = {
    {.name = "ecs_container_cpu_usage_seconds_total",
     .type = kCounter,
     .help = "CPU time the container has used since it was created.",
     .source = "stats: cpu_stats.cpu_usage.total_usage (ns)",
     .absent = "not running, or no sample yet",
     .value =
         of_stats<[](const ContainerStats& s) { return seconds_from_ns(s.cpu.usage.total_ns); }>},
    {.name = "ecs_container_cpu_user_seconds_total",
     .type = kCounter,
     .help = "CPU time the container has used in user mode; with the system time it need not "
             "add up to the usage, as the kernel counts them apart.",
     .source = "stats: cpu_stats.cpu_usage.usage_in_usermode (ns)",
     .absent = "not running, or no sample yet",
     .value =
         of_stats<[](const ContainerStats& s) { return seconds_from_ns(s.cpu.usage.user_ns); }>},
    {.name = "ecs_container_cpu_system_seconds_total",
     .type = kCounter,
     .help = "CPU time the container has used in kernel mode.",
     .source = "stats: cpu_stats.cpu_usage.usage_in_kernelmode (ns)",
     .absent = "not running, or no sample yet",
     .value =
         of_stats<[](const ContainerStats& s) { return seconds_from_ns(s.cpu.usage.kernel_ns); }>},
    {.name = "ecs_container_cpu_usage_cores",
     .type = kGauge,
     .help = "CPUs in use, between the last two samples that the endpoint has; missing until "
             "there are two.",
     .source = "stats: cpu_usage.total_usage of cpu_stats and precpu_stats, over read - "
               "preread",
     .absent = "fewer than two samples, or ten minutes between them",
     .value = of_stats<[](const ContainerStats& s) { return cpu_cores(s); }>},
    {.name = "ecs_container_cpu_reservation_cores",
     .type = kGauge,
     .help = "CPUs the task definition reserves for the container; missing if it reserves "
             "none.",
     .source = "task: Containers[].Limits.CPU (1024 units a CPU)",
     .absent = "0, 1 or 2 units, which stand for none",
     .value = [](const ContainerSubject& s) { return given(reserved_cores(s.container.limits)); }},
};

constexpr Metric<Task> kCpuTaskRows[] = {
    {.name = "ecs_task_host_cpus",
     .type = kGauge,
     .help = "CPUs of the host that the task runs on.",
     .source = "stats: cpu_stats.online_cpus of the newest sample",
     .absent = "the platform does not report it (Windows, early Fargate 1.4)",
     .value = [](const Task& t) -> Sampled {
       const ContainerStats* const newest = newest_sample(t);
       return newest == nullptr ? std::nullopt : given(newest->cpu.online_cpus);
     }},
    {.name = "ecs_task_host_cpu_seconds_total",
     .type = kCounter,
     .help = "CPU time of all CPUs of the host together, idle time included, since it was "
             "started.",
     .source =
         "stats: cpu_stats.system_cpu_usage (ns) of the newest sample that has it, never of an "
         "older one than before",
     .absent = "the platform does not report it (Windows, early Fargate 1.4)",
     .value = [](const Task& t) { return given(seconds_from_ns(host_cpu_ns(t))); }},
};

constexpr Metric<ContainerSubject> kMemoryRows[] = {
    {.name = "ecs_container_mem_working_set_bytes",
     .type = kGauge,
     .help = "Memory in use without inactive file cache, which the kernel takes back before "
             "it kills: what to compare with the limit.",
     .source = "stats: memory_stats.usage - total_inactive_file (cgroup v1) or inactive_file "
               "(v2)",
     .absent = "the platform does not report the cache (Windows)",
     .value = of_stats<[](const ContainerStats& s) { return working_set(s.memory); }>},
    {.name = "ecs_container_mem_rss_bytes",
     .type = kGauge,
     .help = "Anonymous memory in use: heap, stacks and the like, no files.",
     .source = "stats: memory_stats.stats.total_rss, else rss (cgroup v1), or anon (v2)",
     .absent = "Windows",
     .value = of_stats<[](const ContainerStats& s) {
       return s.memory.detail.rss_bytes ? s.memory.detail.rss_bytes : s.memory.detail.anon_bytes;
     }>},
    {.name = "ecs_container_mem_cache_bytes",
     .type = kGauge,
     .help = "Page cache: memory that holds contents of files.",
     .source = "stats: memory_stats.stats.total_cache, else cache (cgroup v1), or file (v2)",
     .absent = "Windows",
     .value = of_stats<[](const ContainerStats& s) {
       return s.memory.detail.cache_bytes ? s.memory.detail.cache_bytes
                                          : s.memory.detail.file_bytes;
     }>},
    {.name = "ecs_container_mem_mapped_file_bytes",
     .type = kGauge,
     .help = "Page cache of files that are mapped into memory.",
     .source = "stats: memory_stats.stats.total_mapped_file, else mapped_file (cgroup v1), or "
               "file_mapped (v2)",
     .absent = "Windows",
     .value = of_stats<[](const ContainerStats& s) {
       return s.memory.detail.mapped_file_bytes ? s.memory.detail.mapped_file_bytes
                                                : s.memory.detail.file_mapped_bytes;
     }>},
    {.name = "ecs_container_mem_swap_bytes",
     .type = kGauge,
     .help = "Swap in use; missing on cgroup v2.",
     .source = "stats: memory_stats.stats.total_swap, else swap (cgroup v1)",
     .absent = "cgroup v2, no swap accounting, Windows",
     .value = of_stats<[](const ContainerStats& s) { return s.memory.detail.swap_bytes; }>},
    {.name = "ecs_container_mem_page_faults_total",
     .type = kCounter,
     .help = "Page faults, minor and major, since the container was last started.",
     .source = "stats: memory_stats.stats.total_pgfault (cgroup v1), else pgfault",
     .absent = "Windows",
     .value = of_stats<[](const ContainerStats& s) { return s.memory.detail.page_faults; }>},
    {.name = "ecs_container_mem_major_page_faults_total",
     .type = kCounter,
     .help = "Page faults that had to read from a disk, since the container was last started.",
     .source = "stats: memory_stats.stats.total_pgmajfault (cgroup v1), else pgmajfault",
     .absent = "Windows",
     .value = of_stats<[](const ContainerStats& s) { return s.memory.detail.major_page_faults; }>},
    {.name = "ecs_container_mem_limit_hits_total",
     .type = kCounter,
     .help = "Times that memory use hit the limit (cgroup v1) or that the kernel found "
             "itself out of memory in the container (v2), which often is the kill.",
     .source = "stats: memory_stats.failcnt; 0 where Linux leaves it out",
     .absent = "Windows",
     .value = of_stats<[](const ContainerStats& s) { return s.memory.limit_hits; }>},
};

constexpr Metric<InterfaceSubject> kTaskNetworkRows[] = {
    {.name = "ecs_task_network_receive_bytes_total",
     .type = kCounter,
     .help = "Bytes received by the task, which its containers share in network mode awsvpc.",
     .source = "stats: networks.*.rx_bytes",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_bytes); }},
    {.name = "ecs_task_network_receive_packets_total",
     .type = kCounter,
     .help = "Packets received by the task, which its containers share in network mode "
             "awsvpc.",
     .source = "stats: networks.*.rx_packets",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_packets); }},
    {.name = "ecs_task_network_receive_errors_total",
     .type = kCounter,
     .help = "Errors while receiving by the task, which its containers share in network mode "
             "awsvpc.",
     .source = "stats: networks.*.rx_errors",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_errors); }},
    {.name = "ecs_task_network_receive_packets_dropped_total",
     .type = kCounter,
     .help = "Packets dropped while receiving by the task, which its containers share in "
             "network mode awsvpc.",
     .source = "stats: networks.*.rx_dropped",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_dropped); }},
    {.name = "ecs_task_network_transmit_bytes_total",
     .type = kCounter,
     .help = "Bytes sent by the task, which its containers share in network mode awsvpc.",
     .source = "stats: networks.*.tx_bytes",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_bytes); }},
    {.name = "ecs_task_network_transmit_packets_total",
     .type = kCounter,
     .help = "Packets sent by the task, which its containers share in network mode awsvpc.",
     .source = "stats: networks.*.tx_packets",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_packets); }},
    {.name = "ecs_task_network_transmit_errors_total",
     .type = kCounter,
     .help = "Errors while sending by the task, which its containers share in network mode "
             "awsvpc.",
     .source = "stats: networks.*.tx_errors",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_errors); }},
    {.name = "ecs_task_network_transmit_packets_dropped_total",
     .type = kCounter,
     .help = "Packets dropped while sending by the task, which its containers share in "
             "network mode awsvpc.",
     .source = "stats: networks.*.tx_dropped",
     .absent = "any network mode but awsvpc; the first 10 s of a task",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_dropped); }},
};

constexpr Metric<InterfaceSubject> kContainerNetworkRows[] = {
    {.name = "ecs_container_network_receive_bytes_total",
     .type = kCounter,
     .help = "Bytes received by the container; missing in network mode awsvpc, where only "
             "the task has counters, and in host.",
     .source = "stats: networks.*.rx_bytes",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_bytes); }},
    {.name = "ecs_container_network_receive_packets_total",
     .type = kCounter,
     .help = "Packets received by the container; missing in network mode awsvpc, where only "
             "the task has counters, and in host.",
     .source = "stats: networks.*.rx_packets",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_packets); }},
    {.name = "ecs_container_network_receive_errors_total",
     .type = kCounter,
     .help = "Errors while receiving by the container; missing in network mode awsvpc, where "
             "only the task has counters, and in host.",
     .source = "stats: networks.*.rx_errors",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_errors); }},
    {.name = "ecs_container_network_receive_packets_dropped_total",
     .type = kCounter,
     .help = "Packets dropped while receiving by the container; missing in network mode "
             "awsvpc, where only the task has counters, and in host.",
     .source = "stats: networks.*.rx_dropped",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.rx_dropped); }},
    {.name = "ecs_container_network_transmit_bytes_total",
     .type = kCounter,
     .help = "Bytes sent by the container; missing in network mode awsvpc, where only the "
             "task has counters, and in host.",
     .source = "stats: networks.*.tx_bytes",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_bytes); }},
    {.name = "ecs_container_network_transmit_packets_total",
     .type = kCounter,
     .help = "Packets sent by the container; missing in network mode awsvpc, where only the "
             "task has counters, and in host.",
     .source = "stats: networks.*.tx_packets",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_packets); }},
    {.name = "ecs_container_network_transmit_errors_total",
     .type = kCounter,
     .help = "Errors while sending by the container; missing in network mode awsvpc, where "
             "only the task has counters, and in host.",
     .source = "stats: networks.*.tx_errors",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_errors); }},
    {.name = "ecs_container_network_transmit_packets_dropped_total",
     .type = kCounter,
     .help = "Packets dropped while sending by the container; missing in network mode "
             "awsvpc, where only the task has counters, and in host.",
     .source = "stats: networks.*.tx_dropped",
     .absent = "network mode awsvpc, host or none",
     .value = [](const InterfaceSubject& s) { return given(s.stats.tx_dropped); }},
};

constexpr Metric<DeviceTraffic> kDiskRows[] = {
    {.name = "ecs_container_disk_read_bytes_total",
     .type = kCounter,
     .help = "Bytes read from the device. Stacked devices (device mapper over a disk) show "
             "the same traffic each.",
     .source = "stats: blkio_stats.io_service_bytes_recursive, op read; Windows: "
               "storage_stats.read_size_bytes",
     .absent = "no I/O yet",
     .value = [](const DeviceTraffic& d) { return given(d.read_bytes); }},
    {.name = "ecs_container_disk_written_bytes_total",
     .type = kCounter,
     .help = "Bytes written to the device. Stacked devices (device mapper over a disk) show "
             "the same traffic each.",
     .source = "stats: blkio_stats.io_service_bytes_recursive, op write; Windows: "
               "storage_stats.write_size_bytes",
     .absent = "no I/O yet",
     .value = [](const DeviceTraffic& d) { return given(d.written_bytes); }},
    {.name = "ecs_container_disk_reads_completed_total",
     .type = kCounter,
     .help = "Reads from the device. Stacked devices (device mapper over a disk) show the "
             "same traffic each.",
     .source = "stats: blkio_stats.io_serviced_recursive, op read; Windows: "
               "storage_stats.read_count_normalized",
     .absent = "no I/O yet; cgroup v2",
     .value = [](const DeviceTraffic& d) { return given(d.reads); }},
    {.name = "ecs_container_disk_writes_completed_total",
     .type = kCounter,
     .help = "Writes to the device. Stacked devices (device mapper over a disk) show the "
             "same traffic each.",
     .source = "stats: blkio_stats.io_serviced_recursive, op write; Windows: "
               "storage_stats.write_count_normalized",
     .absent = "no I/O yet; cgroup v2",
     .value = [](const DeviceTraffic& d) { return given(d.writes); }},
};

constexpr Metric<ContainerSubject> kContainerRows[] = {
    {.name = "ecs_container_info",
     .type = kGauge,
     .help = "What the container was made from and is called; the value is 1.",
     .source = "task: Containers[]",
     .absent = "never",
     .value = [](const ContainerSubject&) -> Sampled { return kOne; },
     .label_names = kContainerInfoLabels,
     .label_values = [](const ContainerSubject& s) -> LabelValues {
       const Container& c = s.container;
       return {c.image, c.image_id, c.docker_id, c.docker_name, c.arn, c.log_driver, c.snapshotter};
     }},
    {.name = "ecs_container_status",
     .type = kGauge,
     .help = "The status of the container is the one in the label; the value is 1.",
     .source = "task: Containers[].KnownStatus",
     .absent = "not sent",
     .value =
         [](const ContainerSubject& s) {
           return s.container.known_status.empty() ? Sampled() : Sampled(kOne);
         },
     .label_names = kStatusLabel,
     .label_values = [](const ContainerSubject& s) -> LabelValues {
       return {s.container.known_status};
     }},
    {.name = "ecs_container_running",
     .type = kGauge,
     .help = "1 if the container is RUNNING, else 0.",
     .source = "task: Containers[].KnownStatus",
     .absent = "not sent",
     .value = [](const ContainerSubject& s) -> Sampled {
       if (s.container.known_status.empty()) return std::nullopt;
       return s.container.known_status == "RUNNING" ? kOne : kZero;
     }},
    {.name = "ecs_container_health_status",
     .type = kGauge,
     .help = "The health of the container is the one in the label: HEALTHY, UNHEALTHY or "
             "UNKNOWN; the value is 1.",
     .source = "task: Containers[].Health.status",
     .absent = "no health check in the task definition",
     .value =
         [](const ContainerSubject& s) { return s.container.health ? Sampled(kOne) : Sampled(); },
     .label_names = kStatusLabel,
     .label_values = [](const ContainerSubject& s) -> LabelValues {
       const std::string_view status = s.container.health->status;
       return {status.empty() ? std::string_view("UNKNOWN") : status};
     }},
    {.name = "ecs_container_health_since_timestamp_seconds",
     .type = kGauge,
     .help = "When the health of the container last changed, in seconds since 1970.",
     .source = "task: Containers[].Health.statusSince",
     .absent = "no health check, or no result yet",
     .value = [](const ContainerSubject& s) -> Sampled {
       return s.container.health ? given_time(s.container.health->status_since) : std::nullopt;
     }},
    {.name = "ecs_container_exit_code",
     .type = kGauge,
     .help = "Exit code of the container; missing until it has exited.",
     .source = "task: Containers[].ExitCode",
     .absent = "it has not exited",
     .value = [](const ContainerSubject& s) -> Sampled {
       const auto code = s.container.exit_code;
       if (!code) return std::nullopt;
       return *code < 0 ? Value(static_cast<double>(*code))
                        : Value(static_cast<std::uint64_t>(*code));
     }},
    {.name = "ecs_container_restarts_total",
     .type = kCounter,
     .help = "Times that the restart policy has restarted the container.",
     .source = "task: Containers[].RestartCount",
     .absent = "no restart policy in the task definition, or an agent before 1.86.0",
     .value = [](const ContainerSubject& s) { return given(s.container.restarts); }},
    {.name = "ecs_container_created_timestamp_seconds",
     .type = kGauge,
     .help = "When the container was created, in seconds since 1970.",
     .source = "task: Containers[].CreatedAt",
     .absent = "it has not happened yet",
     .value = [](const ContainerSubject& s) { return given_time(s.container.created); }},
    {.name = "ecs_container_started_timestamp_seconds",
     .type = kGauge,
     .help = "When the container was first started, in seconds since 1970; a restart policy "
             "does not change it.",
     .source = "task: Containers[].StartedAt",
     .absent = "it has not happened yet",
     .value = [](const ContainerSubject& s) { return given_time(s.container.started); }},
    {.name = "ecs_container_finished_timestamp_seconds",
     .type = kGauge,
     .help = "When the container last exited, in seconds since 1970; it may run again.",
     .source = "task: Containers[].FinishedAt",
     .absent = "it has not happened yet",
     .value = [](const ContainerSubject& s) { return given_time(s.container.finished); }},
    {.name = "ecs_container_pids",
     .type = kGauge,
     .help = "Processes and threads in the container.",
     .source = "stats: pids_stats.current",
     .absent = "Fargate, Windows",
     .value = of_stats<[](const ContainerStats& s) { return s.pids.current; }>},
    {.name = "ecs_container_pids_limit",
     .type = kGauge,
     .help = "The most processes and threads that the container may have; missing if there "
             "is no limit.",
     .source = "stats: pids_stats.limit",
     .absent = "there is no limit; Fargate, Windows",
     .value = of_stats<[](const ContainerStats& s) { return real_limit(s.pids.limit); }>},
    {.name = "ecs_container_stats_timestamp_seconds",
     .type = kGauge,
     .help = "When the endpoint last sampled the container, in seconds since 1970: how old "
             "its numbers are.",
     .source = "stats: read",
     .absent = "not running, or no sample yet",
     .value = [](const ContainerSubject& s) -> Sampled {
       return s.container.stats ? given_time(s.container.stats->read) : std::nullopt;
     }},
};

constexpr Metric<Task> kTaskInfoRows[] = {
    {.name = "ecs_task_info",
     .type = kGauge,
     .help = "All labels of the task; the value is 1.",
     .source = "task",
     .absent = "never",
     .value = [](const Task&) -> Sampled { return kOne; },
     .label_names = kTaskInfoLabels,
     .label_values = [](const Task& t) { return task_label_values(t); }},
};

constexpr Metric<Task> kTaskRows[] = {
    {.name = "ecs_task_status",
     .type = kGauge,
     .help = "The status of the task is the one in the label; the value is 1.",
     .source = "task: KnownStatus",
     .absent = "not sent",
     .value = [](const Task& t) { return t.known_status.empty() ? Sampled() : Sampled(kOne); },
     .label_names = kStatusLabel,
     .label_values = [](const Task& t) -> LabelValues { return {t.known_status}; }},
    {.name = "ecs_task_desired_status",
     .type = kGauge,
     .help = "The status that ECS wants the task to have is the one in the label; the value "
             "is 1.",
     .source = "task: DesiredStatus",
     .absent = "not sent",
     .value = [](const Task& t) { return t.desired_status.empty() ? Sampled() : Sampled(kOne); },
     .label_names = kStatusLabel,
     .label_values = [](const Task& t) -> LabelValues { return {t.desired_status}; }},
    {.name = "ecs_task_cpu_limit_cores",
     .type = kGauge,
     .help = "CPUs that the containers of the task may use together; missing if the task "
             "definition says none.",
     .source = "task: Limits.CPU (vCPU)",
     .absent = "no limit on the task (EC2)",
     .value = [](const Task& t) { return given(positive(t.limits.cpus)); }},
    {.name = "ecs_task_mem_limit_bytes",
     .type = kGauge,
     .help = "Memory that the containers of the task may use together; missing if the task "
             "definition says none.",
     .source = "task: Limits.Memory (MiB)",
     .absent = "no limit on the task (EC2)",
     .value = [](const Task& t) { return given(real_limit(bytes_from_mib(t.limits.memory_mib))); }},
    {.name = "ecs_task_ephemeral_storage_used_bytes",
     .type = kGauge,
     .help = "Ephemeral storage in use.",
     .source = "task: EphemeralStorageMetrics.Utilized (MiB)",
     .absent = "EC2; Fargate before platform version 1.4",
     .value =
         [](const Task& t) { return given(bytes_from_mib(t.ephemeral_storage.utilized_mib)); }},
    {.name = "ecs_task_ephemeral_storage_reserved_bytes",
     .type = kGauge,
     .help = "Ephemeral storage that the task may use.",
     .source = "task: EphemeralStorageMetrics.Reserved (MiB)",
     .absent = "EC2; Fargate before platform version 1.4",
     .value =
         [](const Task& t) { return given(bytes_from_mib(t.ephemeral_storage.reserved_mib)); }},
    {.name = "ecs_task_image_pull_started_timestamp_seconds",
     .type = kGauge,
     .help = "When the first image pull of the task began, in seconds since 1970.",
     .source = "task: PullStartedAt",
     .absent = "not begun",
     .value = [](const Task& t) { return given_time(t.pull_started); }},
    {.name = "ecs_task_image_pull_stopped_timestamp_seconds",
     .type = kGauge,
     .help = "When the last image pull of the task ended, in seconds since 1970.",
     .source = "task: PullStoppedAt",
     .absent = "not ended",
     .value = [](const Task& t) { return given_time(t.pull_stopped); }},
    {.name = "ecs_task_image_pull_duration_seconds",
     .type = kGauge,
     .help = "Time from the begin of the first image pull to the end of the last.",
     .source = "task: PullStoppedAt - PullStartedAt",
     .absent = "not ended",
     .value = [](const Task& t) { return given(seconds_elapsed(t.pull_started, t.pull_stopped)); }},
    {.name = "ecs_task_execution_stopped_timestamp_seconds",
     .type = kGauge,
     .help = "When the first essential container stopped, and so the task began to, in "
             "seconds since 1970.",
     .source = "task: ExecutionStoppedAt",
     .absent = "no essential container has stopped",
     .value = [](const Task& t) { return given_time(t.execution_stopped); }},
    {.name = "ecs_task_clock_error_bound_seconds",
     .type = kGauge,
     .help = "How far the host's clock may be off.",
     .source = "task: ClockDrift.ClockErrorBound (ms)",
     .absent = "EC2; a bound of 0, which the platform leaves out",
     .value = [](const Task& t) -> Sampled {
       if (!t.clock_drift.error_bound_ms) return std::nullopt;
       return *t.clock_drift.error_bound_ms / 1e3;
     }},
    {.name = "ecs_task_clock_synchronized",
     .type = kGauge,
     .help = "1 if the host's clock is synchronized, else 0.",
     .source = "task: ClockDrift.ClockSynchronizationStatus",
     .absent = "EC2",
     .value = [](const Task& t) -> Sampled {
       if (t.clock_drift.status == "SYNCHRONIZED") return kOne;
       if (t.clock_drift.status == "NOT_SYNCHRONIZED") return kZero;
       return std::nullopt;
     }},
    {.name = "ecs_task_clock_reference_timestamp_seconds",
     .type = kGauge,
     .help = "When the host's clock was last compared, in seconds since 1970.",
     .source = "task: ClockDrift.ReferenceTimestamp",
     .absent = "EC2",
     .value = [](const Task& t) { return given_time(t.clock_drift.reference); }},
    {.name = "ecs_task_fault_injection_enabled",
     .type = kGauge,
     .help = "1 if faults may be injected into the task, else 0.",
     .source = "task: FaultInjectionEnabled",
     .absent = "an agent before 1.87.1",
     .value = [](const Task& t) -> Sampled {
       if (!t.fault_injection_enabled) return std::nullopt;
       return *t.fault_injection_enabled ? kOne : kZero;
     }},
};

constexpr Metric<SelfUse> kSelfRows[] = {
    {.name = "ecs_exporter_scrape_duration_seconds",
     .type = kGauge,
     .help = "Time that the last round of requests to the endpoint took, until there was an "
             "answer.",
     .source = "this exporter",
     .absent = "recorded replies",
     .value = [](const SelfUse& s) -> Sampled { return s.round_seconds; }},
};

constexpr Metric<EndpointSubject> kSelfEndpointRows[] = {
    {.name = "ecs_exporter_endpoint_up",
     .type = kGauge,
     .help = "1 if the endpoint answered the last request and the answer was understood, "
             "else 0.",
     .source = "this exporter",
     .absent = "recorded replies",
     .value = [](const EndpointSubject& s) -> Sampled { return s.use.up ? kOne : kZero; }},
    {.name = "ecs_exporter_endpoint_request_duration_seconds",
     .type = kGauge,
     .help = "Time that the last request to the endpoint took, with a retry if there was "
             "one.",
     .source = "this exporter",
     .absent = "recorded replies",
     .value = [](const EndpointSubject& s) -> Sampled { return s.use.request_seconds; }},
    {.name = "ecs_exporter_endpoint_requests_total",
     .type = kCounter,
     .help = "Requests to the endpoint, retries and those that found no connection included.",
     .source = "this exporter",
     .absent = "recorded replies",
     .value = [](const EndpointSubject& s) -> Sampled { return s.use.requests; }},
};

constexpr Metric<CountSubject> kSelfErrorRows[] = {
    {.name = "ecs_exporter_endpoint_errors_total",
     .type = kCounter,
     .help = "Errors met with the endpoint, by reason; each begins at 0.",
     .source = "this exporter",
     .absent = "recorded replies",
     .value = [](const CountSubject& s) -> Sampled { return s.count; }},
};

constexpr Metric<CountSubject> kSelfReplyRows[] = {
    {.name = "ecs_exporter_http_requests_total",
     .type = kCounter,
     .help = "Requests that this exporter has answered before this one, by status code; that "
             "of 200 begins at 0, any other with its first.",
     .source = "this exporter",
     .absent = "recorded replies; of any other code than 200, no such reply yet",
     .value = [](const CountSubject& s) -> Sampled { return s.count; }},
};

constexpr Metric<ProcessUsage> kProcessRows[] = {
    {.name = "ecs_exporter_build_info",
     .type = kGauge,
     .help = "Which build of the exporter this is; the value is 1.",
     .source = "this exporter",
     .absent = "never",
     .value = [](const ProcessUsage&) -> Sampled { return kOne; },
     .label_names = kBuildLabels,
     .label_values = [](const ProcessUsage&) -> LabelValues {
       return {version(), revision(), compiler(), architecture()};
     }},
    {.name = "process_cpu_seconds_total",
     .type = kCounter,
     .help = "CPU time this exporter has used, in user and kernel mode.",
     .source = "getrusage(2)",
     .absent = "the kernel does not tell",
     .value = [](const ProcessUsage& p) { return given(p.cpu_seconds); }},
    {.name = "process_resident_memory_bytes",
     .type = kGauge,
     .help = "Memory of this exporter that is resident.",
     .source = "/proc/self/statm",
     .absent = "the kernel does not tell",
     .value = [](const ProcessUsage& p) { return given(p.resident_bytes); }},
    {.name = "process_virtual_memory_bytes",
     .type = kGauge,
     .help = "Address space of this exporter.",
     .source = "/proc/self/statm",
     .absent = "the kernel does not tell",
     .value = [](const ProcessUsage& p) { return given(p.virtual_bytes); }},
    {.name = "process_open_fds",
     .type = kGauge,
     .help = "File descriptors that this exporter has open.",
     .source = "/proc/self/fd",
     .absent = "the kernel does not tell",
     .value = [](const ProcessUsage& p) { return given(p.open_fds); }},
    {.name = "process_max_fds",
     .type = kGauge,
     .help = "The most file descriptors that this exporter may have open.",
     .source = "getrlimit(2)",
     .absent = "the kernel does not tell",
     .value = [](const ProcessUsage& p) { return given(p.max_fds); }},
    {.name = "process_start_time_seconds",
     .type = kGauge,
     .help = "When this exporter was started, in seconds since 1970.",
     .source = "/proc/self/stat",
     .absent = "the kernel does not tell",
     .value = [](const ProcessUsage& p) { return given(p.start_time_seconds); }},
};

constexpr Metric<MemoryNumber> kMemoryBytesRows[] = {
    {.name = "ecs_container_mem_stat_bytes",
     .type = kGauge,
     .help = "A member of the platform's memory statistics that has no family of its own, by "
             "its key, in bytes.",
     .source = "stats: every other member of memory_stats.stats",
     .absent = "the platform sends none",
     .value = [](const MemoryNumber& n) -> Sampled { return n.value; }},
};

constexpr Metric<MemoryNumber> kMemoryEventsRows[] = {
    {.name = "ecs_container_mem_stat_events_total",
     .type = kCounter,
     .help = "A member of the platform's memory statistics that has no family of its own, by "
             "its key, as a count of occurrences since the container was last started.",
     .source = "stats: every other member of memory_stats.stats",
     .absent = "the platform sends none",
     .value = [](const MemoryNumber& n) -> Sampled { return n.value; }},
};

constexpr Metric<CoreTime> kCpuCoreRows[] = {
    {.name = "ecs_container_cpu_core_seconds_total",
     .type = kCounter,
     .help = "CPU time the container has used on one CPU of the host; missing on cgroup v2.",
     .source = "stats: cpu_stats.cpu_usage.percpu_usage (ns), as many as there are online_cpus; "
               "where that is missing, up to the last that was used",
     .absent = "cgroup v2, Windows",
     .value = [](const CoreTime& s) { return given(seconds_from_ns(s.used_ns)); }},
};

constexpr Metric<ContainerSubject> kCpuThrottlingRows[] = {
    {.name = "ecs_container_cpu_throttling_periods_total",
     .type = kCounter,
     .help = "Periods of the CPU quota that have passed. ECS puts its quota on the task and "
             "not on the container, so this mostly stays 0.",
     .source = "stats: cpu_stats.throttling_data.periods",
     .absent = "not running, or no sample yet",
     .value = of_stats<[](const ContainerStats& s) { return s.cpu.throttling.periods; }>},
    {.name = "ecs_container_cpu_throttled_periods_total",
     .type = kCounter,
     .help = "Periods in which the container had used up its CPU quota. ECS puts its quota "
             "on the task and not on the container, so this mostly stays 0.",
     .source = "stats: cpu_stats.throttling_data.throttled_periods",
     .absent = "not running, or no sample yet",
     .value = of_stats<[](const ContainerStats& s) { return s.cpu.throttling.throttled_periods; }>},
    {.name = "ecs_container_cpu_throttled_seconds_total",
     .type = kCounter,
     .help = "Time that the container was kept from running by its CPU quota. ECS puts its "
             "quota on the task and not on the container, so this mostly stays 0.",
     .source = "stats: cpu_stats.throttling_data.throttled_time (ns)",
     .absent = "not running, or no sample yet",
     .value = of_stats<[](const ContainerStats& s) {
       return seconds_from_ns(s.cpu.throttling.throttled_ns);
     }>},
};

constexpr Metric<BlockIoNumber> kDiskDetailRows[] = {
    {.name = "ecs_container_disk_stat_total",
     .type = kCounter,
     .help = "A number of the platform's rarer block I/O statistics, by device, operation "
             "and list, in the platform's own unit; missing on cgroup v2.",
     .source = "stats: blkio_stats.io_service_time_recursive, io_wait_time_recursive, "
               "io_merged_recursive, io_time_recursive, sectors_recursive",
     .absent = "cgroup v2",
     .value = [](const BlockIoNumber& n) -> Sampled { return n.value; }},
};

constexpr Metric<BlockIoNumber> kDiskQueueRows[] = {
    {.name = "ecs_container_disk_queued_requests",
     .type = kGauge,
     .help = "Requests of the container that wait for the device, by operation; missing on "
             "cgroup v2.",
     .source = "stats: blkio_stats.io_queue_recursive",
     .absent = "cgroup v2",
     .value = [](const BlockIoNumber& n) -> Sampled { return n.value; }},
};

static_assert(well_formed(kCoreContainerRows));
static_assert(well_formed(kCoreTaskRows));
static_assert(well_formed(kCpuContainerRows));
static_assert(well_formed(kCpuTaskRows));
static_assert(well_formed(kMemoryRows));
static_assert(well_formed(kTaskNetworkRows));
static_assert(well_formed(kContainerNetworkRows));
static_assert(well_formed(kDiskRows));
static_assert(well_formed(kContainerRows));
static_assert(well_formed(kTaskInfoRows));
static_assert(well_formed(kTaskRows));
static_assert(well_formed(kSelfRows));
static_assert(well_formed(kSelfEndpointRows));
static_assert(well_formed(kSelfErrorRows));
static_assert(well_formed(kSelfReplyRows));
static_assert(well_formed(kProcessRows));
static_assert(well_formed(kMemoryBytesRows));
static_assert(well_formed(kMemoryEventsRows));
static_assert(well_formed(kCpuCoreRows));
static_assert(well_formed(kCpuThrottlingRows));
static_assert(well_formed(kDiskDetailRows));
static_assert(well_formed(kDiskQueueRows));

}  // namespace

const Table<ContainerSubject> kCoreContainerTable = {kCoreContainerRows};
const Table<Snapshot> kCoreTaskTable = {kCoreTaskRows};
const Table<ContainerSubject> kCpuContainerTable = {kCpuContainerRows};
const Table<Task> kCpuTaskTable = {kCpuTaskRows};
const Table<ContainerSubject> kMemoryTable = {kMemoryRows};
const Table<InterfaceSubject> kTaskNetworkTable = {kTaskNetworkRows, kInterfaceLabel};
const Table<InterfaceSubject> kContainerNetworkTable = {kContainerNetworkRows, kInterfaceLabel};
const Table<DeviceTraffic> kDiskTable = {kDiskRows, kDeviceLabel};
const Table<ContainerSubject> kContainerTable = {kContainerRows};
const Table<Task> kTaskInfoTable = {kTaskInfoRows};
const Table<Task> kTaskTable = {kTaskRows};
const Table<SelfUse> kSelfTable = {kSelfRows};
const Table<EndpointSubject> kSelfEndpointTable = {kSelfEndpointRows, kEndpointLabel};
const Table<CountSubject> kSelfErrorTable = {kSelfErrorRows, kErrorLabels};
const Table<CountSubject> kSelfReplyTable = {kSelfReplyRows, kCodeLabel};
const Table<ProcessUsage> kProcessTable = {kProcessRows};
const Table<MemoryNumber> kMemoryBytesTable = {kMemoryBytesRows, kKeyLabel};
const Table<MemoryNumber> kMemoryEventsTable = {kMemoryEventsRows, kKeyLabel};
const Table<CoreTime> kCpuCoreTable = {kCpuCoreRows, kCoreLabel};
const Table<ContainerSubject> kCpuThrottlingTable = {kCpuThrottlingRows};
const Table<BlockIoNumber> kDiskDetailTable = {kDiskDetailRows, kBlockIoLabels};
const Table<BlockIoNumber> kDiskQueueTable = {kDiskQueueRows, kQueueLabels};

const LabelNames kTaskLabelNames = kTaskInfoLabels;

LabelValues task_label_values(const Task& task) {
  return {task.cluster,
          task.arn,
          task.family,
          task.revision,
          task.availability_zone,
          last_part(task.arn),
          last_part(task.cluster),
          task.service_name,
          task.launch_type,
          arn_region(task.arn),
          arn_account(task.arn),
          task.availability_zone_id,
          task.vpc_id,
          task.group,
          task_network_mode(task)};
}

std::vector<LabelName> all_label_names() {
  std::vector<LabelName> names(kTaskLabelNames.begin(), kTaskLabelNames.end());
  names.push_back(label::kContainerName);
  append_label_names(names, kCoreContainerTable, kCoreTaskTable, kCpuContainerTable, kCpuTaskTable,
                     kMemoryTable, kTaskNetworkTable, kContainerNetworkTable, kDiskTable,
                     kContainerTable, kTaskInfoTable, kTaskTable, kMemoryBytesTable,
                     kMemoryEventsTable, kCpuCoreTable, kCpuThrottlingTable, kDiskDetailTable,
                     kDiskQueueTable);
  const std::vector<LabelName> of_self = self_label_names();
  names.insert(names.end(), of_self.begin(), of_self.end());
  return names;
}

std::vector<LabelName> self_label_names() {
  std::vector<LabelName> names;
  append_label_names(names, kSelfTable, kSelfEndpointTable, kSelfErrorTable, kSelfReplyTable,
                     kProcessTable);
  return names;
}

}  // namespace ecs_exporter
