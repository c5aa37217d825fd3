// Accepts connections, reads requests, calls a handler, writes its replies. The one room that
// knows inbound connections.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "error.h"
#include "log.h"

struct ssl_ctx_st;  // what OpenSSL's headers call SSL_CTX

namespace ecs_exporter {

/// A request as it came, without its body (a GET or HEAD with one is refused before the handler
/// sees it; after any other the connection is closed). The views live as long as the handler runs.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // up to the '?', not decoded
  std::string_view query;  // after the '?'
  std::string_view remote_address;
  std::string_view remote_network;  // what one client can choose its addresses from
  /// False: as many requests are being handled as there are connections, and so what would have to
  /// wait for something must be refused at once.
  bool may_wait = true;
  std::vector<std::pair<std::string_view, std::string_view>> headers;

  /// The value of the first header of that name, in any case; "" if there is none.
  std::string_view header(std::string_view name) const;
};

/// The bytes to write, and what becomes of the connection then.
struct HttpReply {
  unsigned status = 0;  // as the status line says it
  enum class Then {
    kKeepAlive,  // unless the client or a shutdown wants it closed
    kClose,
  };
  /// The status line and headers, up to and without the empty line. The server adds
  /// `Connection: close` where it will close. "": the connection is closed without a reply.
  std::string head;
  /// Shared, as one answer may be on its way to many slow clients. Null: none. Not written for
  /// HEAD.
  std::shared_ptr<const std::string> body;
  Then then = Then::kKeepAlive;
};

/// A reply with a Content-Length and nothing unusual. `headers`: more lines, each ending in CRLF.
HttpReply make_reply(unsigned status, std::string_view content_type,
                     std::shared_ptr<const std::string> body, std::string_view headers = {});
HttpReply make_reply(unsigned status, std::string_view content_type, std::string body,
                     std::string_view headers = {});

/// The standard reason phrase, as "Not Found"; "" for a status that has none.
std::string_view reason_phrase(unsigned status);

/// `text` as a form encodes it, decoded; a '%' that no two hexadecimal digits follow stays.
std::string percent_decoded(std::string_view text);

/// The values of all parameters of that name in a query, in order, decoded.
std::vector<std::string> query_values(std::string_view query, std::string_view name);

/// The TLS of one new connection; null for plain HTTP.
using TlsChoice = std::function<std::shared_ptr<ssl_ctx_st>()>;

using HttpHandler = std::function<boost::asio::awaitable<HttpReply>(const HttpRequest&)>;

/// The times are kept to within a second, or a quarter of the shortest of them.
struct HttpLimits {
  std::size_t max_connections = 64;  // one more closes another, if one waits for its client
  /// Places beyond those, for when all of them hold requests that are being handled. What comes in
  /// there may not wait, so there is always one to close for the next.
  std::size_t reserve() const { return std::max<std::size_t>(1, max_connections / 8); }
  std::size_t max_header_bytes = 8192;
  std::chrono::steady_clock::duration request_timeout =
      std::chrono::seconds(10);                                                  // to arrive whole
  std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(60);   // after a reply
  std::chrono::steady_clock::duration write_timeout = std::chrono::seconds(10);  // to take one
};

/// Where to listen: an address ("" for all of IPv6 and IPv4) and a port (0: any that is free).
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

/// Reads ":9659", "127.0.0.1:9659" or "[::1]:9659". Errors: kUsage.
Result<ListenAddress> parse_listen_address(std::string_view text);

/// What one client can choose its addresses from: of IPv6 a /64, as "2001:db8:1:2::/64"; of IPv4
/// the address, also where it stands in one of IPv6.
std::string network_of(const boost::asio::ip::address& address);

/// How many replies a server has made, by status.
using ReplyCounts = std::map<unsigned, std::uint64_t>;

class HttpServer {
 public:
  /// `counts`, if given, is kept up to date, and must outlive the server's executor's work. `tls`,
  /// if given, is asked at each new connection.
  HttpServer(boost::asio::any_io_executor executor, HttpHandler handler, HttpLimits limits,
             const Log& log, ReplyCounts* counts = nullptr, TlsChoice tls = nullptr);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens and begins to serve. What comes back is the address that it listens on, as
  /// "[::]:9659" (with the real port). May be called again for another address.
  /// Errors: kSystem (address in use, not of this machine, no permission).
  Result<std::string> listen(const ListenAddress& address);

  /// Stops accepting, closes idle connections, and closes each of the others after the reply that
  /// it waits for. The executor runs out of work when all are closed.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ecs_exporter
