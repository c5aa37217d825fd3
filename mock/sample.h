// The task that the mock shows when it is given no other.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string_view>

namespace ecs_exporter::mock {

/// The bodies of /task and /task/stats, in version 4, of a task on Fargate with three containers:
/// web, log-router, and migrate, which has ended well.
extern const std::string_view kSampleTask;
extern const std::string_view kSampleStats;

/// kSampleTask with all its times later, so that its stats' first sample is taken at `now`.
boost::json::object sample_task_at(std::chrono::sys_time<std::chrono::nanoseconds> now);

}  // namespace ecs_exporter::mock
