// One GET towards the metadata endpoint, with a deadline, bounds and one retry. The one room that
// knows outbound connections.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "error.h"

namespace ecs_exporter {

/// When something is over at the latest. Whoever shares it may put it off meanwhile.
using Deadline = std::shared_ptr<const std::chrono::steady_clock::time_point>;

struct FetchRequest {
  std::string host;  // an IP address (IPv6 without brackets), "localhost", or a name to look up
  std::string port;  // in digits
  std::string path;
  Deadline deadline;  // for all, the retry included
  std::size_t max_body_bytes = 0;
};

struct Fetched {
  /// The body of the reply with status 200. Errors: kConnect, kTimeout, kClosed, kStatus,
  /// kThrottled (status 429), kTooLarge (body over the limit, or a header over 8 KiB), kShape (not
  /// HTTP). The message begins with the URL.
  Result<std::string> body;
  /// How many were tried: 1, or 2 after a retry. One that found no connection counts too.
  unsigned requests = 0;
  double seconds = 0;  // that it took
};

/// The connection of the last of several fetches from one host, for the next of them. It must
/// outlive each, and is for one at a time.
struct KeptConnection {
  struct Connection;
  std::shared_ptr<Connection> connection;  // null: none, or the endpoint did not keep it
};

/// Tries once more, if time is left, where the endpoint closed the connection without a reply, or
/// said 429 or 5xx: at once where it was a kept connection, which the endpoint may have given up
/// before it saw the request, else after a short random pause. Interim replies (status 1xx) are
/// passed over, up to eight; redirects are not followed. Of each name there is one look-up at a
/// time. Without `kept` the connection is closed in the end.
boost::asio::awaitable<Fetched> fetch(FetchRequest request, KeptConnection* kept = nullptr);

}  // namespace ecs_exporter
