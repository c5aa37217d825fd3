// The keys of the endpoint's replies, an object a list, in the order in which the agent sends them.
#include "parse.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "json.h"
#include "quote.h"

namespace ecs_exporter {

// ---- `/task/stats` -----------------------------------------------------------------------------

template <>
struct Members<CpuUsage> {
  static constexpr Member kList[] = {
      field<&CpuUsage::total_ns>("total_usage"),
      field<&CpuUsage::per_core_ns>("percpu_usage"),
      field<&CpuUsage::kernel_ns>("usage_in_kernelmode"),
      field<&CpuUsage::user_ns>("usage_in_usermode"),
  };
};

template <>
struct Members<Throttling> {
  static constexpr Member kList[] = {
      field<&Throttling::periods>("periods"),
      field<&Throttling::throttled_periods>("throttled_periods"),
      field<&Throttling::throttled_ns>("throttled_time"),
  };
};

template <>
struct Members<CpuStats> {
  static constexpr Member kList[] = {
      field<&CpuStats::usage>("cpu_usage"),
      field<&CpuStats::system_ns>("system_cpu_usage"),
      field<&CpuStats::online_cpus>("online_cpus"),
      field<&CpuStats::throttling>("throttling_data"),
  };
};

template <>
struct Members<MemoryDetail> {
  static constexpr Member kList[] = {
      field<&MemoryDetail::anon_bytes>("anon"),
      field<&MemoryDetail::cache, &MemoryNumberV1::own>("cache"),
      field<&MemoryDetail::file_bytes>("file"),
      field<&MemoryDetail::file_mapped_bytes>("file_mapped"),
      field<&MemoryDetail::hierarchical_memory_limit_bytes>("hierarchical_memory_limit"),
      field<&MemoryDetail::inactive_file, &MemoryNumberV1::own>("inactive_file"),
      field<&MemoryDetail::mapped_file, &MemoryNumberV1::own>("mapped_file"),
      field<&MemoryDetail::pgfault, &MemoryNumberV1::own>("pgfault"),
      field<&MemoryDetail::pgmajfault, &MemoryNumberV1::own>("pgmajfault"),
      field<&MemoryDetail::rss, &MemoryNumberV1::own>("rss"),
      field<&MemoryDetail::swap, &MemoryNumberV1::own>("swap"),
      field<&MemoryDetail::cache, &MemoryNumberV1::total>("total_cache"),
      field<&MemoryDetail::inactive_file, &MemoryNumberV1::total>("total_inactive_file"),
      field<&MemoryDetail::mapped_file, &MemoryNumberV1::total>("total_mapped_file"),
      field<&MemoryDetail::pgfault, &MemoryNumberV1::total>("total_pgfault"),
      field<&MemoryDetail::pgmajfault, &MemoryNumberV1::total>("total_pgmajfault"),
      field<&MemoryDetail::rss, &MemoryNumberV1::total>("total_rss"),
      field<&MemoryDetail::swap, &MemoryNumberV1::total>("total_swap"),
  };
  static constexpr auto kRest = &MemoryDetail::others;
};

template <>
struct Members<MemoryStats> {
  static constexpr Member kList[] = {
      field<&MemoryStats::usage_bytes>("usage"),
      field<&MemoryStats::max_usage_bytes>("max_usage"),
      field<&MemoryStats::detail>("stats"),
      field<&MemoryStats::limit_hits>("failcnt"),
      field<&MemoryStats::limit_bytes>("limit"),
      field<&MemoryStats::commit_bytes>("commitbytes"),
      field<&MemoryStats::commit_peak_bytes>("commitpeakbytes"),
      field<&MemoryStats::private_working_set_bytes>("privateworkingset"),
  };
};

template <>
struct Members<PidsStats> {
  static constexpr Member kList[] = {
      field<&PidsStats::current>("current"),
      field<&PidsStats::limit>("limit"),
  };
};

template <>
struct Members<BlockIoEntry> {
  static constexpr Member kList[] = {
      field<&BlockIoEntry::major>("major"),
      field<&BlockIoEntry::minor>("minor"),
      field<&BlockIoEntry::op>("op"),
      field<&BlockIoEntry::value>("value"),
  };
};

template <>
struct Members<BlockIoStats> {
  static constexpr Member kList[] = {
      field<&BlockIoStats::service_bytes>("io_service_bytes_recursive"),
      field<&BlockIoStats::serviced>("io_serviced_recursive"),
      field<&BlockIoStats::queued>("io_queue_recursive"),
      field<&BlockIoStats::service_time>("io_service_time_recursive"),
      field<&BlockIoStats::wait_time>("io_wait_time_recursive"),
      field<&BlockIoStats::merged>("io_merged_recursive"),
      field<&BlockIoStats::time>("io_time_recursive"),
      field<&BlockIoStats::sectors>("sectors_recursive"),
  };
};

template <>
struct Members<StorageStats> {
  static constexpr Member kList[] = {
      field<&StorageStats::read_count>("read_count_normalized"),
      field<&StorageStats::read_bytes>("read_size_bytes"),
      field<&StorageStats::write_count>("write_count_normalized"),
      field<&StorageStats::write_bytes>("write_size_bytes"),
  };
};

template <>
struct Members<InterfaceStats> {
  static constexpr Member kList[] = {
      field<&InterfaceStats::rx_bytes>("rx_bytes"),
      field<&InterfaceStats::rx_packets>("rx_packets"),
      field<&InterfaceStats::rx_errors>("rx_errors"),
      field<&InterfaceStats::rx_dropped>("rx_dropped"),
      field<&InterfaceStats::tx_bytes>("tx_bytes"),
      field<&InterfaceStats::tx_packets>("tx_packets"),
      field<&InterfaceStats::tx_errors>("tx_errors"),
      field<&InterfaceStats::tx_dropped>("tx_dropped"),
  };
};

template <>
struct Members<NetworkRates> {
  static constexpr Member kList[] = {
      field<&NetworkRates::rx_bytes_per_second>("rx_bytes_per_sec"),
      field<&NetworkRates::tx_bytes_per_second>("tx_bytes_per_sec"),
  };
};

template <>
struct Members<ContainerStats> {
  static constexpr Member kList[] = {
      field<&ContainerStats::read>("read"),
      field<&ContainerStats::preread>("preread"),
      field<&ContainerStats::pids>("pids_stats"),
      field<&ContainerStats::block_io>("blkio_stats"),
      field<&ContainerStats::processors>("num_procs"),
      field<&ContainerStats::storage>("storage_stats"),
      field<&ContainerStats::cpu>("cpu_stats"),
      field<&ContainerStats::precpu>("precpu_stats"),
      field<&ContainerStats::memory>("memory_stats"),
      field<&ContainerStats::name>("name"),
      field<&ContainerStats::id>("id"),
      field<&ContainerStats::networks>("networks"),
      field<&ContainerStats::network_rates>("network_rate_stats"),
  };
};

// ---- `/task` -----------------------------------------------------------------------------------

template <>
struct Members<ContainerLimits> {
  static constexpr Member kList[] = {
      field<&ContainerLimits::cpu_units>("CPU"),
      field<&ContainerLimits::memory_mib>("Memory"),
  };
};

template <>
struct Members<Port> {
  static constexpr Member kList[] = {
      field<&Port::container_port>("ContainerPort"),
      field<&Port::protocol>("Protocol"),
      field<&Port::host_port>("HostPort"),
      field<&Port::host_ip>("HostIp"),
  };
};

template <>
struct Members<Health> {
  static constexpr Member kList[] = {
      field<&Health::status>("status"),
      field<&Health::status_since>("statusSince"),
      field<&Health::exit_code>("exitCode"),
      field<&Health::output>("output"),
  };
};

template <>
struct Members<Volume> {
  static constexpr Member kList[] = {
      field<&Volume::docker_name>("DockerName"),
      field<&Volume::source>("Source"),
      field<&Volume::destination>("Destination"),
  };
};

template <>
struct Members<Network> {
  static constexpr Member kList[] = {
      field<&Network::mode>("NetworkMode"),
      field<&Network::ipv4_addresses>("IPv4Addresses"),
      field<&Network::ipv6_addresses>("IPv6Addresses"),
      field<&Network::attachment_index>("AttachmentIndex"),
      field<&Network::mac_address>("MACAddress"),
      field<&Network::ipv4_subnet>("IPv4SubnetCIDRBlock"),
      field<&Network::ipv6_subnet>("IPv6SubnetCIDRBlock"),
      field<&Network::dns_servers>("DomainNameServers"),
      field<&Network::dns_search>("DomainNameSearchList"),
      field<&Network::private_dns_name>("PrivateDNSName"),
      field<&Network::ipv4_gateway>("SubnetGatewayIpv4Address"),
      field<&Network::ipv6_gateway>("SubnetGatewayIpv6Address"),
  };
};

template <>
struct Members<Container> {
  static constexpr Member kList[] = {
      field<&Container::docker_id>("DockerId"),
      field<&Container::name>("Name"),
      field<&Container::docker_name>("DockerName"),
      field<&Container::image>("Image"),
      field<&Container::image_id>("ImageID"),
      field<&Container::ports>("Ports"),
      field<&Container::labels>("Labels"),
      field<&Container::desired_status>("DesiredStatus"),
      field<&Container::known_status>("KnownStatus"),
      field<&Container::exit_code>("ExitCode"),
      field<&Container::limits>("Limits"),
      field<&Container::created>("CreatedAt"),
      field<&Container::started>("StartedAt"),
      field<&Container::finished>("FinishedAt"),
      field<&Container::type>("Type"),
      field<&Container::log_driver>("LogDriver"),
      field<&Container::log_options>("LogOptions"),
      field<&Container::arn>("ContainerARN"),
      field<&Container::networks>("Networks"),
      field<&Container::health>("Health"),
      field<&Container::volumes>("Volumes"),
      field<&Container::restarts>("RestartCount"),
      field<&Container::snapshotter>("Snapshotter"),
  };
};

template <>
struct Members<TaskLimits> {
  static constexpr Member kList[] = {
      field<&TaskLimits::cpus>("CPU"),
      field<&TaskLimits::memory_mib>("Memory"),
  };
};

template <>
struct Members<EphemeralStorage> {
  static constexpr Member kList[] = {
      field<&EphemeralStorage::utilized_mib>("Utilized"),
      field<&EphemeralStorage::reserved_mib>("Reserved"),
  };
};

template <>
struct Members<ClockDrift> {
  static constexpr Member kList[] = {
      field<&ClockDrift::error_bound_ms>("ClockErrorBound"),
      field<&ClockDrift::reference>("ReferenceTimestamp"),
      field<&ClockDrift::status>("ClockSynchronizationStatus"),
  };
};

template <>
struct Members<Task> {
  static constexpr Member kList[] = {
      field<&Task::cluster>("Cluster"),
      field<&Task::arn>("TaskARN"),
      field<&Task::family>("Family"),
      field<&Task::revision>("Revision"),
      field<&Task::desired_status>("DesiredStatus"),
      field<&Task::known_status>("KnownStatus"),
      field<&Task::containers>("Containers"),
      field<&Task::limits>("Limits"),
      field<&Task::pull_started>("PullStartedAt"),
      field<&Task::pull_stopped>("PullStoppedAt"),
      field<&Task::execution_stopped>("ExecutionStoppedAt"),
      field<&Task::availability_zone>("AvailabilityZone"),
      field<&Task::launch_type>("LaunchType"),
      field<&Task::vpc_id>("VPCID"),
      field<&Task::service_name>("ServiceName"),
      field<&Task::availability_zone_id>("AvailabilityZoneID"),
      field<&Task::group>("Group"),
      field<&Task::ephemeral_storage>("EphemeralStorageMetrics"),
      field<&Task::clock_drift>("ClockDrift"),
      field<&Task::fault_injection_enabled>("FaultInjectionEnabled"),
  };
};

// ---- both --------------------------------------------------------------------------------------

namespace {

// Docker's empty frame for a container that does not run has the year 1 and only zeros in it; the
// agent's own empty entry has nothing at all.
bool has_data(const ContainerStats& stats) {
  if (stats.read) return !is_never(*stats.read);
  return stats.cpu.usage.total_ns || stats.memory.usage_bytes;
}

std::string problem(const Misfits& misfits) {
  if (misfits.count < 2) return misfits.first;
  return misfits.first + " (and " + std::to_string(misfits.count - 1) + " more)";
}

bool is_windows(const ContainerStats& stats) {
  return stats.processors.value_or(0) > 0 || stats.memory.commit_bytes ||
         stats.memory.private_working_set_bytes;
}

// By name, and of the same name the last.
void sort_by_name(Named<InterfaceStats>& interfaces) {
  using Interface = std::pair<std::string, InterfaceStats>;
  std::ranges::stable_sort(interfaces, {}, &Interface::first);
  const auto same = [](const Interface& a, const Interface& b) { return a.first == b.first; };
  interfaces.erase(interfaces.begin(),
                   std::unique(interfaces.rbegin(), interfaces.rend(), same).base());
}

// The total of a number that cgroup v1 says twice, else the container's own.
Count settled(const MemoryNumberV1& number, bool omits_zeros) {
  for (const Omittable& said : {number.total, number.own}) {
    if (said && *said) return *said;
  }
  const bool unreadable = number.total || number.own;
  return omits_zeros && !unreadable ? Count(0) : std::nullopt;
}

// Decides on what was not sent: is it a zero that the platform leaves out, or not known?
void settle_omitted(ContainerStats& stats) {
  for (CpuUsage* usage : {&stats.cpu.usage, &stats.precpu.usage}) {
    for (Count* time : {&usage->kernel_ns, &usage->user_ns}) {
      if (!usage->total_ns && *time == 0U) time->reset();
    }
  }
  MemoryDetail& detail = stats.memory.detail;
  const bool is_v1 = detail.rss.total || detail.rss.own;
  detail.cache_bytes = settled(detail.cache, is_v1);
  detail.rss_bytes = settled(detail.rss, is_v1);
  detail.mapped_file_bytes = settled(detail.mapped_file, is_v1);
  detail.swap_bytes = settled(detail.swap, false);  // without swap accounting there is no such key
  detail.inactive_file_bytes = settled(detail.inactive_file, is_v1);
  detail.page_faults = settled(detail.pgfault, is_v1);
  detail.major_page_faults = settled(detail.pgmajfault, is_v1);
  const bool is_linux =
      !is_windows(stats) && (stats.memory.usage_bytes || is_v1 || detail.anon_bytes);
  if (!is_linux && stats.memory.limit_hits == 0U) stats.memory.limit_hits.reset();
}

// Docker on Windows counts CPU time in units of 100 ns; on Fargate for Windows the endpoint has ns.
// Where the platform is not known (versions 2 and 3 do not say), neither is the unit.
void settle_cpu_unit(const Task& task, ContainerStats& stats) {
  if (!is_windows(stats) || task.launch_type == "FARGATE") return;
  const bool docker = task.launch_type == "EC2" || task.launch_type == "EXTERNAL";
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / 100;
  for (CpuUsage* usage : {&stats.cpu.usage, &stats.precpu.usage}) {
    for (Count* time : {&usage->total_ns, &usage->kernel_ns, &usage->user_ns}) {
      *time = docker && *time && **time <= kMost ? Count(**time * 100) : std::nullopt;
    }
  }
}

// By name; of the same name the app's container first, then the newest.
bool comes_before(const Container& a, const Container& b) {
  return std::tuple(std::string_view(a.name), is_app(b), b.created, std::string_view(b.docker_id)) <
         std::tuple(std::string_view(b.name), is_app(a), a.created, std::string_view(a.docker_id));
}

}  // namespace

Result<TaskReply> parse_task(std::string_view body) {
  TaskReply reply;
  Result<Misfits> misfits = read_json(body, place(reply.task));
  if (!misfits) return std::unexpected(std::move(misfits.error()));
  if (reply.task.arn.empty() && reply.task.containers.empty()) {
    return std::unexpected(
        Error{ErrorKind::kShape, "an object with neither TaskARN nor Containers"});
  }
  reply.problem = problem(*misfits);
  for (const Container& container : reply.task.containers) {
    if (container.name.empty() && reply.problem.empty()) {
      reply.problem = "a container has no Name, DockerId " + excerpt(container.docker_id);
    }
  }
  return reply;
}

Result<StatsReply> parse_stats(std::string_view body) {
  constexpr std::size_t kUsual = 12;  // ECS allows ten containers a task, and adds its own
  StatsReply reply;
  reply.samples.reserve(kUsual);
  Result<Misfits> misfits = read_json(body, place(reply.samples));
  if (!misfits) return std::unexpected(std::move(misfits.error()));
  reply.problem = problem(*misfits);
  std::erase_if(reply.samples, [](const auto& entry) { return !has_data(entry.second); });
  for (auto& [id, sample] : reply.samples) {
    sort_by_name(sample.networks);
    settle_omitted(sample);
  }
  return reply;
}

void join(Task& task, Named<ContainerStats> samples) {
  std::vector<Container>& containers = task.containers;
  std::erase_if(containers, [](const Container& c) { return c.name.empty(); });
  std::ranges::sort(containers, comes_before);
  const auto repeated = std::ranges::unique(containers, {}, &Container::name);
  containers.erase(repeated.begin(), repeated.end());

  // By id, and of the same id in the order they came. The samples are large: they stay where they
  // are.
  std::vector<std::pair<std::string_view, ContainerStats*>> by_id;
  by_id.reserve(samples.size());
  for (auto& [id, sample] : samples) by_id.emplace_back(id, &sample);
  const auto id_of = [](const auto& entry) { return entry.first; };
  std::ranges::stable_sort(by_id, {}, id_of);
  for (Container& container : containers) {
    // Several containers may have no id yet; then a sample without one is nobody's.
    if (container.docker_id.empty()) continue;
    const auto found =
        std::ranges::equal_range(by_id, std::string_view(container.docker_id), {}, id_of);
    if (found.empty()) continue;
    container.stats = std::move(*found.back().second);
    settle_cpu_unit(task, *container.stats);
  }
}

}  // namespace ecs_exporter
