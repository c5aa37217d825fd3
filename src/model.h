// What the endpoint says about a task, as plain values: every field of `/task` and `/task/stats`.
//
// Absent is `std::nullopt`, never 0. A text that is absent and one that is empty mean the same to
// the endpoint, so both are "". Units stand in the names. The nesting is that of the replies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "timestamp.h"

namespace ecs_exporter {

using Count = std::optional<std::uint64_t>;
using Real = std::optional<double>;
using Time = std::optional<Timestamp>;

/// A count that some platforms leave out where it is 0: absent if it was left out, and there but
/// empty if it could not be read.
using Omittable = std::optional<Count>;

/// Members of an object whose keys are not known beforehand, in the order they were sent.
template <class T>
using Named = std::vector<std::pair<std::string, T>>;

/// The same for counts alone. The names stand in one text: there are hundreds, and hardly any is
/// ever looked at.
class NamedCounts {
 public:
  /// Adds an entry at the end. The count stands until the next one is added.
  Count& add(std::string_view name) {
    if (entries_.empty()) {
      entries_.reserve(kUsual);
      names_.reserve(kUsual * kUsualName);
    }
    names_ += name;
    return entries_.emplace_back(names_.size(), std::nullopt).second;
  }
  void clear() {
    names_.clear();
    entries_.clear();
  }
  std::size_t size() const { return entries_.size(); }
  std::pair<std::string_view, Count> operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : entries_[i - 1].first;
    return {std::string_view(names_).substr(begin, entries_[i].first - begin), entries_[i].second};
  }

 private:
  static constexpr std::size_t kUsual = 32;
  static constexpr std::size_t kUsualName = 12;

  std::string names_;
  std::vector<std::pair<std::size_t, Count>> entries_;  // where its name ends
};

// ---- `/task/stats`: one container's sample ------------------------------------------------------

struct CpuUsage {
  Count total_ns;
  Count kernel_ns = 0;  // beside a total, what is omitted is 0
  Count user_ns = 0;
  std::vector<Count> per_core_ns;  // cgroup v1; may be longer than the number of CPUs
};

struct Throttling {
  Count periods;
  Count throttled_periods;
  Count throttled_ns;
};

struct CpuStats {
  CpuUsage usage;
  Count system_ns;  // all CPUs of the host together
  Count online_cpus;
  Throttling throttling;
};

/// What cgroup v1 says twice in `memory_stats.stats`: of the container's own cgroup, and under a
/// key with "total_" in front of that and those below it, as its usage is counted. Agents before
/// 2020 leave out zeros.
struct MemoryNumberV1 {
  Omittable own;
  Omittable total;
};

/// The members of `memory_stats.stats` that have a meaning here, of cgroup v1 and v2 alike. Which
/// of them are present tells the version.
struct MemoryDetail {
  // As they were sent. Only those of page faults and inactive files are also keys of v2.
  MemoryNumberV1 cache;
  MemoryNumberV1 rss;
  MemoryNumberV1 mapped_file;
  MemoryNumberV1 swap;
  MemoryNumberV1 inactive_file;
  MemoryNumberV1 pgfault;
  MemoryNumberV1 pgmajfault;
  // What follows from them: of v1 the total, and 0 for what is omitted.
  Count cache_bytes;          // v1
  Count rss_bytes;            // v1
  Count mapped_file_bytes;    // v1
  Count swap_bytes;           // v1, where swap is counted
  Count inactive_file_bytes;  // v1 and v2
  Count page_faults;          // v1 and v2
  Count major_page_faults;    // v1 and v2

  Count hierarchical_memory_limit_bytes;  // v1
  Count anon_bytes;                       // v2
  Count file_bytes;                       // v2
  Count file_mapped_bytes;                // v2
  NamedCounts others;                     // every other key that the platform sends
};

struct MemoryStats {
  Count usage_bytes;
  Count max_usage_bytes;  // cgroup v1
  Count limit_bytes;
  Count limit_hits = 0;  // on Linux, what is omitted is 0
  MemoryDetail detail;
  Count commit_bytes;               // Windows
  Count commit_peak_bytes;          // Windows
  Count private_working_set_bytes;  // Windows
};

struct PidsStats {
  Count current;
  Count limit;
};

/// What is omitted is a zero that was not written; absent is what could not be read.
struct BlockIoEntry {
  Count major = 0;
  Count minor = 0;
  std::string op;  // "Read" on cgroup v1, "read" on v2
  Count value = 0;
};

struct BlockIoStats {
  std::vector<BlockIoEntry> service_bytes;
  std::vector<BlockIoEntry> serviced;
  std::vector<BlockIoEntry> queued;
  std::vector<BlockIoEntry> service_time;
  std::vector<BlockIoEntry> wait_time;
  std::vector<BlockIoEntry> merged;
  std::vector<BlockIoEntry> time;
  std::vector<BlockIoEntry> sectors;
};

/// Windows only.
struct StorageStats {
  Count read_count;
  Count read_bytes;
  Count write_count;
  Count write_bytes;
};

struct InterfaceStats {
  Count rx_bytes;
  Count rx_packets;
  Count rx_errors;
  Count rx_dropped;
  Count tx_bytes;
  Count tx_packets;
  Count tx_errors;
  Count tx_dropped;
};

/// All of them.
inline constexpr std::array kInterfaceCounters = {
    &InterfaceStats::rx_bytes,   &InterfaceStats::rx_packets, &InterfaceStats::rx_errors,
    &InterfaceStats::rx_dropped, &InterfaceStats::tx_bytes,   &InterfaceStats::tx_packets,
    &InterfaceStats::tx_errors,  &InterfaceStats::tx_dropped};

struct NetworkRates {
  Real rx_bytes_per_second;
  Real tx_bytes_per_second;
};

struct ContainerStats {
  Time read;
  Time preread;  // the time of `precpu`
  std::string name;
  std::string id;
  Count processors;  // Windows
  CpuStats cpu;
  CpuStats precpu;  // the sample before this one
  MemoryStats memory;
  PidsStats pids;
  BlockIoStats block_io;
  StorageStats storage;
  Named<InterfaceStats> networks;
  NetworkRates network_rates;
};

// ---- `/task` ------------------------------------------------------------------------------------

struct ContainerLimits {
  Real cpu_units;    // 1024 are one CPU; 0, 1 and 2 mean that none was set
  Count memory_mib;  // 0 means that none was set
};

struct Port {
  Count container_port;
  Count host_port;
  std::string protocol;
  std::string host_ip;
};

struct Health {
  std::string status;  // "" while it is not known
  Time status_since;
  std::optional<std::int64_t> exit_code;
  std::string output;
};

struct Volume {
  std::string docker_name;
  std::string source;
  std::string destination;
};

struct Network {
  std::string mode;  // "awsvpc", or the name of a Docker network, or "container:" and an id
  std::vector<std::string> ipv4_addresses;
  std::vector<std::string> ipv6_addresses;
  Count attachment_index;
  std::string mac_address;
  std::string ipv4_subnet;
  std::string ipv6_subnet;
  std::vector<std::string> dns_servers;
  std::vector<std::string> dns_search;
  std::string private_dns_name;
  std::string ipv4_gateway;
  std::string ipv6_gateway;
};

struct Container {
  std::string docker_id;  // "" until it was created
  std::string name;       // as the task definition says
  std::string docker_name;
  std::string image;
  std::string image_id;
  std::string arn;
  std::string type;  // "NORMAL", or something internal to ECS
  std::string desired_status;
  std::string known_status;
  std::string log_driver;
  std::string snapshotter;
  Named<std::string> log_options;
  Named<std::string> labels;
  ContainerLimits limits;
  std::vector<Port> ports;
  std::vector<Network> networks;
  std::vector<Volume> volumes;
  std::optional<std::int64_t> exit_code;
  Count restarts;  // present only with a restart policy
  Time created;
  Time started;
  Time finished;
  std::optional<Health> health;  // present only with a health check

  /// Its sample, joined by DockerId. Absent when the endpoint had none (an empty one is none).
  std::optional<ContainerStats> stats;
  /// The highest memory usage that this exporter has seen of it: the one value that is not from
  /// this reply alone.
  Count peak_usage_bytes;
};

struct TaskLimits {
  Real cpus;
  Count memory_mib;
};

struct EphemeralStorage {
  Count utilized_mib;
  Count reserved_mib;
};

struct ClockDrift {
  Real error_bound_ms;
  Time reference;
  std::string status;  // "SYNCHRONIZED" or "NOT_SYNCHRONIZED"
};

/// What is said of a task though this reply alone does not say it: see TaskCounters.
struct Remembered {
  Count host_cpu_ns;                                // instead of the newest sample's
  std::optional<Named<InterfaceStats>> interfaces;  // the same
  Named<InterfaceStats> departed;                   // adds to the sum over the containers
};

struct Task {
  std::string cluster;  // a name on EC2, an ARN on Fargate
  std::string arn;
  std::string family;
  std::string revision;
  std::string desired_status;
  std::string known_status;
  std::string availability_zone;
  std::string availability_zone_id;
  std::string launch_type;
  std::string service_name;
  std::string vpc_id;
  std::string group;
  TaskLimits limits;
  Time pull_started;
  Time pull_stopped;
  Time execution_stopped;
  EphemeralStorage ephemeral_storage;
  ClockDrift clock_drift;
  std::optional<bool> fault_injection_enabled;
  std::vector<Container> containers;

  Remembered remembered;
};

/// True for the containers of the task definition (and injected ones that ECS calls NORMAL); false
/// for those that only serve ECS itself, as the pause container. An unknown type is internal.
inline bool is_app(const Container& container) {
  return container.type.empty() || container.type == "NORMAL";
}

/// What one round found out.
struct Snapshot {
  Task task;
  /// False if `/task` could not be read: then `task` holds what was last known of its identity, or
  /// nothing, and no containers.
  bool task_is_current = false;
  /// True if nothing went wrong.
  bool up = false;
};

}  // namespace ecs_exporter
