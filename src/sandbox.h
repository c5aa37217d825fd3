// What this process may still ask of the kernel once it serves.
#pragma once

#include "error.h"

namespace ecs_exporter {

/// From now on the kernel refuses this process, with all of its threads, what serving does not
/// need: to start a program, to write, make or remove a file, to run code that was not its own, to
/// listen at another port, and so on; a refused call fails with EPERM. There is no way back.
/// Errors: kSystem, why there is no sandbox; then all is as before, but that no new privileges can
/// be gained.
Result<void> enter_sandbox();

}  // namespace ecs_exporter
