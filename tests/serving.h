// A server on a loopback port, with a handler that says what it was asked.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "captured_log.h"
#include "http_server.h"
#include "loopback.h"

namespace ecs_exporter {

/// Limits that no test reaches by accident.
inline HttpLimits no_limits() {
  using std::chrono::hours;
  return {.request_timeout = hours(1), .idle_timeout = hours(1), .write_timeout = hours(1)};
}

/// Answers each request with its method, path, query and header X-Echo. `/wait` is answered after
/// `release`, `/close` and `/reset` end the connection, `/throw` throws, `/large` and
/// `/wait-large` are 64 MiB; `/endpoint` waits as `/wait` does, and is refused where it may not.
class Serving {
 public:
  explicit Serving(HttpLimits limits = no_limits(), ListenAddress address = {.host = "127.0.0.1"})
      : gate_(io_, std::chrono::steady_clock::time_point::max()),
        server(
            io_.get_executor(), [this](const HttpRequest& request) { return reply(request); },
            limits, log.log()) {
    const auto listening = server.listen(address);
    EXPECT_TRUE(listening) << listening.error().message;
    listening_on = listening.value_or("");
  }

  asio::io_context& io() { return io_; }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::stoul(listening_on.substr(listening_on.rfind(':') + 1)));
  }
  /// Lets every `/wait` be answered.
  void release() { gate_.cancel(); }

  /// All that comes back for `bytes`, until the server closes.
  std::string exchange(const std::string& bytes) {
    std::string out;
    run(io_, exchange(bytes, out));
    return out;
  }

  CapturedLog log;
  int handled = 0;
  std::string listening_on;
  std::string last_remote_address;

 private:
  Async exchange(std::string bytes, std::string& out) {
    Client client(io_);
    co_await client.connect(port());
    co_await client.send(std::move(bytes));
    client.half_close();
    out = co_await client.rest();
  }

  asio::awaitable<HttpReply> reply(const HttpRequest& request) {
    ++handled;
    last_remote_address = request.remote_address;
    const std::string path(request.path);
    if (path == "/throw") throw std::runtime_error("thrown on purpose");
    if (path == "/endpoint" && !request.may_wait) co_return make_reply(503, "text/plain", "full\n");
    if (path.starts_with("/wait") || path == "/endpoint") co_await gate_.async_wait(kAwait);
    std::string text = std::string(request.method) + " " + path + " " + std::string(request.query) +
                       " " + std::string(request.header("x-ECHO")) + "\n";
    if (path.ends_with("large")) text.assign(64UZ * 1024 * 1024, 'x');
    HttpReply out = make_reply(200, "text/plain", std::move(text));
    if (path == "/close") out.then = HttpReply::Then::kClose;
    if (path == "/silent") out = {.then = HttpReply::Then::kClose};
    co_return out;
  }

  asio::io_context io_;
  asio::steady_timer gate_;

 public:
  HttpServer server;
};

inline std::string get(const std::string& path, const std::string& headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

}  // namespace ecs_exporter
