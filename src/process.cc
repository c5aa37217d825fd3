// getrusage, getrlimit, /proc/self and /sys/fs/cgroup.
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <span>
#include <string_view>

namespace ecs_exporter {
namespace {

constexpr auto kNoLimit = std::uint64_t{1} << 62U;  // and more

// A file of /proc or /sys that fits into a page, as far as it does.
class SmallFile {
 public:
  explicit SmallFile(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const ssize_t size = ::read(fd, bytes_.data(), bytes_.size());
    ::close(fd);
    if (size > 0) text_ = std::string_view(bytes_.data(), static_cast<std::size_t>(size));
  }
  std::string_view text() const { return text_; }

 private:
  std::array<char, 4096> bytes_{};
  std::string_view text_;
};

// The n-th word, from 0, as a number.
std::optional<std::uint64_t> nth_number(std::string_view text, int n) {
  for (; n > 0 && !text.empty(); --n) text.remove_prefix(std::min(text.find(' ') + 1, text.size()));
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc()) return std::nullopt;
  return number;
}

// The kernel tells when the process started in ticks since the machine did.
std::optional<double> start_time() {
  const SmallFile stat("/proc/self/stat");
  // The name in parentheses may have spaces in it; the start is the 20th word after it.
  const std::string_view text = stat.text();
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos || end + 2 > text.size()) return std::nullopt;
  const auto ticks = nth_number(text.substr(end + 2), 19);
  std::timespec now{};
  std::timespec uptime{};
  if (!ticks || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
      clock_gettime(CLOCK_BOOTTIME, &uptime) != 0) {
    return std::nullopt;
  }
  const auto seconds = [](const std::timespec& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
  };
  const double after_boot =
      static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return seconds(now) - seconds(uptime) + after_boot;
}

std::optional<std::uint64_t> open_fds() {
  // Since Linux 6.2 the folder's size is their number.
  struct stat folder_stat{};
  if (::stat("/proc/self/fd", &folder_stat) == 0 && folder_stat.st_size > 0) {
    return static_cast<std::uint64_t>(folder_stat.st_size);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) return std::nullopt;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(folder.get())) count += entry->d_name[0] != '.' ? 1 : 0;
  return count - 1;  // without the folder itself
}

// One of the programs and libraries that are mapped; the one program, where it is linked
// statically.
int forget_code(dl_phdr_info* mapped, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const ElfW(Phdr) & part : std::span(mapped->dlpi_phdr, mapped->dlpi_phnum)) {
    // What can be written is not only in the file.
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = mapped->dlpi_addr + part.p_vaddr;
    const std::uintptr_t first = begin / page * page;
    ::madvise(reinterpret_cast<void*>(first), begin + part.p_memsz - first, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void forget_startup() { ::dl_iterate_phdr(forget_code, nullptr); }

void keep_memory() {
  // The allocator of the C library keeps for later what is smaller than the largest block of its
  // own mapping that was ever freed, and twice that in all. This is such a block: about what an
  // answer for ten containers takes. It is never written to, so it costs nothing.
  void* volatile block = std::malloc(256UZ * 1024);
  std::free(block);
}

void give_memory_back() { ::malloc_trim(0); }

std::optional<std::uint64_t> memory_limit(const std::string& root) {
  // A container sees its own cgroup as the top one, whatever the kernel says that it is called: so
  // each folder on the way there is looked at, and those that are not there have no limit.
  std::optional<std::uint64_t> smallest;
  const auto look = [&](const std::string& top, std::string_view path, const char* name) {
    while (true) {
      const SmallFile file((top + std::string(path) + name).c_str());
      // "max", for none, is no number; in version 1 none is a large one.
      const auto limit = nth_number(file.text(), 0);
      if (limit && *limit < kNoLimit) smallest = std::min(*limit, smallest.value_or(*limit));
      if (path.empty()) return;
      const std::size_t parent = path.rfind('/');
      path = path.substr(0, parent == std::string_view::npos ? 0 : parent);
    }
  };
  const SmallFile cgroups((root + "/proc/self/cgroup").c_str());
  for (std::string_view rest = cgroups.text(); !rest.empty();) {
    // As "4:memory:/path" of version 1, or "0::/path" of version 2.
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line.remove_prefix(std::min(line.find(':') + 1, line.size()));
    const std::string_view controller = line.substr(0, line.find(':'));
    line.remove_prefix(std::min(controller.size() + 1, line.size()));
    if (controller.empty()) look(root + "/sys/fs/cgroup", line, "/memory.max");
    if (controller == "memory") {
      look(root + "/sys/fs/cgroup/memory", line, "/memory.limit_in_bytes");
    }
  }
  return smallest;
}

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.cpu_seconds = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                        static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    usage.max_fds = limit.rlim_cur;
  }
  const SmallFile statm("/proc/self/statm");
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (const auto pages = nth_number(statm.text(), 0)) usage.virtual_bytes = *pages * page;
  if (const auto pages = nth_number(statm.text(), 1)) usage.resident_bytes = *pages * page;
  usage.open_fds = open_fds();
  static const std::optional<double> start = start_time();  // does not change
  usage.start_time_seconds = start;
  return usage;
}

}  // namespace ecs_exporter
