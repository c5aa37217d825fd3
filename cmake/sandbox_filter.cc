// Prints, for an architecture, the program that the kernel runs at each system call of the exporter
// once it serves, as rows of struct sock_filter. The build runs it: libseccomp itself is not
// shipped. Usage: sandbox_filter ARCHITECTURE FILE     (x86_64 or aarch64)
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
using Context = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

// All of them without harm: to descriptors that are open, to memory, to this process.
constexpr const char* kAlways[] = {
    // Connections, their timers, the log.
    "accept", "accept4", "close", "connect", "epoll_ctl", "epoll_pwait", "epoll_wait",
    "getpeername", "getsockname", "getsockopt", "poll", "ppoll", "read", "recvfrom", "recvmsg",
    "sendmsg", "sendmmsg", "sendto", "shutdown", "timerfd_settime", "write", "writev",
    // Files that are read.
    "fstat", "getdents64", "lseek", "newfstatat", "pread64", "readv",
    // Memory and threads.
    "brk", "exit", "exit_group", "futex", "madvise", "mremap", "munmap", "rseq", "sched_yield",
    "set_robust_list",
    // Signals.
    "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    // What the process asks of itself and of the machine. The clock is asked without a call, but on
    // a machine whose clock only the kernel can read.
    "clock_gettime", "clock_nanosleep", "getpid", "getrandom", "getrusage", "gettid",
    "gettimeofday", "sched_getaffinity", "sysinfo", "time", "uname"};

[[noreturn]] void fail(const char* what, int error) {
  std::fprintf(stderr, "sandbox_filter: %s: %s\n", what, std::strerror(error));
  std::exit(1);
}

// The argument, of which the kernel reads 32 bits, has the bits of `mask` as `value` says.
scmp_arg_cmp bits(unsigned argument, std::uint32_t mask, std::uint32_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

scmp_arg_cmp is(unsigned argument, std::uint32_t value) { return bits(argument, ~0U, value); }

void add(const Context& context, std::uint32_t action, const char* call,
         std::initializer_list<scmp_arg_cmp> conditions = {}) {
  const int number = seccomp_syscall_resolve_name(call);
  if (number == __NR_SCMP_ERROR) fail(call, ENOSYS);
  // A call that the architecture does not have is none of its rules.
  const int error = seccomp_rule_add_array(
      context.get(), action, number, static_cast<unsigned>(conditions.size()), conditions.begin());
  if (error != 0) fail(call, -error);
}

void add_rules(const Context& context) {
  const auto allow = [&](const char* call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    add(context, SCMP_ACT_ALLOW, call, conditions);
  };
  for (const char* call : kAlways) allow(call);

  // Files are read: not written, not made, not cut. (O_TMPFILE is the bit and O_DIRECTORY.)
  constexpr std::uint32_t kTmpFile = O_TMPFILE & ~O_DIRECTORY;
  allow("openat", {bits(2, O_ACCMODE | O_CREAT | O_TRUNC | kTmpFile, O_RDONLY)});

  // Nothing becomes code that was none.
  for (const char* call : {"mmap", "mprotect"}) allow(call, {bits(2, PROT_EXEC, 0)});

  // TCP, and UDP for the resolver: no raw packets, no Unix sockets, no talk with the kernel.
  for (const std::uint32_t family : {AF_INET, AF_INET6}) {
    constexpr std::uint32_t kType = ~static_cast<std::uint32_t>(SOCK_CLOEXEC | SOCK_NONBLOCK);
    allow("socket", {is(0, family), bits(1, kType, SOCK_STREAM), is(2, IPPROTO_TCP)});
    allow("socket", {is(0, family), bits(1, kType, SOCK_STREAM), is(2, IPPROTO_IP)});
    allow("socket", {is(0, family), bits(1, kType, SOCK_DGRAM), is(2, IPPROTO_IP)});
  }
  allow("setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_NODELAY)});
  allow("setsockopt", {is(1, IPPROTO_IP), is(2, IP_RECVERR)});
  allow("setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_RECVERR)});
  allow("ioctl", {is(1, FIONBIO)});
  allow("ioctl", {is(1, FIONREAD)});

  // A thread as the C library begins one, of this process and in its namespaces. How clone3 is
  // meant stands in memory, where no filter can look; without it the C library takes clone.
  allow("clone",
        {is(0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                   CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)});
  add(context, SCMP_ACT_ERRNO(ENOSYS), "clone3");

  // Limits of this process are read: the new ones are none.
  allow("prlimit64", {is(0, 0), {2, SCMP_CMP_EQ, 0, 0}});
}

// A refused call fails as if it were not permitted. Nothing is killed for one: what is refused by
// mistake costs an answer, and the exporter lives.
Context filter_for(std::uint32_t architecture) {
  constexpr std::uint32_t kRefused = SCMP_ACT_ERRNO(EPERM);
  Context context(seccomp_init(kRefused), seccomp_release);
  if (!context) fail("a filter", ENOMEM);
  const auto check = [](const char* what, int error) {
    if (error != 0) fail(what, -error);
  };
  if (architecture != seccomp_arch_native()) {
    check("the architecture", seccomp_arch_add(context.get(), architecture));
    check("the architecture", seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE));
  }
  // Calls by the numbers of another architecture, as of x86 on x86-64.
  check("others", seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, kRefused));
  // A tree: kernels before 5.11 do not remember what is always allowed, and run the filter each
  // time.
  check("a tree", seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  add_rules(context);
  return context;
}

// The highest number of a call that libseccomp knows on `architecture`.
std::uint32_t last_call(std::uint32_t architecture) {
  std::uint32_t last = 0;
  for (int number = 0; number < 4096; ++number) {
    char* const name = seccomp_syscall_resolve_num_arch(architecture, number);
    if (name != nullptr) last = static_cast<std::uint32_t>(number);
    std::free(name);
  }
  return last;
}

void print_row(std::FILE* to, const sock_filter& row) {
  std::fprintf(to, "{0x%02x, %u, %u, 0x%08x},\n", row.code, row.jt, row.jf, row.k);
}

// A call that is newer than the list fails as on a kernel that does not have it: a C library tries
// an older one then, but not where it is told that it may not. libseccomp has no rule for a range
// of numbers, so this comes before its rows. Those from kX32 on are of another architecture.
void print_newer_calls(std::FILE* to, std::uint32_t last) {
  constexpr std::uint32_t kX32 = 0x40000000;
  const sock_filter rows[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  for (const sock_filter& row : rows) print_row(to, row);
}

void print(const Context& context, std::uint32_t architecture, const char* path) {
  const File exported(std::tmpfile(), std::fclose);
  const File text(std::fopen(path, "w"), std::fclose);
  if (!exported || !text) fail(path, errno);
  if (const int error = seccomp_export_bpf(context.get(), fileno(exported.get())); error != 0) {
    fail("export", -error);
  }
  print_newer_calls(text.get(), last_call(architecture));
  std::rewind(exported.get());
  for (sock_filter row{}; std::fread(&row, sizeof row, 1, exported.get()) == 1;) {
    print_row(text.get(), row);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: sandbox_filter ARCHITECTURE FILE", EINVAL);
  const std::uint32_t architecture = seccomp_arch_resolve_name(argv[1]);
  if (architecture == 0) fail(argv[1], EINVAL);
  print(filter_for(architecture), architecture, argv[2]);
}
