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
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "quote.h"

namespace ecs_exporter {

struct KeptConnection::Connection : std::enable_shared_from_this<Connection> {
  explicit Connection(const boost::asio::any_io_executor& executor)
      : socket(executor), timer(executor) {}

  /// Ends what waits then, unless the timer is cancelled before.
  void close_at(const Deadline& deadline) {
    timer.expires_at(*deadline);
    timer.async_wait([weak = weak_from_this(), deadline](boost::system::error_code ec) {
      const auto self = weak.lock();
      const auto now = std::chrono::steady_clock::now();
      if (ec || !self || self->timer.expiry() > now) return;
      if (*deadline > now) return self->close_at(deadline);  // it was put off
      self->late = true;
      self->close();
    });
  }
  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }
  /// While nothing is asked: else the endpoint's end of it would have to wait for the next request.
  void close_with_the_other_end() {
    socket.async_wait(boost::asio::ip::tcp::socket::wait_read,
                      [weak = weak_from_this()](boost::system::error_code ec) {
                        const auto self = weak.lock();
                        if (!ec && self) self->close();
                      });
  }
  /// `ec`, or that it was too late.
  boost::system::error_code cause(boost::system::error_code ec) const {
    return late ? boost::asio::error::timed_out : ec;
  }

  boost::asio::ip::tcp::socket socket;
  boost::asio::steady_timer timer;
  bool late = false;
};

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Connected = std::shared_ptr<KeptConnection::Connection>;
using Parser = http::response_parser<http::string_body>;

constexpr std::size_t kReadSize = 32UZ * 1024;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMaxHeaderBytes = 8192;

// What came of one try.
struct Attempt {
  Result<std::string> body;
  bool may_retry = false;
  bool was_stale = false;  // closed without a reply, on a connection that was kept
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

// A look-up of a name, and those that wait for it.
struct Search {
  Search(const asio::any_io_executor& executor, const FetchRequest& request)
      : host(request.host), port(request.port), resolver(executor) {}
  bool is_for(const FetchRequest& request, const asio::any_io_executor& executor) {
    return host == request.host && port == request.port && resolver.get_executor() == executor;
  }

  std::string host;
  std::string port;
  tcp::resolver resolver;
  std::vector<asio::steady_timer*> waiting;
  bool done = false;
  error_code ec;
  tcp::resolver::results_type results;
};

// The system's resolver cannot be interrupted: at the deadline a look-up is left to itself, and one
// that comes while it is under way waits for it too. So while no name server answers there is one
// of each name, and not one more with each round.
std::shared_ptr<Search> search_for(const FetchRequest& request,
                                   const asio::any_io_executor& executor) {
  thread_local std::vector<std::weak_ptr<Search>> under_way;
  std::erase_if(under_way, [](const auto& weak) {
    const auto search = weak.lock();
    return !search || search->done;
  });
  for (const auto& weak : under_way) {
    if (auto search = weak.lock(); search && search->is_for(request, executor)) return search;
  }
  auto search = std::make_shared<Search>(executor, request);
  under_way.push_back(search);
  search->resolver.async_resolve(search->host, search->port,
                                 [search](error_code ec, tcp::resolver::results_type results) {
                                   search->done = true;
                                   search->ec = ec;
                                   search->results = std::move(results);
                                   for (asio::steady_timer* one : search->waiting) one->cancel();
                                 });
  return search;
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> look_up(const FetchRequest& request) {
  const auto executor = co_await asio::this_coro::executor;
  const auto search = search_for(request, executor);
  struct Waiting {
    Waiting(Search& of, const asio::any_io_executor& on) : search(of), timer(on) {
      search.waiting.push_back(&timer);
    }
    ~Waiting() { std::erase(search.waiting, &timer); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Search& search;
    asio::steady_timer timer;
  } self(*search, executor);
  while (!search->done && Clock::now() < *request.deadline) {  // which may be put off
    self.timer.expires_at(*request.deadline);
    co_await self.timer.async_wait(kAwait);
  }
  if (!search->done) {
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

std::string request_text(const FetchRequest& request, bool keep) {
  const bool v6 = request.host.contains(':');
  std::string text = "GET ";
  text += request.path;
  text += " HTTP/1.1\r\nHost: ";
  text += v6 ? "[" + request.host + "]" : request.host;
  if (request.port != "80") text += ":" + request.port;
  text += "\r\nUser-Agent: ecs-task-metadata-exporter\r\n";
  if (!keep) text += "Connection: close\r\n";
  text += "\r\n";
  return text;
}

// True where bytes came that are not HTTP, as opposed to no bytes.
bool is_http_error(error_code ec) {
  return ec.category() == make_error_code(http::error::bad_version).category();
}

// Turns what went wrong while reading a reply into an answer; `header_read` if its header was fine.
Attempt read_failure(const FetchRequest& request, error_code ec, bool header_read) {
  Attempt attempt{.body = {}};
  if (ec == asio::error::timed_out) {
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
  Attempt attempt{.body = {}};
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

// True while the other side has neither closed the connection nor sent what nobody asked for. The
// agent closes one that has been idle for 5 seconds.
bool is_open(tcp::socket& socket) {
  error_code ec;
  char byte = 0;
  socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
  return ec == asio::error::would_block;
}

asio::awaitable<Result<Connected>> connect(const FetchRequest& request) {
  const auto endpoints = co_await endpoints_of(request);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  const auto connection =
      std::make_shared<KeptConnection::Connection>(co_await asio::this_coro::executor);
  connection->close_at(request.deadline);
  auto [ec, to] = co_await asio::async_connect(connection->socket, *endpoints, kAwait);
  ec = connection->cause(ec);
  if (!ec) connection->socket.non_blocking(true, ec);  // for `is_open`
  if (!ec) co_return connection;
  if (ec == asio::error::timed_out) {
    co_return failure(request, ErrorKind::kTimeout, "no connection in time");
  }
  co_return failure(request, ErrorKind::kConnect, "cannot connect: " + ec.message());
}

// Ready for the next reply.
void reset(std::optional<Parser>& parser, const FetchRequest& request) {
  parser.emplace();
  parser->eager(true);
  parser->header_limit(kMaxHeaderBytes);
  parser->body_limit(request.max_body_bytes);
}

// Gives the parser what has come. An interim reply (status 100, 103 and the like) is passed over:
// the parser is then ready for what follows it. One too many counts as the reply.
error_code parse(beast::flat_buffer& buffer, std::optional<Parser>& parser,
                 const FetchRequest& request, unsigned& interim) {
  constexpr unsigned kMostInterim = 8;
  while (buffer.size() > 0 && !parser->is_done()) {
    error_code ec;
    const std::size_t size = parser->put(buffer.data(), ec);
    buffer.consume(size);
    if (ec == http::error::need_more || (!ec && size == 0)) break;
    if (ec) return ec;
    const bool is_interim = parser->is_done() && parser->get().result_int() < 200;
    if (is_interim && interim++ < kMostInterim) reset(parser, request);
  }
  return {};
}

// Reads until the parser has the whole reply.
asio::awaitable<error_code> read_reply(KeptConnection::Connection& connection,
                                       std::optional<Parser>& parser, const FetchRequest& request) {
  beast::flat_buffer buffer(kReadSize);
  unsigned interim = 0;
  while (!parser->is_done()) {
    if (buffer.size() == buffer.max_size()) co_return http::error::buffer_overflow;
    auto [ec, size] = co_await connection.socket.async_read_some(
        buffer.prepare(buffer.max_size() - buffer.size()), kAwait);
    buffer.commit(size);
    if (ec == asio::error::eof && parser->got_some()) {
      ec = {};
      parser->put_eof(ec);  // which may be the end of the body
      co_return ec;
    }
    if (ec) co_return connection.cause(ec);
    ec = parse(buffer, parser, request, interim);
    if (ec) co_return ec;
  }
  if (buffer.size() > 0) connection.close();  // more than a reply: nothing to go on with
  co_return error_code();
}

// True if the endpoint has neither closed it nor said anything unasked. Ends the wait for that.
bool is_idle(KeptConnection::Connection& connection) {
  error_code ec;
  connection.socket.cancel(ec);
  return !ec && is_open(connection.socket);
}

// Asks over `connection`, and keeps it for the next time if both ends want to.
asio::awaitable<Attempt> ask(const FetchRequest& request, Connected connection,
                             KeptConnection* kept) {
  const std::string text = request_text(request, kept != nullptr);
  auto [write_error, written] =
      co_await asio::async_write(connection->socket, asio::buffer(text), kAwait);
  if (write_error) co_return read_failure(request, connection->cause(write_error), false);

  std::optional<Parser> parser;
  reset(parser, request);
  const error_code read_error = co_await read_reply(*connection, parser, request);
  if (read_error) co_return read_failure(request, read_error, parser->is_header_done());
  connection->timer.cancel();
  if (kept != nullptr && parser->keep_alive() && connection->socket.is_open()) {
    connection->close_with_the_other_end();
    kept->connection = std::move(connection);
  }
  co_return judged(request, parser->release());
}

// Over the connection that was kept, if there is one that can still be used.
asio::awaitable<Attempt> try_once(const FetchRequest& request, KeptConnection* kept) {
  Connected old = kept == nullptr ? nullptr : std::exchange(kept->connection, nullptr);
  if (old && is_idle(*old)) {
    old->close_at(request.deadline);
    Attempt attempt = co_await ask(request, std::move(old), kept);
    attempt.was_stale =
        !attempt.body && attempt.body.error().kind == ErrorKind::kClosed && attempt.may_retry;
    co_return attempt;
  }
  auto connected = co_await connect(request);
  if (!connected) co_return Attempt{.body = std::unexpected(std::move(connected.error()))};
  co_return co_await ask(request, std::move(*connected), kept);
}

}  // namespace

asio::awaitable<Fetched> fetch(FetchRequest request, KeptConnection* kept) {
  const auto begin = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  Attempt attempt = co_await try_once(request, kept);
  unsigned requests = 1;
  if (!attempt.may_retry) co_return Fetched{std::move(attempt.body), requests, elapsed()};

  // Random, so that the exporters of many tasks on a host do not come back together.
  thread_local std::minstd_rand random(std::random_device{}());
  const auto pause = std::chrono::milliseconds(
      attempt.was_stale ? 0 : std::uniform_int_distribution(20, 120)(random));
  if (Clock::now() + pause < *request.deadline) {
    asio::steady_timer timer(co_await asio::this_coro::executor, pause);
    co_await timer.async_wait(kAwait);
    attempt = co_await try_once(request, kept);
    ++requests;
  }
  co_return Fetched{std::move(attempt.body), requests, elapsed()};
}

}  // namespace ecs_exporter
