// What a client sends, in pieces (at each byte 0x00, which is left out), and then the end of its
// data. The handler does what the exporter's own does with a request, on an answer that stands.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "demand.h"
#include "http_server.h"
#include "metrics_config.h"
#include "negotiation.h"
#include "scrape.h"

namespace ecs_exporter::fuzz {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

class Target {
 public:
  Target() {
    const auto listening = server_.listen({.host = "127.0.0.1"});
    demand(listening.has_value(), "cannot listen");
    port_ = static_cast<std::uint16_t>(std::stoul(listening->substr(listening->rfind(':') + 1)));
  }

  void run(std::string_view input) {
    methods_.clear();
    std::string replies;
    bool ended = false;
    asio::co_spawn(io_, talk(input, replies), [&](const std::exception_ptr& thrown) {
      demand(!thrown, "thrown");
      ended = true;
      io_.stop();
    });
    io_.restart();
    io_.run();  // what hangs is ended from outside, by libFuzzer or CTest
    demand(ended, "it stands still");
    check(replies);
  }

 private:
  asio::awaitable<void> talk(std::string_view input, std::string& replies) {
    tcp::socket socket(io_);
    const tcp::endpoint server(asio::ip::address_v4::loopback(), port_);
    const auto [connect_error] = co_await socket.async_connect(server, kAwait);
    demand(!connect_error, "cannot connect", connect_error.message());
    // Ends it with a reset, once all is read: so no port is kept for a minute.
    socket.set_option(asio::socket_base::linger(true, 0));
    while (!input.empty()) {
      const std::string_view piece = take_until(input, '\0');
      if (piece.empty()) continue;
      const auto [error, size] = co_await asio::async_write(socket, asio::buffer(piece), kAwait);
      if (error) break;
      for (int i = 0; i < 4; ++i) co_await asio::post(io_, kAwait);
    }
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    co_await asio::async_read(socket, asio::dynamic_buffer(replies), kAwait);
  }

  asio::awaitable<HttpReply> answer(const HttpRequest& request) {
    demand(!request.path.contains('?'), "a path with a query", request.path);
    demand(!request.path.contains('\n'), "a path of two lines", request.path);
    methods_.emplace_back(request.method);
    const auto filter = make_metrics_filter(config_, query_values(request.query, "collect[]"),
                                            query_values(request.query, "exclude[]"),
                                            query_values(request.query, "name[]"));
    if (!filter) co_return make_reply(400, "text/plain", filter.error().message + "\n");
    const Negotiated wanted =
        negotiate(request.header("Accept"), request.header("accept-encoding"));
    co_return make_reply(200, wanted.content_type,
                         answer_.body(wanted.format, wanted.gzip, *filter),
                         wanted.gzip ? "Content-Encoding: gzip\r\n" : "");
  }

  // Replies, each whole and as long as it says; as many as there were requests, and one to what
  // was none.
  void check(std::string_view replies) const {
    std::size_t count = 0;
    while (!replies.empty()) {
      const std::size_t end = replies.find("\r\n\r\n");
      demand(replies.starts_with("HTTP/1.1 ") && end != std::string_view::npos, "no reply",
             replies.substr(0, 200));
      const std::string_view head = replies.substr(0, end + 2);
      const std::size_t at = head.find("\r\nContent-Length: ");
      demand(at != std::string_view::npos, "a reply without a length", head);
      std::size_t length = 0;
      std::from_chars(head.data() + at + 18, head.data() + head.size(), length);
      const bool handled = count < methods_.size();
      if (handled && methods_[count] == "HEAD") length = 0;
      replies.remove_prefix(end + 4);
      const std::string_view status = head.substr(9, 3);
      const bool refused = status == "400" || status == "431";
      demand(handled || refused, "a reply to nothing", head);
      // A refused HEAD has no body either.
      if (!handled && replies.empty()) length = 0;
      demand(length <= replies.size(), "half a reply", head);
      replies.remove_prefix(length);
      ++count;
    }
    demand(count >= methods_.size() && count <= methods_.size() + 1, "a request without a reply");
  }

  asio::io_context io_{1};
  Log log_{LogLevel::kError, LogFormat::kJson};
  MetricsConfig config_ = *make_metrics_config({.groups = {"all"}});
  Answer answer_{std::make_shared<const Snapshot>(
                     Snapshot{.task = {.cluster = "demo",
                                       .arn = "arn:aws:ecs:eu-west-1:123456789012:task/demo/1",
                                       .family = "web",
                                       .revision = "1",
                                       .known_status = "RUNNING",
                                       .containers = {{.docker_id = "1", .name = "web"}}},
                              .task_is_current = true,
                              .up = true}),
                 std::nullopt, config_};
  std::vector<std::string> methods_;  // of the requests that were handled
  HttpServer server_{io_.get_executor(),
                     [this](const HttpRequest& request) { return answer(request); },
                     // So that nothing ends because it took long, on a machine that is busy.
                     HttpLimits{.request_timeout = std::chrono::hours(1),
                                .idle_timeout = std::chrono::hours(1),
                                .write_timeout = std::chrono::hours(1)},
                     log_};
  std::uint16_t port_ = 0;
};

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ecs_exporter::fuzz::Target target;
  target.run(ecs_exporter::fuzz::text_of(data, size));
  return 0;
}
