// How much memory there is, by folders as the kernel has them.
#include "process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ecs_exporter {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1024 * 1024;

// A root with files of proc and sys in it.
class Root {
 public:
  Root() {
    std::string path = fs::temp_directory_path() / "memory-limit-XXXXXX";
    root_ = mkdtemp(path.data());
  }
  ~Root() { fs::remove_all(root_); }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;

  Root& file(const std::string& path, const std::string& content) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << content;
    return *this;
  }
  std::optional<std::uint64_t> limit() const { return memory_limit(root_); }

 private:
  std::string root_;
};

TEST(MemoryLimit, OfVersion2IsThatOfTheOwnCgroup) {
  Root root;
  root.file("/proc/self/cgroup", "0::/ecs/task/one\n")
      .file("/sys/fs/cgroup/ecs/task/one/memory.max", "6291456\n");
  EXPECT_EQ(root.limit(), 6 * kMiB);
}

TEST(MemoryLimit, OfVersion1IsThatOfTheOwnCgroup) {
  Root root;
  root.file("/proc/self/cgroup", "11:cpu,cpuacct:/x\n4:memory:/ecs/task/one\n0::/\n")
      .file("/sys/fs/cgroup/memory/ecs/task/one/memory.limit_in_bytes", "33554432\n")
      .file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
      .file("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
  EXPECT_EQ(root.limit(), 32 * kMiB);
}

TEST(MemoryLimit, OfAContainerThatSeesItsOwnCgroupOnlyIsAtTheTop) {
  Root version_2;
  version_2.file("/proc/self/cgroup", "0::/ecs/task/one\n")
      .file("/sys/fs/cgroup/memory.max", "16777216\n");
  EXPECT_EQ(version_2.limit(), 16 * kMiB);
  Root version_1;
  version_1.file("/proc/self/cgroup", "4:memory:/ecs/task/one\n")
      .file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "16777216\n");
  EXPECT_EQ(version_1.limit(), 16 * kMiB);
}

TEST(MemoryLimit, OfTheTaskHoldsForItsContainers) {
  Root root;
  root.file("/proc/self/cgroup", "0::/ecs/task/one\n")
      .file("/sys/fs/cgroup/ecs/task/one/memory.max", "max\n")
      .file("/sys/fs/cgroup/ecs/task/memory.max", "8388608\n")
      .file("/sys/fs/cgroup/ecs/memory.max", "16777216\n");
  EXPECT_EQ(root.limit(), 8 * kMiB);
}

TEST(MemoryLimit, IsAbsentWhereThereIsNone) {
  EXPECT_EQ(Root().limit(), std::nullopt);
  EXPECT_EQ(memory_limit("/no/such/folder"), std::nullopt);
  Root version_2;
  version_2.file("/proc/self/cgroup", "0::/\n").file("/sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(version_2.limit(), std::nullopt);
  Root version_1;
  version_1.file("/proc/self/cgroup", "4:memory:/\n")
      .file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(version_1.limit(), std::nullopt);
}

TEST(MemoryLimit, IsAbsentWhereItCannotBeRead) {
  for (const char* cgroup :
       {"", "\n", ":", "::", "0::", "0::\n", "x", "0::x", "4:memory", "4:memory:x"}) {
    Root root;
    root.file("/proc/self/cgroup", cgroup).file("/sys/fs/cgroup/memory.max", "-1 or so\n");
    EXPECT_EQ(root.limit(), std::nullopt) << cgroup;
  }
}

}  // namespace
}  // namespace ecs_exporter
