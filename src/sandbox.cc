// Hands the kernel the filter that the build has made; cmake/sandbox_filter.cc says what it allows.
#include "sandbox.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>

namespace ecs_exporter {
namespace {

constexpr sock_filter kFilter[] = {
#if defined(__x86_64__)
#include "sandbox_filter_x86_64.inc"
#elif defined(__aarch64__)
#include "sandbox_filter_aarch64.inc"
#else
#error "cmake/sandbox_filter.cmake makes no filter for this architecture"
#endif
};

// A sanitizer makes calls of its own: at the end it stops and reads the process.
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif

std::unexpected<Error> refused(const std::string& what) {
  return std::unexpected(Error{ErrorKind::kSystem, what + ": " + std::strerror(errno)});
}

}  // namespace

Result<void> enter_sandbox() {
  if (kHasSanitizer) {
    return std::unexpected(
        Error{ErrorKind::kSystem, "this build has a sanitizer, which needs more"});
  }
  // Without this the kernel takes a filter from root only.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return refused("cannot give up new privileges");
  const sock_fprog program{.len = std::size(kFilter),
                           .filter = const_cast<sock_filter*>(kFilter)};  // it is only read
  // SPEC_ALLOW: to kernels before 5.16 a filter is a sign of code that is not trusted, against
  // which they make all loads slow. Those before 4.17, and some that only look like Linux, do not
  // know the flag.
  long result = -1;
  for (const unsigned more : {static_cast<unsigned>(SECCOMP_FILTER_FLAG_SPEC_ALLOW), 0U}) {
    result =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | more, &program);
    if (result != -1 || errno != EINVAL) break;
  }
  if (result > 0) errno = EBUSY;  // the number of a thread that has a filter of its own
  if (result != 0) return refused("the kernel refuses the filter of system calls");
  return {};
}

}  // namespace ecs_exporter
