// What this process uses, for the standard `process_*` metrics, and how much memory it may use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

/// The smallest limit of memory, in bytes, among the cgroup of this process and those around it, of
/// version 1 or 2; absent where none has one, or none can be read. `root` is the folder in which
/// proc(5) and sys/fs/cgroup are.
std::optional<std::uint64_t> memory_limit(const std::string& root = "");

/// Lets go of the pages of code that were only needed up to now, to be called when the program
/// begins its work. What is needed again comes back from the kernel's cache of the file.
void forget_startup();

/// Lets the memory of one answer serve the next: by default what is over 128 KiB goes back to the
/// kernel each time, and comes again page by page.
void keep_memory();

/// Gives the kernel what is free between blocks that are in use; for after a time in which much
/// more was needed than before and after it.
void give_memory_back();

}  // namespace ecs_exporter
