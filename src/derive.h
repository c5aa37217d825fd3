// Values that no field of the replies has as it is: the smallest of several limits, a share over a
// window, which interfaces are whose. Functions of the model; absent in, absent out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "family.h"
#include "model.h"

namespace ecs_exporter {

/// `limit`, unless it stands for none: 0, or 2^62 and above, which is how a cgroup without a limit
/// reports it (near 2^63 or 2^64).
Count real_limit(Count limit);

/// The most memory that the container can use: the smallest of its own limit, the task's, and the
/// two of its cgroup. Absent if there is none.
Count effective_memory_limit(const Task& task, const Container& container);

/// The highest memory usage: as reported (cgroup v1, Windows), else as seen by this exporter.
Count peak_memory(const Container& container);

/// Memory in use without the file cache that the kernel can take back at once, as kubelet, cAdvisor
/// and docker compute it. Absent if the sample does not tell its inactive file cache.
Count working_set(const MemoryStats& memory);

/// CPU time used as a share of all CPUs of the host, from 0 to 1, between the previous sample and
/// this one. Absent without a valid previous sample, or without anything to compare with.
Real cpu_share(const ContainerStats& stats);

/// CPU time used per second of wall time, between the previous sample and this one. Absent without
/// a valid previous sample, or if that is over ten minutes old.
Real cpu_cores(const ContainerStats& stats);

/// The CPUs reserved for the container. Absent for 0, 1 and 2 units, which stand for none.
Real reserved_cores(const ContainerLimits& limits);

/// Of all samples of the task, pause container included, the one that was read last; null if there
/// are none.
const ContainerStats* newest_sample(const Task& task);

/// The CPU time of all CPUs of the host: what is remembered of it, else from the newest sample that
/// has it.
Count host_cpu_ns(const Task& task);

/// The network mode of the task, which its containers share: "awsvpc", "none", or the name of a
/// Docker network, as "bridge" and "host". "" where the endpoint does not tell.
std::string_view task_network_mode(const Task& task);

/// The interfaces of a task in network mode awsvpc, where every container repeats the same
/// counters: what is remembered of them, else from the newest sample that has some. Null in any
/// other mode.
const Named<InterfaceStats>* task_interfaces(const Task& task);

/// Whose interfaces the container has in a Docker network: its own, or, for an app that lives in
/// the network of a pause container, that one's. Null for modes awsvpc, host and none.
const Container* network_owner(const Task& task, const Container& container);

/// The network owners of all apps, each once.
std::vector<const Container*> network_owners(const Task& task);

/// The interface of that name; null if there is none. (They are sorted by name: see parse_stats.)
const InterfaceStats* find_interface(const Named<InterfaceStats>& interfaces,
                                     std::string_view name);

/// Adds each counter to that of the interface with the same name. Both are sorted by name.
void add_up(Named<InterfaceStats>& sums, const Named<InterfaceStats>& more);

/// The interfaces of the task by name: where containers have some of their own with the same name
/// (bridge), they are added up, with what is remembered of those that have stopped.
Named<InterfaceStats> all_interfaces(const Task& task);

/// The interfaces of the network owner. Null if there is none, or has no sample with some.
const Named<InterfaceStats>* container_interfaces(const Task& task, const Container& container);

/// What a container has read and written on one block device.
struct DeviceTraffic {
  std::string device;  // "major:minor"; "storage" on Windows, which knows only a sum
  Count read_bytes;
  Count written_bytes;
  Count reads;
  Count writes;
};

/// By device, in the order of their numbers.
std::vector<DeviceTraffic> device_traffic(const ContainerStats& stats);

/// A number of one of the rarer block I/O lists.
struct BlockIoNumber {
  std::string device;
  std::string op;        // "" if the list has none
  std::string_view key;  // which list, as "io_queue"
  std::uint64_t value = 0;
};

/// Of the lists that count from the start on, sorted; rows that say the same thing twice are added
/// up.
std::vector<BlockIoNumber> block_io_totals(const BlockIoStats& stats);
/// The same of the one list that tells what waits now.
std::vector<BlockIoNumber> queued_requests(const BlockIoStats& stats);

/// One member of the memory details that has no family of its own.
struct MemoryNumber {
  std::string_view key;  // lives as long as the statistics
  std::uint64_t value = 0;
};

/// Those that count bytes (`events` false) or occurrences (true), sorted by key.
std::vector<MemoryNumber> memory_numbers(const MemoryStats& memory, bool events);

/// The CPU time used on one core.
struct CoreTime {
  std::size_t core = 0;
  std::uint64_t used_ns = 0;
};

/// As many as the host has online: on cgroup v1 the list is as long as the kernel could have. Where
/// the platform does not say how many are online, up to the last that was used. Empty on cgroup v2.
std::vector<CoreTime> core_times(const CpuStats& cpu);

/// Seconds from `from` to `to`; absent if one is, or never was (year 1), or if they are the other
/// way round.
Real seconds_elapsed(Time from, Time to);

/// The parts of an ARN "arn:partition:service:region:account:resource"; "" where it is none.
std::string_view arn_region(std::string_view arn);
std::string_view arn_account(std::string_view arn);
/// What follows the last '/' (all of it, if there is none): the id of a task, the name of a
/// cluster.
std::string_view last_part(std::string_view arn);

}  // namespace ecs_exporter
