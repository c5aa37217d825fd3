// What the kernel refuses from within the sandbox, and what it goes on doing, each tried in a
// process of its own. Built without sanitizers, which need more than the sandbox lets them have.
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace ecs_exporter {
namespace {

// -1 and errno if it was refused.
using Attempt = std::function<long()>;

struct Case {
  const char* what;
  Attempt attempt;
};

// How a process ended that did `attempt`: its exit code is errno, or 0.
int status_of(const Attempt& attempt, bool sandboxed) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (sandboxed && !enter_sandbox()) ::_exit(255);
    ::_exit(attempt() == -1 ? errno : 0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

int errno_of(const Attempt& attempt, bool sandboxed) {
  const int status = status_of(attempt, sandboxed);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  return WEXITSTATUS(status);
}

// Works in a folder of its own, with a file in it.
class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "sandbox_test.XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    ASSERT_EQ(::chdir(folder_.c_str()), 0);
    make_file();
  }
  void TearDown() override {
    for (const char* name : {"file", "new", "moved", "folder"}) std::remove(name);
    EXPECT_EQ(::chdir("/"), 0);
    EXPECT_EQ(::rmdir(folder_.c_str()), 0);
  }

  static void make_file() {
    std::FILE* const file = std::fopen("file", "w");
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(std::fputs("text", file) < 0 ? EOF : std::fclose(file), 0);
  }

  // Each succeeds where there is no sandbox, so that it is the sandbox which refuses it.
  static void expect_refused(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
      SCOPED_TRACE(one.what);
      EXPECT_EQ(errno_of(one.attempt, true), EPERM);
      EXPECT_EQ(errno_of(one.attempt, false), 0);
      make_file();
    }
  }

  static void expect_allowed(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
      SCOPED_TRACE(one.what);
      EXPECT_EQ(errno_of(one.attempt, true), 0);
    }
  }

 private:
  std::string folder_;
};

Attempt open_file(const char* name, int flags) {
  return [=] { return ::open(name, flags, 0600); };
}

Attempt map(int protection, int flags, const char* file = nullptr) {
  return [=] {
    const int descriptor = file == nullptr ? -1 : ::open(file, O_RDONLY);
    void* const at = ::mmap(nullptr, 4096, protection, flags, descriptor, 0);
    return at == MAP_FAILED ? -1 : 0;
  };
}

Attempt open_socket(int family, int type) {
  return [=] { return ::socket(family, type, 0); };
}

TEST_F(Sandbox, NoProgramAndNoProcessIsStarted) {
  expect_refused({
      {"a program",
       [] {
         std::array<char*, 1> none{};
         return ::execve("/bin/true", none.data(), none.data());
       }},
      {"a process", [] { return ::fork(); }},
  });
}

TEST_F(Sandbox, NoFileIsWrittenMadeOrRemoved) {
  expect_refused({
      {"write", open_file("file", O_WRONLY)},
      {"read and write", open_file("file", O_RDWR)},
      {"append", open_file("file", O_WRONLY | O_APPEND)},
      {"cut, and read", open_file("file", O_RDONLY | O_TRUNC)},
      {"make, and read", open_file("new", O_RDONLY | O_CREAT)},
      {"make in memory", [] { return ::memfd_create("x", 0); }},
      {"make a folder", [] { return ::mkdir("folder", 0700); }},
      {"rename", [] { return std::rename("file", "moved"); }},
      {"remove", [] { return ::unlink("file"); }},
      {"cut", [] { return ::truncate("file", 0); }},
      {"change who may read", [] { return ::chmod("file", 0644); }},
  });
}

TEST_F(Sandbox, NothingBecomesCode) {
  constexpr int kFresh = MAP_PRIVATE | MAP_ANONYMOUS;
  expect_refused({
      {"fresh memory", map(PROT_READ | PROT_EXEC, kFresh)},
      {"memory that can be written", map(PROT_READ | PROT_WRITE | PROT_EXEC, kFresh)},
      {"a file", map(PROT_READ | PROT_EXEC, MAP_PRIVATE, "/bin/true")},
      {"memory that was written",
       [] {
         void* const at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, kFresh, -1, 0);
         return ::mprotect(at, 4096, PROT_READ | PROT_EXEC);
       }},
      {"shared memory", [] { return ::shmget(IPC_PRIVATE, 1, 0600); }},
      {"code that is there, past its protection", open_file("/proc/self/mem", O_RDWR)},
  });
}

TEST_F(Sandbox, OtherProcessesAreLeftAlone) {
  expect_refused({
      {"trace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"signal a process", [] { return ::kill(::getppid(), 0); }},
      {"signal a thread", [] { return ::syscall(SYS_tgkill, ::getpid(), ::gettid(), 0); }},
      {"set a limit",
       [] {
         rlimit limit{};
         return ::getrlimit(RLIMIT_NOFILE, &limit) + ::setrlimit(RLIMIT_NOFILE, &limit);
       }},
      {"change an attribute", [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
  });
}

TEST_F(Sandbox, SocketsAreForConnectionsThatBeginHereOrWereListenedForBefore) {
  expect_refused({
      {"a Unix socket", open_socket(AF_UNIX, SOCK_STREAM)},
      {"a netlink socket", open_socket(AF_NETLINK, SOCK_RAW)},
      {"an address",
       [] {
         sockaddr_in address{};
         address.sin_family = AF_INET;
         const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
         return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
       }},
      {"an address for UDP",
       [] {
         sockaddr_in address{};
         address.sin_family = AF_INET;
         const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
         return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
       }},
      {"a port", [] { return ::listen(::socket(AF_INET, SOCK_STREAM, 0), 1); }},
      {"an option that serving does not set",
       [] {
         const int on = 1;
         const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
         return ::setsockopt(socket, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
       }},
      {"a request to a device", [] { return ::ioctl(::open("file", O_RDONLY), FIOCLEX); }},
  });
}

TEST_F(Sandbox, ServingGoesOn) {
  expect_allowed({
      {"read a file",
       [] {
         std::array<char, 4> text{};
         return ::read(::open("file", O_RDONLY | O_CLOEXEC), text.data(), 4) == 4 ? 0 : -1;
       }},
      {"list a folder",
       [] {
         DIR* const folder = ::opendir("/proc/self/fd");
         return folder != nullptr && ::readdir(folder) != nullptr ? 0 : -1;
       }},
      {"take and give back memory",
       [] {
         void* const small = std::malloc(200'000);
         void* const large = std::realloc(small, 20'000'000);
         std::free(large);
         return large == nullptr ? -1 : 0;
       }},
      {"start a thread",
       [] {
         int sum = 0;
         std::thread([&] { sum = 1; }).join();
         return sum - 1;
       }},
      {"ask for the time",
       [] {
         timespec now{};
         return ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
       }},
      {"ask for a limit",
       [] {
         rlimit limit{};
         return ::getrlimit(RLIMIT_NOFILE, &limit);
       }},
      {"TCP",
       [] {
         const int on = 1;
         const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
         return ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) +
                ::ioctl(socket, FIONBIO, &on);
       }},
      {"TCP over IPv4, as the resolver asks for it", open_socket(AF_INET, SOCK_STREAM)},
      {"UDP", open_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)},
  });
}

// A socket that has sent something has an address without having asked for one. What arrives there
// cannot be refused, as the resolver sends in the same way.
TEST_F(Sandbox, UdpThatHasSentReceives) {
  expect_allowed({{"UDP to itself", [] {
                     sockaddr_in address{};
                     socklen_t size = sizeof address;
                     auto* const at = reinterpret_cast<sockaddr*>(&address);
                     address.sin_family = AF_INET;
                     address.sin_port = htons(9);
                     address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                     const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
                     ::sendto(socket, "x", 1, 0, at, size);
                     ::getsockname(socket, at, &size);
                     address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                     const int other = ::socket(AF_INET, SOCK_DGRAM, 0);
                     std::array<char, 1> got{};
                     return ::sendto(other, "y", 1, 0, at, size) == 1 &&
                                    ::recv(socket, got.data(), 1, 0) == 1 && got[0] == 'y'
                                ? 0
                                : -1;
                   }}});
}

TEST_F(Sandbox, ThreadsThatRunAlreadyAreInIt) {
  EXPECT_EQ(status_of(
                [] {
                  std::atomic<bool> entered = false;
                  long result = 0;
                  std::thread before([&] {
                    entered.wait(false);
                    result = ::open("file", O_WRONLY) == -1 ? errno : 0;
                  });
                  const bool is_in = enter_sandbox().has_value();
                  entered = true;
                  entered.notify_one();
                  before.join();
                  errno = is_in && result == EPERM ? 0 : 255;
                  return errno == 0 ? 0 : -1;
                },
                false),
            0);
}

// abort() signals the process itself, which is refused; it must end all the same.
TEST_F(Sandbox, AFailedAssertionEndsIt) {
  const auto aborts = []() -> long {
    const rlimit no_dump{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_dump);
    std::abort();
  };
  EXPECT_TRUE(WIFSIGNALED(status_of(aborts, true)));
}

}  // namespace
}  // namespace ecs_exporter
