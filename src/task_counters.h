// The counters of the task as a whole, which are read from its containers: they go on where the
// container stops that they were read from. A counter that falls looks to Prometheus as one that
// began anew, so that its whole value would be counted again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model.h"

namespace ecs_exporter {

/// Follows a task from round to round, and remembers of it
/// - what the host's CPU time and, in network mode awsvpc, the interfaces of the task were last
/// read
///   as. A sample that is older and behind that is not believed: what was read is said again;
/// - in any other mode, what each container's interfaces have counted, for their sum over the task.
///
/// All that is bounded by the containers of the last reply; of a task with very many interfaces
/// none are remembered.
class TaskCounters {
 public:
  /// Fills in `task.remembered`. The samples are joined to their containers. May be called again
  /// with the same samples.
  void follow(Task& task);

 private:
  // What was read last, and where.
  template <class Value>
  struct Read {
    Value value;
    std::string docker_id;
    Time time;
  };
  using Interfaces = Named<InterfaceStats>;

  void follow_host(Task& task);
  void follow_interfaces(Task& task);
  void follow_sums(Task& task);

  std::string arn_;
  std::optional<Read<std::uint64_t>> host_cpu_ns_;
  std::optional<Read<Interfaces>> interfaces_;
  std::map<std::string, Interfaces, std::less<>>
      counted_;       // by the DockerId of the network's owner
  Interfaces ended_;  // the sums of containers that are no more, and of counters that began anew
};

}  // namespace ecs_exporter
