// The two replies to one task: the one room that knows the keys of the endpoint's JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "error.h"
#include "model.h"

namespace ecs_exporter {

/// What `/task` said. `problem` is "" or one sentence on what in it could not be read; what it
/// names is absent from `task`, and nothing else is.
struct TaskReply {
  Task task;
  std::string problem;
};

/// What `/task/stats` said: samples by DockerId, those without data left out; `problem` as above.
struct StatsReply {
  Named<ContainerStats> samples;
  std::string problem;
};

/// Reads the body of `/task` (v4, v3) or `/v2/metadata`. The containers come without `stats`.
/// Errors: kJson, kShape (also for an object that is no task), kTooLarge.
Result<TaskReply> parse_task(std::string_view body);

/// Reads the body of `/task/stats` or `/v2/stats`. The interfaces of a sample are sorted by name,
/// each there once. Errors: kJson, kShape, kTooLarge.
Result<StatsReply> parse_stats(std::string_view body);

/// Brings the samples to their containers by DockerId, sorts the containers by name, and of two
/// with the same name keeps the one that was created last. CPU times of Windows become nanoseconds.
/// A sample that no container has, and a container without a name, are dropped.
void join(Task& task, Named<ContainerStats> samples);

}  // namespace ecs_exporter
