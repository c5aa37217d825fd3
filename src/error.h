// What could not be done, and why. The lowest layer: every room may include it.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace ecs_exporter {

/// What went wrong, as far as a program or a metric's label needs to tell.
enum class ErrorKind {
  kUsage,      // an option, a variable or the command line
  kSystem,     // the operating system refused
  kConnect,    // no connection to the endpoint
  kTimeout,    // no whole reply before the deadline
  kClosed,     // the endpoint closed the connection early
  kStatus,     // a status other than 200
  kThrottled,  // status 429
  kTooLarge,   // a reply over the limit
  kJson,       // a reply that is not JSON
  kShape,      // a reply that is not what it should be
};

/// The word for `kind` as a log field or label value: lower case, from a closed set.
constexpr std::string_view reason(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kConnect:
      return "connect";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kClosed:
      return "closed";
    case ErrorKind::kStatus:
      return "status";
    case ErrorKind::kThrottled:
      return "throttled";
    case ErrorKind::kTooLarge:
      return "too_large";
    case ErrorKind::kJson:
      return "json";
    case ErrorKind::kShape:
      return "shape";
  }
  return "unknown";
}

/// `message` says what was tried on what and what happened, in lower case, without a full stop.
struct Error {
  ErrorKind kind = ErrorKind::kSystem;
  std::string message;
};

/// A value, or why there is none. (A value that the endpoint did not send is `std::optional`.)
template <class T>
using Result = std::expected<T, Error>;

}  // namespace ecs_exporter
