// A file as a text.
#pragma once

#include <cstddef>
#include <string>

#include "error.h"

namespace ecs_exporter {

/// All that the regular file at `path` has, at most `most` bytes. Anything else is refused, as a
/// pipe or a device may never end, or never begin. Errors: kSystem, why it cannot be read, without
/// the path: where a path is wanted there may stand a secret by mistake.
Result<std::string> read_file(const std::string& path, std::size_t most);

/// The same of whatever `path` is. Waits for a pipe until its other end is closed.
Result<std::string> read_stream(const std::string& path, std::size_t most);

}  // namespace ecs_exporter
