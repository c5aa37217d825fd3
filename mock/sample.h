// The task that the mock shows when it is given no other.
#pragma once

#include <string_view>

namespace ecs_exporter::mock {

/// The bodies of /task and /task/stats, in version 4, of a task on Fargate with three containers:
/// web, log-router, and migrate, which has ended well.
extern const std::string_view kSampleTask;
extern const std::string_view kSampleStats;

}  // namespace ecs_exporter::mock
