// A file as a text.
#pragma once

#include <string>

#include "error.h"

namespace ecs_exporter {

/// All that the file at `path` has. Errors: kSystem, which names the path and says why.
Result<std::string> read_file(const std::string& path);

}  // namespace ecs_exporter
