// Which sample is believed, and what goes on without one.
#include "task_counters.h"

#include <algorithm>
#include <utility>

#include "derive.h"

namespace ecs_exporter {
namespace {

constexpr std::size_t kMostInterfaces = 256;
constexpr std::size_t kLongestName = 64;

// True if these may be remembered: no real task comes near that.
bool is_small(const Named<InterfaceStats>& interfaces) {
  return interfaces.size() <= kMostInterfaces &&
         std::ranges::all_of(interfaces, [](const auto& interface) {
           return interface.first.size() <= kLongestName;
         });
}

bool is_behind(const InterfaceStats& now, const InterfaceStats& before) {
  return std::ranges::any_of(kInterfaceCounters, [&](const auto counter) {
    return before.*counter && (!(now.*counter) || *(now.*counter) < *(before.*counter));
  });
}

bool is_behind(const Named<InterfaceStats>& now, const Named<InterfaceStats>& before) {
  return std::ranges::any_of(before, [&](const auto& interface) {
    const InterfaceStats* const found = find_interface(now, interface.first);
    return found == nullptr || is_behind(*found, interface.second);
  });
}

// Adds each counter of `before` that `now` is behind, as it began anew in between.
void add_fallen(Named<InterfaceStats>& sums, const Named<InterfaceStats>& now,
                const Named<InterfaceStats>& before) {
  for (const auto& [name, counters] : before) {
    const InterfaceStats* const found = find_interface(now, name);
    if (found != nullptr && !is_behind(*found, counters)) continue;
    InterfaceStats fallen = counters;
    for (const auto counter : kInterfaceCounters) {
      if (found != nullptr && found->*counter >= counters.*counter) (fallen.*counter).reset();
    }
    add_up(sums, {{name, fallen}});
  }
}

// Of the containers for which `value_of` has a value the one that was sampled last, but none that
// is behind `last`: a sample is believed if it is newer, if it is of the same container, or if it
// is not behind, as after a clock was set back.
template <class Last, class ValueOf, class IsBehind>
const Container* believed(const Task& task, const Last& last, ValueOf value_of,
                          IsBehind is_behind_last) {
  const Container* best = nullptr;
  for (const Container& container : task.containers) {
    if (!container.stats || !value_of(container)) continue;
    const Time time = container.stats->read;
    if (last && container.docker_id != last->docker_id && time <= last->time &&
        is_behind_last(container)) {
      continue;
    }
    if (best == nullptr || time > best->stats->read) best = &container;
  }
  return best;
}

}  // namespace

void TaskCounters::follow(Task& task) {
  if (task.arn != arn_) *this = {};
  arn_ = task.arn;
  task.remembered = {};
  follow_host(task);
  const std::string_view mode = task_network_mode(task);
  if (mode == "awsvpc") {
    counted_.clear();
    ended_.clear();
    follow_interfaces(task);
  } else {
    // Where the mode is not said, it shows in the interfaces alone: none may be a reply without
    // any.
    if (!mode.empty()) interfaces_.reset();
    follow_sums(task);
  }
}

void TaskCounters::follow_host(Task& task) {
  // The kernel's time of idle CPUs can fall a little; a host that begins anew ends its tasks.
  constexpr std::uint64_t kMostFallNs = 60'000'000'000;
  const auto host_time = [](const Container& c) { return c.stats->cpu.system_ns; };
  if (std::ranges::none_of(task.containers,
                           [&](const Container& c) { return c.stats && host_time(c); })) {
    return;
  }
  const Container* const from = believed(task, host_cpu_ns_, host_time, [&](const Container& c) {
    return *host_time(c) < host_cpu_ns_->value;
  });
  if (from != nullptr) {
    std::uint64_t value = *host_time(*from);
    if (host_cpu_ns_ && value < host_cpu_ns_->value && host_cpu_ns_->value - value < kMostFallNs) {
      value = host_cpu_ns_->value;
    }
    host_cpu_ns_ = {value, from->docker_id, from->stats->read};
  }
  task.remembered.host_cpu_ns = host_cpu_ns_->value;
}

void TaskCounters::follow_interfaces(Task& task) {
  const Interfaces* const newest = task_interfaces(task);
  if (newest == nullptr) return;
  const auto interfaces = [](const Container& c) -> const Interfaces* {
    return c.stats->networks.empty() ? nullptr : &c.stats->networks;
  };
  const Container* const from = believed(task, interfaces_, interfaces, [&](const Container& c) {
    return is_behind(*interfaces(c), interfaces_->value);
  });
  if (from != nullptr) {
    interfaces_.reset();
    if (is_small(*interfaces(*from))) {
      interfaces_ = {*interfaces(*from), from->docker_id, from->stats->read};
    }
  }
  const bool is_newest = from != nullptr && interfaces(*from) == newest;
  if (!is_newest && interfaces_) task.remembered.interfaces = interfaces_->value;
}

void TaskCounters::follow_sums(Task& task) {
  auto before = std::exchange(counted_, {});
  std::size_t room = kMostInterfaces;
  for (const Container* const owner : network_owners(task)) {
    const auto known = before.find(owner->docker_id);
    if (!owner->stats || owner->stats->networks.empty()) {
      // It may come back, and count on.
      if (known != before.end()) {
        add_up(task.remembered.departed, known->second);
        counted_.insert(before.extract(known));
      }
      continue;
    }
    const Interfaces& now = owner->stats->networks;
    if (known != before.end()) {
      add_fallen(ended_, now, known->second);
      before.erase(known);
    }
    if (is_small(now) && now.size() <= room) {
      counted_.emplace(owner->docker_id, now);
      room -= now.size();
    }
  }
  for (const auto& [id, interfaces] : before) add_up(ended_, interfaces);
  // An interface that no container has any more is no series any more.
  std::erase_if(ended_, [&](const auto& interface) {
    return std::ranges::none_of(counted_, [&](const auto& counted) {
      return find_interface(counted.second, interface.first) != nullptr;
    });
  });
  add_up(task.remembered.departed, ended_);
}

}  // namespace ecs_exporter
