// Inbound HTTP/1.1: Beast reads the requests, Asio writes what the handler made.
#include "http_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <ctime>
#include <exception>
#include <list>
#include <optional>
#include <tuple>
#include <utility>

#include "process.h"
#include "rarely.h"
#include "tls_session.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::empty_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr unsigned kHttp11 = 11;  // as Beast counts versions

// The time now as an HTTP date (RFC 9110, section 5.6.7).
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

HttpReply refusal(unsigned status, std::string text) {
  HttpReply reply = make_reply(status, "text/plain; charset=utf-8", text + "\n");
  reply.then = HttpReply::Then::kClose;
  return reply;
}

// What to say to a request that could not be read; nothing to a client that has gone.
std::optional<HttpReply> refusal_of(error_code ec) {
  if (ec == http::error::header_limit) {
    return refusal(431, "the header is too large");
  }
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
  if (ec.category() == make_error_code(http::error::bad_method).category()) {
    return refusal(400, "not an HTTP request: " + ec.message());
  }
  return std::nullopt;
}

// Drops the blank lines that may stand before a request (RFC 9112, section 2.2). False while what
// is left may still become one.
bool skip_blank_lines(boost::beast::flat_buffer& buffer) {
  const auto text = [&] {
    return std::string_view(static_cast<const char*>(buffer.data().data()), buffer.size());
  };
  while (text().starts_with("\r\n")) buffer.consume(2);
  return text() != "\r";
}

// True if more than the header belongs to the request. Of a body in a coding that is not known
// nobody can tell where it ends (RFC 9112, section 6.3), so what follows is no request.
bool has_body(const Parser& parser) {
  return parser.get().count(http::field::transfer_encoding) > 0 ||
         parser.content_length().value_or(0) > 0;
}

// The path of a target, given without its query. A client may also send the whole URI (RFC 9112,
// section 3.2.2).
std::string_view path_of(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

std::string endpoint_text(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); });
  return found == headers.end() ? std::string_view() : found->second;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (percent_decoded(parameter.substr(0, equals)) == name) {
      values.push_back(percent_decoded(parameter.substr(std::min(equals + 1, parameter.size()))));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return values;
}

std::string_view reason_phrase(unsigned status) {
  const http::status known = http::int_to_status(status);
  if (known == http::status::unknown) return {};
  return http::obsolete_reason(known);
}

HttpReply make_reply(unsigned status, std::string_view content_type,
                     std::shared_ptr<const std::string> body, std::string_view headers) {
  HttpReply reply{.status = status};
  reply.head.reserve(256);
  reply.head += "HTTP/1.1 ";
  reply.head += std::to_string(status);
  reply.head += ' ';
  reply.head += reason_phrase(status);
  reply.head += "\r\nContent-Type: ";
  reply.head += content_type;
  reply.head += "\r\nContent-Length: ";
  reply.head += std::to_string(body ? body->size() : 0);
  reply.head += "\r\nDate: ";
  reply.head += http_date();
  reply.head += "\r\n";
  reply.head += headers;
  reply.body = std::move(body);
  return reply;
}

HttpReply make_reply(unsigned status, std::string_view content_type, std::string body,
                     std::string_view headers) {
  return make_reply(status, content_type, std::make_shared<const std::string>(std::move(body)),
                    headers);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return std::unexpected(
        Error{ErrorKind::kUsage,
              "\"" + std::string(text) + "\" is no address to listen on: " + std::string(why)});
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("it has no \":\" and port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  ListenAddress address;
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (ec != std::errc() || end != port.data() + port.size()) {
    return bad("the port is not a number from 0 to 65535");
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code address_error;
  const auto ip = asio::ip::make_address(std::string(host), address_error);
  if ((!host.empty() || bracketed) && (address_error || ip.is_v6() != bracketed)) {
    return bad("the host is neither empty nor an IPv4 address nor an IPv6 address in brackets");
  }
  address.host = host;
  return address;
}

std::string network_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  }
  asio::ip::address_v6::bytes_type bytes = v6.to_bytes();
  std::ranges::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

// Lives as long as any coroutine of the server.
struct HttpServer::Impl {
  // In the order in which they are closed for others: the first lose nothing by it.
  enum class Stage {
    kIdle,      // after a reply
    kSilent,    // has sent nothing yet
    kTalking,   // a handshake, a request or a reply is on its way
    kHandling,  // the handler has its request; never closed
  };
  using Networks = std::map<std::string, std::size_t, std::less<>>;  // to how many connections

  struct Connection {
    Connection(tcp::socket accepted, Networks::iterator of)
        : socket(std::move(accepted)), network(of) {}

    tcp::socket socket;
    Networks::iterator network;
    std::unique_ptr<TlsSession> tls;  // null: plain HTTP
    boost::beast::flat_buffer buffer;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string remote_address;
    bool is_own = false;  // it comes from the address that it goes to, as `healthcheck`'s do
    Clock::time_point since = Clock::now();  // when it began what it does now
    Clock::time_point deadline;              // of that; it is closed when that has passed
    Stage stage = Stage::kSilent;
    bool writing = false;  // a reply is on its way
  };
  using Place = std::list<Connection>::iterator;
  using Self = std::shared_ptr<Impl>;

  Impl(asio::any_io_executor run_on, HttpHandler call, HttpLimits within, const Log& log_to,
       ReplyCounts* count_in, TlsChoice choose_tls)
      : executor(std::move(run_on)),
        handler(std::move(call)),
        limits(within),
        log(log_to),
        counts(count_in),
        tls(std::move(choose_tls)),
        room(executor, Clock::time_point::max()),
        sweep_timer(executor) {}

  Result<std::string> listen(const Self& self, const ListenAddress& address);
  bool is_full() const;
  bool make_room();
  Place enter(tcp::socket socket);
  void leave(Place connection);
  void crowd_has_gone();
  void stop();

  static asio::awaitable<void> accept(Self self, tcp::acceptor& acceptor);
  static asio::awaitable<void> serve(Self self, Place connection);
  static asio::awaitable<void> sweep(Self self);

  static asio::awaitable<std::pair<error_code, std::size_t>> read_some(Connection& connection,
                                                                       asio::mutable_buffer buffer);
  asio::awaitable<error_code> read_more(Connection& connection, Parser& parser) const;
  asio::awaitable<bool> begin(Connection& connection);
  asio::awaitable<bool> answer_one(Connection& connection);
  asio::awaitable<bool> read_header(Connection& connection, Parser& parser);
  asio::awaitable<HttpReply> handle(Connection& connection, const Parser& parser);
  asio::awaitable<void> accept_failed(error_code ec);
  void log_failed_handshake(const Connection& connection);
  asio::awaitable<bool> write(Connection& connection, HttpReply reply, bool with_body,
                              bool close) const;
  asio::awaitable<void> close_after_error(Connection& connection);
  void spawn(asio::awaitable<void> coroutine);

  asio::any_io_executor executor;
  HttpHandler handler;
  HttpLimits limits;
  const Log& log;
  ReplyCounts* counts;
  TlsChoice tls;
  std::list<tcp::acceptor> acceptors;
  std::list<Connection> connections;
  Networks networks;
  std::size_t handling = 0;          // connections in that stage
  std::size_t most_connections = 0;  // at once, since memory was given back
  Rarely failed_accepts;
  Rarely failed_handshakes;
  asio::steady_timer room;  // cancelled when a connection has gone
  asio::steady_timer sweep_timer;
  bool sweeping = false;
  bool stopping = false;
};

HttpServer::HttpServer(asio::any_io_executor executor, HttpHandler handler, HttpLimits limits,
                       const Log& log, ReplyCounts* counts, TlsChoice tls)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(handler), limits, log, counts,
                                   std::move(tls))) {}

HttpServer::~HttpServer() { stop(); }

Result<std::string> HttpServer::listen(const ListenAddress& address) {
  return impl_->listen(impl_, address);
}

void HttpServer::stop() { impl_->stop(); }

void HttpServer::Impl::spawn(asio::awaitable<void> coroutine) {
  asio::co_spawn(executor, std::move(coroutine), [this](const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      log.error("a connection was given up", {{"error", e.what()}});
    }
  });
}

Result<std::string> HttpServer::Impl::listen(const Self& self, const ListenAddress& address) {
  error_code ec;
  const auto open = [&](const tcp::endpoint& endpoint) {
    tcp::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec && address.host.empty() && endpoint.address().is_v6()) {
      acceptor.set_option(asio::ip::v6_only(false), ec);
    }
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    return acceptor;
  };
  tcp::acceptor acceptor = open(
      address.host.empty() ? tcp::endpoint(tcp::v6(), address.port)
                           : tcp::endpoint(asio::ip::make_address(address.host), address.port));
  if (address.host.empty() && (ec == asio::error::address_family_not_supported ||
                               ec == boost::system::errc::address_not_available)) {
    acceptor = open(tcp::endpoint(tcp::v4(), address.port));  // a host without IPv6
  }
  if (ec) {
    const std::string host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
    return std::unexpected(Error{
        ErrorKind::kSystem,
        "cannot listen on " + host + ":" + std::to_string(address.port) + ": " + ec.message()});
  }
  acceptors.push_back(std::move(acceptor));
  spawn(accept(self, acceptors.back()));
  return endpoint_text(acceptors.back().local_endpoint(ec));
}

// Requests that are being handled leave the others the rest of the places, or the reserve if that
// is more. So there is always a connection to close for the next, unless a handler waits in the
// reserve.
bool HttpServer::Impl::is_full() const {
  const std::size_t most = limits.max_connections;
  const std::size_t rest = most - std::min(handling, most);
  return connections.size() - handling >= std::max(rest, limits.reserve()) ||
         connections.size() >= most + limits.reserve();
}

// Closes a connection of the network that has the most, so that many from one place cannot keep out
// those from elsewhere. Among its connections it is the one that loses the least, and then the one
// that has waited longest for its client, be it for a request or for room to write. False if all
// are being handled.
bool HttpServer::Impl::make_room() {
  const auto key = [](const Connection& connection) {
    const auto neighbours = static_cast<std::ptrdiff_t>(connection.network->second);
    return std::tuple(connection.stage == Stage::kHandling, -neighbours, connection.stage,
                      connection.since);
  };
  const auto first = std::ranges::min_element(connections, {}, key);
  if (first == connections.end() || first->stage == Stage::kHandling) return false;
  error_code ignored;
  first->socket.close(ignored);
  return true;
}

HttpServer::Impl::Place HttpServer::Impl::enter(tcp::socket socket) {
  error_code ec;
  socket.set_option(tcp::no_delay(true), ec);
  const auto remote = socket.remote_endpoint(ec).address();
  const auto local = socket.local_endpoint(ec).address();
  const auto network = networks.try_emplace(network_of(remote)).first;
  ++network->second;
  const Place place = connections.emplace(connections.end(), std::move(socket), network);
  place->remote_address = remote.to_string();
  place->is_own = remote == local;
  place->deadline = place->since + limits.request_timeout;
  most_connections = std::max(most_connections, connections.size());
  return place;
}

void HttpServer::Impl::leave(Place connection) {
  const auto network = connection->network;
  connections.erase(connection);
  if (--network->second == 0) networks.erase(network);
  room.cancel();
  if (connections.empty()) sweep_timer.cancel();
}

void HttpServer::Impl::stop() {
  if (std::exchange(stopping, true)) return;
  error_code ignored;
  for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
  for (Connection& connection : connections) {
    if (connection.stage != Stage::kHandling && !connection.writing)
      connection.socket.close(ignored);
  }
  room.cancel();
  sweep_timer.cancel();
}

asio::awaitable<void> HttpServer::Impl::accept(Self self, tcp::acceptor& acceptor) {
  while (!self->stopping) {
    auto [ec, socket] = co_await acceptor.async_accept(kAwait);
    if (self->stopping) co_return;
    if (ec) {
      co_await self->accept_failed(ec);
      continue;
    }
    while (self->is_full()) {
      self->make_room();
      co_await self->room.async_wait(kAwait);
      if (self->stopping) co_return;
    }
    self->spawn(serve(self, self->enter(std::move(socket))));
    if (!std::exchange(self->sweeping, true)) self->spawn(sweep(self));
  }
}

// Mostly there are no file descriptors left: a connection that is closed gives one back.
asio::awaitable<void> HttpServer::Impl::accept_failed(error_code ec) {
  if (const auto times = failed_accepts.happened()) {
    log.warn("cannot accept a connection", {{"error", ec.message()}, {"times", *times}});
  }
  if (ec == asio::error::no_descriptors && make_room()) {
    co_await asio::post(executor, kAwait);  // its coroutine ends
    co_return;
  }
  asio::steady_timer pause(executor, std::chrono::milliseconds(100));
  co_await pause.async_wait(kAwait);
}

asio::awaitable<void> HttpServer::Impl::serve(Self self, Place connection) {
  // Also when the coroutine ends by an exception.
  struct Leave {
    Impl& server;
    Place connection;
    ~Leave() { server.leave(connection); }
  } const leave{*self, connection};

  // A client that sends nothing costs no more than its place.
  const auto [ec] = co_await connection->socket.async_wait(tcp::socket::wait_read, kAwait);
  if (ec || self->stopping) co_return;
  connection->stage = Stage::kTalking;
  if (!co_await self->begin(*connection)) co_return;
  while (co_await self->answer_one(*connection)) {
  }
  if (connection->tls) connection->tls->shutdown();
}

// The handshake, where there is TLS. False without one.
asio::awaitable<bool> HttpServer::Impl::begin(Connection& connection) {
  auto context = tls ? tls() : nullptr;
  if (!context) co_return true;
  connection.tls = std::make_unique<TlsSession>(std::move(context), connection.socket,
                                                TlsSession::Role::kServer);
  if (!co_await connection.tls->handshake()) co_return true;
  log_failed_handshake(connection);
  if (connection.tls->fault() == TlsSession::Fault::kPlainHttp) {
    connection.tls.reset();
    co_await write(connection, refusal(400, "this port speaks HTTPS, not HTTP"), true, true);
  }
  co_await close_after_error(connection);  // the reason may be on its way as an alert
  co_return false;
}

// `healthcheck` shows no certificate, and so fails as often as it is asked to: that is no news.
void HttpServer::Impl::log_failed_handshake(const Connection& connection) {
  constexpr std::string_view kMessage = "a TLS handshake has failed";
  std::string_view error = connection.tls->fault_text();
  if (error.empty()) error = "the connection was closed";
  const LogField from = {"remote_address", connection.remote_address};
  const auto times = connection.is_own ? std::nullopt : failed_handshakes.happened();
  if (times) {
    log.info(kMessage, {from, {"error", error}, {"times", *times}});
  } else {
    log.debug(kMessage, {from, {"error", error}});
  }
}

// Closes what has outlived its deadline. One timer for all, as most deadlines never come.
asio::awaitable<void> HttpServer::Impl::sweep(Self self) {
  const HttpLimits& limits = self->limits;
  const Clock::duration period =
      std::min({Clock::duration(std::chrono::seconds(1)), limits.request_timeout / 4,
                limits.idle_timeout / 4, limits.write_timeout / 4});
  while (!self->connections.empty()) {
    self->sweep_timer.expires_after(period);
    co_await self->sweep_timer.async_wait(kAwait);
    const auto now = Clock::now();
    for (Connection& connection : self->connections) {
      error_code ignored;
      if (connection.deadline <= now) connection.socket.close(ignored);
    }
    self->room.cancel();  // of those that were handled one may have begun to wait since
    self->crowd_has_gone();
  }
  self->crowd_has_gone();
  self->sweeping = false;
}

// What many connections took at once is not needed any more when most of them are closed.
void HttpServer::Impl::crowd_has_gone() {
  constexpr std::size_t kCrowd = 16;
  if (most_connections < kCrowd || connections.size() > most_connections / 4) return;
  most_connections = connections.size();
  give_memory_back();
}

// One request and its reply. False when the connection is to be closed.
asio::awaitable<bool> HttpServer::Impl::answer_one(Connection& connection) {
  Parser parser;
  if (!co_await read_header(connection, parser)) co_return false;
  connection.deadline = Clock::time_point::max();  // the handler has its own
  HttpReply reply = co_await handle(connection, parser);
  const auto& request = parser.get();
  const bool more_comes = has_body(parser);
  const bool close = stopping || more_comes || !request.keep_alive() ||
                     request.version() < kHttp11 || reply.then == HttpReply::Then::kClose;
  const bool with_body = request.method() != http::verb::head;
  const bool written = co_await write(connection, std::move(reply), with_body, close);
  connection.stage = Stage::kIdle;
  connection.since = Clock::now();
  connection.deadline = connection.since + limits.idle_timeout;
  if (written && more_comes) co_await close_after_error(connection);
  room.cancel();  // it may be closed now for one that waits
  co_return written && !close && !stopping;
}

asio::awaitable<std::pair<error_code, std::size_t>> HttpServer::Impl::read_some(
    Connection& connection, asio::mutable_buffer buffer) {
  if (connection.tls) co_return co_await connection.tls->read_some(buffer);
  auto [ec, size] = co_await connection.socket.async_read_some(buffer, kAwait);
  co_return std::pair(ec, size);
}

// Reads until the parser has the whole header.
asio::awaitable<error_code> HttpServer::Impl::read_more(Connection& connection,
                                                        Parser& parser) const {
  constexpr std::size_t kAtOnce = 4096;
  auto& buffer = connection.buffer;
  std::size_t used = 0;  // blank lines too
  for (;;) {
    error_code ec;
    const std::size_t unused = buffer.size();
    const bool begun = parser.got_some() || skip_blank_lines(buffer);
    if (begun && buffer.size() > 0) buffer.consume(parser.put(buffer.data(), ec));
    if (ec && ec != http::error::need_more) co_return ec;
    used += unused - buffer.size();
    // Beast's own limit is one for the request line and one for the fields.
    const std::size_t come = used + (parser.is_header_done() ? 0 : buffer.size());
    if (come > limits.max_header_bytes) co_return http::error::header_limit;
    if (parser.is_header_done()) co_return error_code();
    const auto [read_error, size] = co_await read_some(connection, buffer.prepare(kAtOnce));
    buffer.commit(size);
    if (read_error == asio::error::eof && parser.got_some()) co_return http::error::partial_message;
    if (read_error) co_return read_error;
  }
}

// False if none came; a client that sent something else has then been told.
asio::awaitable<bool> HttpServer::Impl::read_header(Connection& connection, Parser& parser) {
  parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
  parser.body_limit(boost::none);  // none is read
  if (connection.buffer.size() == 0) {
    // Until the first byte of the next request has come the connection is idle.
    if (!connection.tls || !connection.tls->has_pending()) {
      auto [ec] = co_await connection.socket.async_wait(tcp::socket::wait_read, kAwait);
      if (ec || stopping) co_return false;
    }
  }
  connection.stage = Stage::kTalking;
  connection.since = Clock::now();
  connection.deadline = connection.since + limits.request_timeout;
  const error_code ec = co_await read_more(connection, parser);
  if (!ec) co_return true;
  if (auto reply = refusal_of(ec)) {
    co_await write(connection, std::move(*reply), true, true);
    co_await close_after_error(connection);
  }
  co_return false;
}

asio::awaitable<HttpReply> HttpServer::Impl::handle(Connection& connection, const Parser& parser) {
  const auto& fields = parser.get();
  HttpRequest request;
  request.method = fields.method_string();
  const std::string_view target = fields.target();
  const std::size_t question = target.find('?');
  request.path = path_of(target.substr(0, question));
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  request.remote_address = connection.remote_address;
  request.remote_network = connection.network->first;
  request.may_wait = handling < limits.max_connections;
  request.headers = std::move(connection.headers);
  request.headers.clear();
  for (const auto& field : fields) request.headers.emplace_back(field.name_string(), field.value());

  if (has_body(parser) && (request.method == "GET" || request.method == "HEAD")) {
    co_return refusal(400, "a " + std::string(request.method) + " with a body");
  }
  if (fields.version() >= kHttp11 && fields.count(http::field::host) != 1) {
    co_return refusal(400, "HTTP/1.1 wants one Host in each request");
  }
  // Also when the handler throws.
  struct Handling {
    Impl& server;
    Connection& connection;
    ~Handling() {
      --server.handling;
      connection.stage = Stage::kTalking;
    }
  };
  ++handling;
  connection.stage = Stage::kHandling;
  const Handling until_the_reply{*this, connection};
  HttpReply reply = co_await handler(request);
  connection.headers = std::move(request.headers);
  co_return reply;
}

// False if the client did not take it.
asio::awaitable<bool> HttpServer::Impl::write(Connection& connection, HttpReply reply,
                                              bool with_body, bool close) const {
  if (reply.head.empty()) co_return false;
  if (counts != nullptr) ++(*counts)[reply.status];
  if (close) reply.head += "Connection: close\r\n";
  reply.head += "\r\n";
  const std::array<asio::const_buffer, 2> bytes = {
      asio::buffer(reply.head),
      with_body && reply.body ? asio::buffer(*reply.body) : asio::const_buffer()};
  error_code ec;
  connection.since = Clock::now();
  connection.deadline = connection.since + limits.write_timeout;
  connection.writing = true;
  if (connection.tls) {
    ec = co_await connection.tls->write(bytes[0]);
    if (!ec) ec = co_await connection.tls->write(bytes[1]);
  } else {
    std::tie(ec, std::ignore) = co_await asio::async_write(connection.socket, bytes, kAwait);
  }
  connection.writing = false;
  co_return !ec;
}

// Closing a socket with unread input resets the connection, and the client may lose the reply that
// tells it why: so say that nothing more comes and read on for a while.
asio::awaitable<void> HttpServer::Impl::close_after_error(Connection& connection) {
  constexpr std::size_t kMost = 256UZ * 1024;
  error_code ec;
  if (connection.tls) connection.tls->shutdown();
  connection.socket.shutdown(tcp::socket::shutdown_send, ec);
  connection.deadline = Clock::now() + std::chrono::seconds(1);
  std::array<char, 2048> dropped{};
  for (std::size_t total = 0; !ec && total < kMost;) {
    auto [read_error, size] =
        co_await connection.socket.async_read_some(asio::buffer(dropped), kAwait);
    ec = read_error;
    total += size;
  }
}

}  // namespace ecs_exporter
