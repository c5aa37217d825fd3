// The environment variables, as a function, so that what reads them can be tested.
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

namespace ecs_exporter {

/// The value of an environment variable; absent if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The variables of this process.
inline std::optional<std::string> process_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace ecs_exporter
