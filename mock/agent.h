// The agent as an exporter sees it, with the faults that were asked for, and the mock's own paths.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "answer.h"
#include "faults.h"
#include "http_server.h"
#include "route.h"
#include "task_source.h"

namespace ecs_exporter::mock {

class Agent {
 public:
  Agent(TaskSource source, const Faults& faults);

  /// Answers one request: the handler of an HttpServer.
  boost::asio::awaitable<HttpReply> handle(const HttpRequest& request);

 private:
  struct Counts {
    std::uint64_t task = 0;
    std::uint64_t stats = 0;
    std::uint64_t other = 0;  // paths that are nothing
  };

  Answer control(const HttpRequest& request);
  Answer set_faults(const HttpRequest& request);
  void count(const std::optional<Route>& route);
  bool passes_limiter(const HttpRequest& request);
  std::string limiter_headers(const HttpRequest& request) const;

  TaskSource source_;
  Faults faults_;
  TokenBuckets buckets_;
  Counts counts_;
};

}  // namespace ecs_exporter::mock
