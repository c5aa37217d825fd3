// What this process uses, for the standard `process_*` metrics.
#pragma once

#include <cstdint>
#include <optional>

namespace ecs_exporter {

struct ProcessUsage {
  std::optional<double> cpu_seconds;
  std::optional<double> start_time_seconds;  // since 1970
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<std::uint64_t> open_fds;
  std::optional<std::uint64_t> max_fds;
};

/// As the kernel tells now, from getrusage(2), getrlimit(2) and proc(5); absent where it does not.
ProcessUsage process_usage();

/// Lets go of the pages of code that were only needed up to now, to be called when the program
/// begins its work. What is needed again comes back from the kernel's cache of the file.
void forget_startup();

/// Lets the memory of one answer serve the next: by default what is over 128 KiB goes back to the
/// kernel each time, and comes again page by page.
void keep_memory();

}  // namespace ecs_exporter
