// Outbound HTTP/1.1 over Beast.
#include "fetch.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <random>
#include <vector>

#include "quote.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = 16UZ * 1024;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMaxHeaderBytes = 8192;

// What came of one try.
struct Attempt {
  Result<std::string> body;
  bool connected = false;
  bool may_retry = false;
};

std::string url_of(const FetchRequest& request) {
  const bool v6 = request.host.contains(':');
  return "http://" + (v6 ? "[" + request.host + "]" : request.host) + ":" + request.port +
         request.path;
}

std::unexpected<Error> failure(const FetchRequest& request, ErrorKind kind,
                               const std::string& what) {
  return std::unexpected(Error{kind, url_of(request) + ": " + what});
}

// Looks a name up. The system's resolver cannot be interrupted, so at the deadline it is left to
// itself, with its memory.
asio::awaitable<Result<std::vector<tcp::endpoint>>> look_up(const FetchRequest& request) {
  struct Search {
    tcp::resolver resolver;
    asio::steady_timer done;
    error_code ec;
    tcp::resolver::results_type results;
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto search = std::make_shared<Search>(
      Search{tcp::resolver(executor), asio::steady_timer(executor, request.deadline), {}, {}});
  search->ec = asio::error::timed_out;
  search->resolver.async_resolve(request.host, request.port,
                                 [search](error_code ec, tcp::resolver::results_type results) {
                                   search->ec = ec;
                                   search->results = std::move(results);
                                   search->done.cancel();
                                 });
  co_await search->done.async_wait(kAwait);
  if (search->ec == asio::error::timed_out) {
    co_return failure(request, ErrorKind::kTimeout, "the name was not resolved in time");
  }
  if (search->ec) {
    co_return failure(request, ErrorKind::kConnect,
                      "cannot resolve the name: " + search->ec.message());
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& result : search->results) endpoints.push_back(result.endpoint());
  co_return endpoints;
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> endpoints_of(const FetchRequest& request) {
  const auto port = static_cast<std::uint16_t>(std::stoul(request.port));
  error_code ec;
  const auto literal = asio::ip::make_address(request.host, ec);
  if (!ec) co_return std::vector<tcp::endpoint>{tcp::endpoint(literal, port)};
  if (request.host == "localhost") {
    // RFC 6761, section 6.3: always loopback, no need to ask.
    co_return std::vector<tcp::endpoint>{tcp::endpoint(asio::ip::address_v4::loopback(), port),
                                         tcp::endpoint(asio::ip::address_v6::loopback(), port)};
  }
  co_return co_await look_up(request);
}

std::string request_text(const FetchRequest& request) {
  const bool v6 = request.host.contains(':');
  std::string text = "GET ";
  text += request.path;
  text += " HTTP/1.1\r\nHost: ";
  text += v6 ? "[" + request.host + "]" : request.host;
  if (request.port != "80") text += ":" + request.port;
  // The agent closes idle connections after 5 seconds, which is sooner than most scrape again.
  text += "\r\nUser-Agent: ecs-task-metadata-exporter\r\nConnection: close\r\n\r\n";
  return text;
}

// True where bytes came that are not HTTP, as opposed to no bytes.
bool is_http_error(error_code ec) {
  return ec.category() == make_error_code(http::error::bad_version).category();
}

// Turns what went wrong while reading a reply into an answer; `header_read` if its header was fine.
Attempt read_failure(const FetchRequest& request, error_code ec, bool header_read) {
  Attempt attempt{.body = {}, .connected = true};
  if (ec == beast::error::timeout) {
    attempt.body = failure(request, ErrorKind::kTimeout, "no whole reply in time");
  } else if (ec == http::error::body_limit) {
    attempt.body = failure(request, ErrorKind::kTooLarge,
                           "the body is over " + std::to_string(request.max_body_bytes) + " bytes");
  } else if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    attempt.body = failure(request, ErrorKind::kTooLarge, "the header is over 8 KiB");
  } else if (ec == http::error::partial_message || (header_read && !is_http_error(ec))) {
    attempt.body = failure(request, ErrorKind::kClosed,
                           "the connection was closed in the middle of the reply");
  } else if (ec == http::error::end_of_stream || ec == asio::error::connection_reset ||
             ec == asio::error::broken_pipe || ec == asio::error::eof) {
    attempt.body =
        failure(request, ErrorKind::kClosed, "the connection was closed without a reply");
    attempt.may_retry = true;
  } else {
    attempt.body = failure(request, ErrorKind::kShape, "not an HTTP reply: " + ec.message());
  }
  return attempt;
}

Attempt judged(const FetchRequest& request, http::response<http::string_body> reply) {
  Attempt attempt{.body = {}, .connected = true};
  const unsigned status = reply.result_int();
  if (status == 200) {
    attempt.body = std::move(reply.body());
    return attempt;
  }
  const ErrorKind kind = status == 429 ? ErrorKind::kThrottled : ErrorKind::kStatus;
  attempt.body =
      failure(request, kind, "status " + std::to_string(status) + " " + excerpt(reply.body()));
  attempt.may_retry = status == 429 || status >= 500;
  return attempt;
}

asio::awaitable<Attempt> try_once(const FetchRequest& request) {
  auto endpoints = co_await endpoints_of(request);
  if (!endpoints) co_return Attempt{.body = std::unexpected(std::move(endpoints.error()))};

  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_at(request.deadline);
  auto [connect_error, connected_to] = co_await stream.async_connect(*endpoints, kAwait);
  if (connect_error) {
    const bool late = connect_error == beast::error::timeout;
    co_return Attempt{.body = failure(request, late ? ErrorKind::kTimeout : ErrorKind::kConnect,
                                      late ? "no connection in time"
                                           : "cannot connect: " + connect_error.message())};
  }

  const std::string text = request_text(request);
  auto [write_error, written] = co_await asio::async_write(stream, asio::buffer(text), kAwait);
  if (write_error) co_return read_failure(request, write_error, false);

  http::response_parser<http::string_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(request.max_body_bytes);
  beast::flat_buffer buffer(64UZ * 1024);
  buffer.reserve(kReadSize);  // else Beast begins with 512 bytes a read
  auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAwait);
  if (read_error) co_return read_failure(request, read_error, parser.is_header_done());
  co_return judged(request, parser.release());
}

}  // namespace

asio::awaitable<Fetched> fetch(FetchRequest request) {
  const auto begin = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  Attempt attempt = co_await try_once(request);
  unsigned requests = attempt.connected ? 1 : 0;
  if (!attempt.may_retry) co_return Fetched{std::move(attempt.body), requests, elapsed()};

  // Random, so that the exporters of many tasks on a host do not come back together.
  thread_local std::minstd_rand random(std::random_device{}());
  const auto pause = std::chrono::milliseconds(std::uniform_int_distribution(20, 120)(random));
  if (Clock::now() + pause < request.deadline) {
    asio::steady_timer timer(co_await asio::this_coro::executor, pause);
    co_await timer.async_wait(kAwait);
    attempt = co_await try_once(request);
    requests += attempt.connected ? 1 : 0;
  }
  co_return Fetched{std::move(attempt.body), requests, elapsed()};
}

}  // namespace ecs_exporter
