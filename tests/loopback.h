// Real sockets on the loopback interface, in one io_context with what is tested: a client that
// sends and reads bytes, and a fake endpoint that follows a script.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecs_exporter {

namespace asio = boost::asio;
using asio::ip::tcp;
using Async = asio::awaitable<void>;

inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// Runs `test` to its end, and what it started as long as that takes. One that hangs fails.
inline void run(asio::io_context& io, Async test) {
  io.restart();
  bool ended = false;
  asio::co_spawn(io, std::move(test), [&](const std::exception_ptr& thrown) {
    ended = true;
    if (thrown) std::rethrow_exception(thrown);
    io.stop();
  });
  io.run_for(std::chrono::seconds(30));
  EXPECT_TRUE(ended) << "the test hangs";
}

/// Lets everything that is ready run, a few times over.
inline Async settle() {
  for (int i = 0; i < 20; ++i) co_await asio::post(co_await asio::this_coro::executor, kAwait);
}

/// Waits until `condition` holds; `run` gives up if it never does.
inline Async until(std::function<bool()> condition) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!condition()) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(kAwait);
  }
}

/// A port on which nobody listens.
inline std::uint16_t closed_port() {
  asio::io_context io;
  return tcp::acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0))
      .local_endpoint()
      .port();
}

/// A client's end of a connection.
class Client {
 public:
  explicit Client(asio::io_context& io) : socket_(io) {}

  /// `from`: an address of this machine; "" for any.
  Async connect(std::uint16_t port, std::string address = "127.0.0.1", std::string from = "") {
    if (!from.empty()) {
      socket_.open(tcp::v4());
      socket_.bind({asio::ip::make_address(from), 0});
    }
    const auto [ec] =
        co_await socket_.async_connect({asio::ip::make_address(address), port}, kAwait);
    EXPECT_FALSE(ec) << ec.message();
  }

  Async send(std::string bytes) {
    co_await asio::async_write(socket_, asio::buffer(bytes), kAwait);
  }

  /// Says that nothing more will be sent.
  void half_close() { socket_.shutdown(tcp::socket::shutdown_send, ignored_); }
  void close() { socket_.close(ignored_); }

  /// The next reply, head and body; what there was of it if the connection was closed before.
  asio::awaitable<std::string> reply(bool with_body = true) {
    co_await asio::async_read_until(socket_, asio::dynamic_buffer(read_), "\r\n\r\n", kAwait);
    std::size_t size = read_.find("\r\n\r\n");
    if (size == std::string::npos) co_return std::exchange(read_, {});
    size += 4;
    const std::size_t at = read_.find("Content-Length: ");
    if (with_body && at < size) size += std::stoul(read_.substr(at + 16));
    if (read_.size() < size) {
      co_await asio::async_read(socket_, asio::dynamic_buffer(read_),
                                asio::transfer_exactly(size - read_.size()), kAwait);
    }
    std::string out = read_.substr(0, size);
    read_.erase(0, size);
    co_return out;
  }

  /// All that comes until the server closes the connection.
  asio::awaitable<std::string> rest() {
    const auto [ec, size] = co_await asio::async_read(socket_, asio::dynamic_buffer(read_), kAwait);
    reset_ = ec == asio::error::connection_reset;
    co_return std::exchange(read_, {});
  }

  /// True if the connection ended with a reset.
  bool was_reset() const { return reset_; }

  tcp::socket& socket() { return socket_; }

 private:
  tcp::socket socket_;
  std::string read_;
  bool reset_ = false;
  boost::system::error_code ignored_;
};

/// A reply of the fake endpoint, and what it does after it.
struct Scripted {
  enum class Then { kClose, kReset, kHang, kNextRequest };
  std::vector<std::string> parts;  // each with a write of its own
  Then then = Then::kClose;
};

inline std::string ok_reply(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

inline Scripted says(std::string reply) { return {.parts = {std::move(reply)}}; }

/// Listens on a free port of 127.0.0.1. `choose` is called with each request, whole up to the empty
/// line, and says what to do.
class FakeEndpoint {
 public:
  using Choose = std::function<asio::awaitable<Scripted>(const std::string& request)>;

  FakeEndpoint(asio::io_context& io, Choose choose)
      : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), choose_(std::move(choose)) {
    asio::co_spawn(io, accept(), rethrow);
  }

  /// Follows `script`, a row for each request; the last row is used again and again.
  FakeEndpoint(asio::io_context& io, std::vector<Scripted> script)
      : FakeEndpoint(io, [this, script](const std::string&) -> asio::awaitable<Scripted> {
          co_return script[std::min(requests_.size(), script.size()) - 1];
        }) {}

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  /// The requests so far, and the connections on which they came.
  const std::vector<std::string>& requests() const { return requests_; }
  std::size_t connections() const { return sockets_.size(); }

 private:
  static void rethrow(const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  }

  Async accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAwait);
      if (ec) co_return;
      sockets_.push_back(std::move(socket));
      asio::co_spawn(acceptor_.get_executor(), answer(sockets_.back()), rethrow);
    }
  }

  Async answer(tcp::socket& socket) {
    std::string received;
    auto then = Scripted::Then::kNextRequest;
    while (then == Scripted::Then::kNextRequest) {
      const auto [read_error, size] = co_await asio::async_read_until(
          socket, asio::dynamic_buffer(received), "\r\n\r\n", kAwait);
      if (read_error) co_return;
      const std::string request = received.substr(0, size);
      requests_.push_back(request);
      received.erase(0, size);
      const Scripted scripted = co_await choose_(request);
      for (const std::string& part : scripted.parts) {
        const auto [ec, sent] = co_await asio::async_write(socket, asio::buffer(part), kAwait);
        if (ec) break;
      }
      then = scripted.then;
    }
    boost::system::error_code ignored;
    if (then == Scripted::Then::kHang) co_return;
    if (then == Scripted::Then::kReset) {
      socket.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    socket.close(ignored);
  }

  tcp::acceptor acceptor_;
  Choose choose_;
  std::list<tcp::socket> sockets_;
  std::vector<std::string> requests_;
};

}  // namespace ecs_exporter
