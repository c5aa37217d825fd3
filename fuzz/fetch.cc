// What an endpoint answers to a GET, in pieces (at each byte 0x1E, which is left out), before it
// closes the connection.
#include "fetch.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

#include "demand.h"

namespace ecs_exporter::fuzz {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxBodyBytes = 4096;

class Target {
 public:
  void run(std::string_view input) {
    std::optional<Fetched> fetched;
    bool answered = false;
    const auto when_both_ended = [&](const std::exception_ptr& thrown) {
      demand(!thrown, "thrown");
      if (fetched && answered) io_.stop();
    };
    asio::co_spawn(io_, answer(input, answered), when_both_ended);
    asio::co_spawn(io_, ask(fetched), when_both_ended);
    io_.restart();
    io_.run();  // what hangs is ended from outside, by libFuzzer or CTest
    demand(fetched && answered, "it stands still");
    check(*fetched);
  }

 private:
  asio::awaitable<void> ask(std::optional<Fetched>& fetched) {
    // Too little time for a second try, which the endpoint would not answer.
    FetchRequest request{.host = "127.0.0.1",
                         .port = std::to_string(acceptor_.local_endpoint().port()),
                         .path = "/task",
                         .deadline = std::make_shared<const std::chrono::steady_clock::time_point>(
                             std::chrono::steady_clock::now() + std::chrono::milliseconds(20)),
                         .max_body_bytes = kMaxBodyBytes};
    fetched = co_await fetch(std::move(request));
    acceptor_.cancel();  // on a machine that is busy it may have had no time to connect
  }

  asio::awaitable<void> answer(std::string_view input, bool& answered) {
    auto [accept_error, socket] = co_await acceptor_.async_accept(kAwait);
    if (accept_error == asio::error::operation_aborted) {
      answered = true;
      co_return;
    }
    demand(!accept_error, "cannot accept", accept_error.message());
    std::string request;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", kAwait);
    while (!input.empty()) {
      const std::string_view piece = take_until(input, '\x1E');
      if (piece.empty()) continue;
      const auto [error, size] = co_await asio::async_write(socket, asio::buffer(piece), kAwait);
      if (error) break;
      for (int i = 0; i < 4; ++i) co_await asio::post(io_, kAwait);
    }
    // The client closes when it has its answer, or sees the end of the data; a reset then keeps no
    // port for a minute.
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    co_await asio::async_read_until(socket, asio::dynamic_buffer(request), '\0', kAwait);
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    answered = true;
  }

  static void check(const Fetched& fetched) {
    demand(fetched.requests <= 1, "a second try");
    if (fetched.body) {
      demand(fetched.body->size() <= kMaxBodyBytes, "a body over the limit");
      return;
    }
    const Error& error = fetched.body.error();
    demand(error.kind >= ErrorKind::kConnect && error.kind <= ErrorKind::kShape &&
               error.kind != ErrorKind::kJson,
           "another kind of error", reason(error.kind));
    demand(error.message.starts_with("http://127.0.0.1:") && error.message.size() < 1024,
           "a message without the address, or of any length", error.message.substr(0, 200));
  }

  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
};

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ecs_exporter::fuzz::Target target;
  target.run(ecs_exporter::fuzz::text_of(data, size));
  return 0;
}
