// How the values are derived.
#include "derive.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

#include "units.h"

namespace ecs_exporter {
namespace {

constexpr std::uint64_t kNoLimit = 1ULL << 62U;
constexpr double kLongestWindowSeconds = 600;
constexpr std::string_view kSharedNetwork = "container:";  // and the id of the one that has it

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

std::string_view network_mode(const Container& container) {
  return container.networks.empty() ? std::string_view() : container.networks.front().mode;
}

bool is_awsvpc(const Task& task) { return task_network_mode(task) == "awsvpc"; }

const Named<InterfaceStats>* interfaces_of(const Container& container) {
  if (!container.stats || container.stats->networks.empty()) return nullptr;
  return &container.stats->networks;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// True if `entry` counts the operation that `op` names in lower case.
bool is_op(const BlockIoEntry& entry, std::string_view op) {
  return std::ranges::equal(entry.op, op, {}, lower);
}

// The numbers of a device, by which it sorts. Absent for an entry that names none: 0:0 is not one.
std::optional<std::pair<std::uint64_t, std::uint64_t>> device_of(const BlockIoEntry& entry) {
  if (!entry.major || !entry.minor || (*entry.major == 0 && *entry.minor == 0)) return std::nullopt;
  return std::pair(*entry.major, *entry.minor);
}

std::string device_name(std::pair<std::uint64_t, std::uint64_t> device) {
  return std::to_string(device.first) + ":" + std::to_string(device.second);
}

// Sorted by device and operation.
void append_numbers(std::vector<BlockIoNumber>& out, std::string_view key,
                    const std::vector<BlockIoEntry>& entries) {
  std::map<std::pair<std::pair<std::uint64_t, std::uint64_t>, std::string>, std::uint64_t> sums;
  for (const BlockIoEntry& entry : entries) {
    const auto device = device_of(entry);
    if (!device || !entry.value) continue;
    std::string op = entry.op;
    std::ranges::transform(op, op.begin(), lower);
    sums[{*device, std::move(op)}] += *entry.value;
  }
  for (const auto& [row, value] : sums) {
    out.push_back({device_name(row.first), row.second, key, value});
  }
}

// A count of occurrences, where all other members of the memory details are bytes.
bool counts_events(std::string_view key) {
  if (key.starts_with("total_")) key.remove_prefix(6);
  return key.starts_with("pg") || key.starts_with("workingset_") || key.starts_with("thp_") ||
         key.starts_with("swpin") || key.starts_with("swpout") || key.starts_with("zswp");
}

}  // namespace

Count real_limit(Count limit) {
  return limit && *limit > 0 && *limit < kNoLimit ? limit : std::nullopt;
}

Count effective_memory_limit(const Task& task, const Container& container) {
  Count smallest;
  const auto consider = [&](Count limit) {
    if (real_limit(limit)) smallest = std::min(smallest.value_or(*limit), *limit);
  };
  consider(bytes_from_mib(container.limits.memory_mib));
  consider(bytes_from_mib(task.limits.memory_mib));
  if (container.stats) {
    consider(container.stats->memory.limit_bytes);
    consider(container.stats->memory.detail.hierarchical_memory_limit_bytes);
  }
  return smallest;
}

Count peak_memory(const Container& container) {
  if (!container.stats) return std::nullopt;
  const Count reported = container.stats->memory.max_usage_bytes;
  return reported ? reported : container.peak_usage_bytes;
}

Count working_set(const MemoryStats& memory) {
  const Count inactive = memory.detail.inactive_file_bytes;
  if (!memory.usage_bytes || !inactive) return std::nullopt;
  return *memory.usage_bytes - std::min(*memory.usage_bytes, *inactive);
}

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
  // The kernel counts the container's time finer than the host's, which comes in ticks: on a host
  // that is fully used the one can come out a little above the other.
  return std::min(static_cast<double>(*used) / available, 1.0);
}

Real cpu_cores(const ContainerStats& stats) {
  const Real window = window_seconds(stats);
  const Count used = cpu_used_ns(stats);
  if (!window || !used || *window > kLongestWindowSeconds) return std::nullopt;
  return static_cast<double>(*used) / (*window * 1e9);
}

Real reserved_cores(const ContainerLimits& limits) {
  constexpr double kUnset = 2;
  if (!limits.cpu_units || *limits.cpu_units <= kUnset) return std::nullopt;
  return *limits.cpu_units / 1024;
}

const ContainerStats* newest_sample(const Task& task) {
  const ContainerStats* newest = nullptr;
  for (const Container& container : task.containers) {
    if (!container.stats) continue;
    if (newest == nullptr || container.stats->read > newest->read) newest = &*container.stats;
  }
  return newest;
}

Count host_cpu_ns(const Task& task) {
  if (task.remembered.host_cpu_ns) return task.remembered.host_cpu_ns;
  const ContainerStats* newest = nullptr;
  for (const Container& container : task.containers) {
    if (!container.stats || !container.stats->cpu.system_ns) continue;
    if (newest == nullptr || container.stats->read > newest->read) newest = &*container.stats;
  }
  return newest == nullptr ? std::nullopt : newest->cpu.system_ns;
}

std::string_view task_network_mode(const Task& task) {
  for (const Container& container : task.containers) {
    const std::string_view mode = network_mode(container);
    if (!mode.empty() && !mode.starts_with(kSharedNetwork)) return mode;
  }
  // Not said, as by Managed Instances. Of the modes that are possible there (host is the other one)
  // this is the one that has interfaces.
  const bool knows_no_bridge =
      task.launch_type == "FARGATE" || task.launch_type == "MANAGED_INSTANCES";
  const bool has_interfaces = std::ranges::any_of(
      task.containers, [](const Container& c) { return interfaces_of(c) != nullptr; });
  return knows_no_bridge && has_interfaces ? "awsvpc" : "";
}

const Named<InterfaceStats>* task_interfaces(const Task& task) {
  if (!is_awsvpc(task)) return nullptr;
  if (task.remembered.interfaces) return &*task.remembered.interfaces;
  const Container* newest = nullptr;
  for (const Container& container : task.containers) {
    if (interfaces_of(container) == nullptr) continue;
    if (newest == nullptr || container.stats->read > newest->stats->read) newest = &container;
  }
  return newest == nullptr ? nullptr : interfaces_of(*newest);
}

const Container* network_owner(const Task& task, const Container& container) {
  const std::string_view mode = network_mode(container);
  if (mode == "awsvpc" || mode == "host" || mode == "none") return nullptr;
  // All containers of a task share a mode, also one whose own could not be read.
  if (mode.empty() && is_awsvpc(task)) return nullptr;
  if (!mode.starts_with(kSharedNetwork)) return &container;
  // Both show the same counters, until a restart policy restarts the container: to its own the
  // agent then adds those from before, though the network has gone on. So they are the owner's or
  // none, also in a moment in which it has no sample.
  const auto owner =
      std::ranges::find(task.containers, mode.substr(kSharedNetwork.size()), &Container::docker_id);
  return owner == task.containers.end() ? &container : &*owner;
}

const Named<InterfaceStats>* container_interfaces(const Task& task, const Container& container) {
  const Container* const owner = network_owner(task, container);
  return owner == nullptr ? nullptr : interfaces_of(*owner);
}

std::vector<const Container*> network_owners(const Task& task) {
  std::vector<const Container*> owners;
  for (const Container& container : task.containers) {
    const Container* const owner = is_app(container) ? network_owner(task, container) : nullptr;
    if (owner != nullptr) owners.push_back(owner);
  }
  std::ranges::sort(owners);  // they stand in one vector
  const auto repeated = std::ranges::unique(owners);
  owners.erase(repeated.begin(), repeated.end());
  return owners;
}

const InterfaceStats* find_interface(const Named<InterfaceStats>& interfaces,
                                     std::string_view name) {
  const auto name_of = [](const auto& interface) { return std::string_view(interface.first); };
  const auto found = std::ranges::lower_bound(interfaces, name, {}, name_of);
  return found == interfaces.end() || found->first != name ? nullptr : &found->second;
}

void add_up(Named<InterfaceStats>& sums, const Named<InterfaceStats>& more) {
  const auto name_of = [](const auto& sum) { return std::string_view(sum.first); };
  const std::size_t known = sums.size();
  for (const auto& [name, stats] : more) {
    const auto sorted = std::span(sums).first(known);
    const auto found = std::ranges::lower_bound(sorted, name, {}, name_of);
    const bool is_known = found != sorted.end() && found->first == name;
    InterfaceStats& sum =
        is_known ? found->second : sums.emplace_back(name, InterfaceStats{}).second;
    for (const auto counter : kInterfaceCounters) {
      Count& total = sum.*counter;
      if (stats.*counter) total = total.value_or(0) + *(stats.*counter);
    }
  }
  std::ranges::inplace_merge(sums, sums.begin() + static_cast<std::ptrdiff_t>(known), {}, name_of);
}

Named<InterfaceStats> all_interfaces(const Task& task) {
  if (const auto* of_task = task_interfaces(task)) return *of_task;
  Named<InterfaceStats> sums;
  for (const Container* const owner : network_owners(task)) {
    if (const auto* own = interfaces_of(*owner)) add_up(sums, *own);
  }
  if (!sums.empty()) add_up(sums, task.remembered.departed);
  return sums;
}

std::vector<DeviceTraffic> device_traffic(const ContainerStats& stats) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, DeviceTraffic> devices;
  const auto sum = [&](const std::vector<BlockIoEntry>& entries, std::string_view op,
                       Count DeviceTraffic::* total) {
    for (const BlockIoEntry& entry : entries) {
      if (!entry.value || !is_op(entry, op)) continue;
      const auto device = device_of(entry);
      if (!device) continue;
      DeviceTraffic& traffic = devices[*device];
      traffic.*total = (traffic.*total).value_or(0) + *entry.value;
    }
  };
  sum(stats.block_io.service_bytes, "read", &DeviceTraffic::read_bytes);
  sum(stats.block_io.service_bytes, "write", &DeviceTraffic::written_bytes);
  sum(stats.block_io.serviced, "read", &DeviceTraffic::reads);
  sum(stats.block_io.serviced, "write", &DeviceTraffic::writes);

  std::vector<DeviceTraffic> out;
  for (auto& [device, traffic] : devices) {
    traffic.device = device_name(device);
    out.push_back(std::move(traffic));
  }
  const StorageStats& storage = stats.storage;
  if (storage.read_bytes || storage.write_bytes || storage.read_count || storage.write_count) {
    out.push_back({.device = "storage",
                   .read_bytes = storage.read_bytes,
                   .written_bytes = storage.write_bytes,
                   .reads = storage.read_count,
                   .writes = storage.write_count});
  }
  return out;
}

std::vector<BlockIoNumber> block_io_totals(const BlockIoStats& stats) {
  std::vector<BlockIoNumber> out;
  append_numbers(out, "io_merged", stats.merged);
  append_numbers(out, "io_service_time", stats.service_time);
  append_numbers(out, "io_time", stats.time);
  append_numbers(out, "io_wait_time", stats.wait_time);
  append_numbers(out, "sectors", stats.sectors);
  return out;
}

std::vector<BlockIoNumber> queued_requests(const BlockIoStats& stats) {
  std::vector<BlockIoNumber> out;
  append_numbers(out, "io_queue", stats.queued);
  return out;
}

std::vector<MemoryNumber> memory_numbers(const MemoryStats& memory, bool events) {
  const MemoryDetail& detail = memory.detail;
  std::vector<MemoryNumber> out;
  for (std::size_t i = 0; i < detail.others.size(); ++i) {
    const auto [key, value] = detail.others[i];
    const bool is_limit = key.ends_with("_limit");
    if (!value || counts_events(key) != events || (is_limit && !real_limit(value))) continue;
    out.push_back({key, *value});
  }
  const auto add = [&](std::string_view key, Count value) {
    if (value) out.push_back({key, *value});
  };
  // Where the family of a number has that of the child cgroups too, its own alone.
  const auto add_own = [&](std::string_view key, const MemoryNumberV1& number) {
    if (number.own && number.total) add(key, *number.own);
  };
  if (events) {
    add_own("pgfault", detail.pgfault);
    add_own("pgmajfault", detail.pgmajfault);
  } else {
    add_own("cache", detail.cache);
    add_own("mapped_file", detail.mapped_file);
    add_own("rss", detail.rss);
    add_own("swap", detail.swap);
    // Read for families that are derived from them, and not shown as they are by any.
    add("hierarchical_memory_limit", real_limit(detail.hierarchical_memory_limit_bytes));
    add("inactive_file", detail.inactive_file.own.value_or(std::nullopt));
    add("total_inactive_file", detail.inactive_file.total.value_or(std::nullopt));
    add("commitbytes", memory.commit_bytes);
    add("commitpeakbytes", memory.commit_peak_bytes);
    add("privateworkingset", memory.private_working_set_bytes);
  }
  // The last of several with the same key, as everywhere.
  std::ranges::stable_sort(out, {}, &MemoryNumber::key);
  const auto repeated = std::ranges::unique(out.rbegin(), out.rend(), {}, &MemoryNumber::key);
  out.erase(out.begin(), repeated.begin().base());
  return out;
}

std::vector<CoreTime> core_times(const CpuStats& cpu) {
  const std::vector<Count>& all = cpu.usage.per_core_ns;
  std::size_t online = all.size();
  if (cpu.online_cpus) {
    online = std::min<std::size_t>(*cpu.online_cpus, online);
  } else {
    // A core that the container has not used yet, or one that the host does not have: who knows.
    while (online > 0 && all[online - 1].value_or(0) == 0) --online;
  }
  std::vector<CoreTime> out;
  for (std::size_t i = 0; i < online; ++i) {
    if (all[i]) out.push_back({i, *all[i]});
  }
  return out;
}

Real seconds_elapsed(Time from, Time to) {
  if (!from || !to || is_never(*from) || *to < *from) return std::nullopt;
  return seconds_between(*from, *to);
}

namespace {

// The n-th part of an ARN, from 0.
std::string_view arn_part(std::string_view arn, int n) {
  if (!arn.starts_with("arn:")) return {};
  for (; n > 0; --n) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return arn.substr(0, arn.find(':'));
}

}  // namespace

std::string_view arn_region(std::string_view arn) { return arn_part(arn, 3); }

std::string_view arn_account(std::string_view arn) { return arn_part(arn, 4); }

std::string_view last_part(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace ecs_exporter
