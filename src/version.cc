// The one file that knows the version, so that a new one compiles one file.
#include "version.h"

namespace ecs_exporter {

std::string_view version() { return EXPORTER_VERSION; }

std::string_view revision() { return EXPORTER_REVISION; }

std::string_view compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string_view architecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "other";
#endif
}

}  // namespace ecs_exporter
