// What the agent answers when nothing is made to fail: the task, its stats, or those of a
// container.
#pragma once

#include "answer.h"
#include "route.h"
#include "task_source.h"

namespace ecs_exporter::mock {

/// The answer of `route`. Status 500, with a line in the source's log, if its file has become
/// unreadable; the agent's own errors for a container that is not there or has no stats.
Answer living_answer(TaskSource& source, const Route& route);

}  // namespace ecs_exporter::mock
