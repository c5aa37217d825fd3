// The sandbox's filters, run as the kernel would: also the one of the architecture that this is
// not.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <span>
#include <sstream>
#include <string>

namespace ecs_exporter {
namespace {

constexpr sock_filter kX86[] = {
#include "sandbox_filter_x86_64.inc"
};
constexpr sock_filter kArm[] = {
#include "sandbox_filter_aarch64.inc"
};

struct Architecture {
  std::uint32_t number;
  std::span<const sock_filter> filter;
};
constexpr std::array<Architecture, 2> kArchitectures = {
    {{SCMP_ARCH_X86_64, kX86}, {SCMP_ARCH_AARCH64, kArm}}};

constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

// What the filter comes to. As much of the language as libseccomp writes.
std::uint32_t verdict(std::span<const sock_filter> filter, const seccomp_data& call) {
  std::uint32_t value = 0;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const sock_filter& row = filter[at];
    const auto jump = [&](bool yes) { at += yes ? row.jt : row.jf; };
    switch (row.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&value, reinterpret_cast<const char*>(&call) + row.k, sizeof value);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        value &= row.k;
        break;
      case BPF_JMP | BPF_JA:
        at += row.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(value == row.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(value > row.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(value >= row.k);
        break;
      case BPF_RET | BPF_K:
        return row.k;
      default:
        ADD_FAILURE() << "unknown code " << row.code;
        return 0;
    }
  }
  ADD_FAILURE() << "it ends without an answer";
  return 0;
}

using Arguments = std::initializer_list<std::uint64_t>;

void expect_verdict(std::uint32_t wanted, const char* call, Arguments arguments = {}) {
  int known = 0;
  for (const Architecture& architecture : kArchitectures) {
    const int number = seccomp_syscall_resolve_name_arch(architecture.number, call);
    if (number < 0) continue;  // only the other one has it
    ++known;
    seccomp_data data{.nr = number, .arch = architecture.number};
    std::ranges::copy(arguments, data.args);
    EXPECT_EQ(verdict(architecture.filter, data), wanted) << call << " of " << architecture.number;
  }
  EXPECT_GT(known, 0) << call;
}

// `calls`: separated by spaces.
void expect_verdict_of_each(std::uint32_t wanted, const char* calls) {
  std::istringstream words(calls);
  for (std::string call; words >> call;) expect_verdict(wanted, call.c_str());
}

constexpr const char* kNeeded =
    "accept close connect epoll_ctl epoll_pwait epoll_wait exit_group futex getdents64 "
    "getrandom getrusage madvise munmap newfstatat poll ppoll read recvfrom restart_syscall "
    "rt_sigreturn sendmsg sendto timerfd_settime write";

TEST(SandboxFilter, WhatServingDoesMostIsAllowed) { expect_verdict_of_each(kAllowed, kNeeded); }

constexpr const char* kForeign =
    "add_key bind bpf capset chdir chmod chroot creat dup dup3 execve execveat fchmodat fcntl "
    "fork ftruncate init_module io_setup io_uring_setup kcmp keyctl kill linkat listen "
    "memfd_create mkdirat mknodat mount name_to_handle_at open open_by_handle_at open_tree "
    "openat2 perf_event_open personality pidfd_getfd pidfd_open pidfd_send_signal "
    "pkey_mprotect prctl process_vm_readv process_vm_writev ptrace quotactl reboot renameat2 "
    "rt_sigqueueinfo seccomp sethostname setns setuid shmat socketpair splice symlinkat "
    "tgkill tkill truncate umount2 unlinkat unshare userfaultfd utimensat vfork vmsplice";

TEST(SandboxFilter, WhatItDoesNotIsRefused) { expect_verdict_of_each(kRefused, kForeign); }

TEST(SandboxFilter, CallsThatAreNewerThanTheListAreUnknown) {
  for (const Architecture& architecture : kArchitectures) {
    int last = 0;
    for (int number = 0; number < 4096; ++number) {
      char* const name = seccomp_syscall_resolve_num_arch(architecture.number, number);
      if (name != nullptr) last = number;
      std::free(name);
    }
    EXPECT_GE(last, 440);
    for (const int number : {last + 1, last + 2, 1000, 4095, 0x3FFFFFFF}) {
      const seccomp_data call{.nr = number, .arch = architecture.number};
      EXPECT_EQ(verdict(architecture.filter, call), kUnknown) << number;
    }
    const seccomp_data call{.nr = last, .arch = architecture.number};
    EXPECT_EQ(verdict(architecture.filter, call), kRefused);
  }
}

TEST(SandboxFilter, CallsOfAnotherArchitectureAreRefused) {
  for (const Architecture& architecture : kArchitectures) {
    for (int number = 0; number < 1000; ++number) {
      EXPECT_NE(verdict(architecture.filter, {.nr = number, .arch = SCMP_ARCH_X86}), kAllowed);
      // By the numbers of x32.
      const seccomp_data other{.nr = number | 0x40000000, .arch = architecture.number};
      EXPECT_EQ(verdict(architecture.filter, other), kRefused);
    }
  }
}

TEST(SandboxFilter, FilesAreOpenedToBeRead) {
  const auto expect_open = [](std::uint32_t wanted, std::uint64_t flags) {
    expect_verdict(wanted, "openat", {static_cast<std::uint64_t>(AT_FDCWD), 1, flags, 0600});
  };
  expect_open(kAllowed, O_RDONLY);
  expect_open(kAllowed, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_DIRECTORY);
  for (const std::uint64_t flag : Arguments{O_WRONLY, O_RDWR, O_ACCMODE, O_CREAT, O_TRUNC,
                                            O_TMPFILE | O_WRONLY, O_TMPFILE | O_RDONLY}) {
    expect_open(kRefused, flag);
    expect_open(kRefused, flag | O_CLOEXEC);
    expect_open(kRefused, flag | 0xFFFFFFFF00000000);  // the kernel does not look there
  }
}

TEST(SandboxFilter, NothingIsMappedAsCode) {
  for (const char* call : {"mmap", "mprotect"}) {
    expect_verdict(kAllowed, call, {0, 4096, PROT_NONE});
    expect_verdict(kAllowed, call, {0, 4096, PROT_READ | PROT_WRITE});
    expect_verdict(kRefused, call, {0, 4096, PROT_EXEC});
    expect_verdict(kRefused, call, {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC});
  }
}

TEST(SandboxFilter, SocketsAreTcpAndUdp) {
  constexpr std::uint64_t kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  for (const std::uint64_t family : Arguments{AF_INET, AF_INET6}) {
    expect_verdict(kAllowed, "socket", {family, SOCK_STREAM, IPPROTO_TCP});
    expect_verdict(kAllowed, "socket", {family, SOCK_STREAM | kFlags, 0});
    expect_verdict(kAllowed, "socket", {family, SOCK_DGRAM | kFlags, 0});
    expect_verdict(kRefused, "socket", {family, SOCK_RAW, IPPROTO_ICMP});
    expect_verdict(kRefused, "socket", {family, SOCK_STREAM, IPPROTO_SCTP});
    expect_verdict(kRefused, "socket", {family, SOCK_STREAM, 262});  // multipath TCP
    expect_verdict(kRefused, "socket", {family, SOCK_DGRAM, IPPROTO_ICMP});
    expect_verdict(kRefused, "socket", {family, SOCK_SEQPACKET, 0});
  }
  for (const std::uint64_t family : Arguments{AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG}) {
    for (const std::uint64_t type : Arguments{SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET}) {
      expect_verdict(kRefused, "socket", {family, type, 0});
    }
  }
}

TEST(SandboxFilter, ThreadsAreStartedAndNothingElse) {
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                    CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  expect_verdict(kAllowed, "clone", {kThread, 1});
  for (const std::uint64_t flags :
       Arguments{0, SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD, kThread | CLONE_NEWNET,
                 kThread | CLONE_NEWUSER, kThread | CLONE_PTRACE}) {
    expect_verdict(kRefused, "clone", {flags, 1});
  }
  expect_verdict(kUnknown, "clone3");
}

TEST(SandboxFilter, LimitsAreReadAndOnlyItsOwn) {
  expect_verdict(kAllowed, "prlimit64", {0, 7, 0, 1});
  expect_verdict(kRefused, "prlimit64", {1, 7, 0, 1});
  expect_verdict(kRefused, "prlimit64", {0, 7, 1, 0});
  expect_verdict(kRefused, "prlimit64", {0, 7, std::uint64_t{1} << 32, 0});
}

}  // namespace
}  // namespace ecs_exporter
