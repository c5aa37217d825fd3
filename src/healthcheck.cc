// One request over a loopback connection.
#include "healthcheck.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "http_server.h"
#include "tls_context.h"
#include "tls_session.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// What the exporter's configuration lets us expect.
struct Expected {
  bool known = false;
  bool tls = false;
  bool wants_certificate = false;
};

std::unexpected<Error> dead(ErrorKind kind, const tcp::endpoint& at, const std::string& why) {
  const std::string address = at.address().to_string();
  return std::unexpected(Error{kind, (at.address().is_v6() ? "[" + address + "]" : address) + ":" +
                                         std::to_string(at.port()) + ": " + why});
}

Result<tcp::endpoint> address_of(const Options& options) {
  ListenAddress first{.host = "", .port = options.port};
  if (!options.listen_addresses.empty()) {
    const auto given = parse_listen_address(options.listen_addresses.front());
    if (!given) {
      return std::unexpected(
          Error{given.error().kind, "--web.listen-address: " + given.error().message});
    }
    first = *given;
  }
  if (first.port == 0) {
    return std::unexpected(
        Error{ErrorKind::kUsage, "the port is 0, so which one the exporter has is not known"});
  }
  if (first.host.empty()) return tcp::endpoint(asio::ip::address_v4::loopback(), first.port);
  auto address = asio::ip::make_address(first.host);
  if (address.is_unspecified()) {
    address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                              : asio::ip::address(asio::ip::address_v4::loopback());
  }
  return tcp::endpoint(address, first.port);
}

Expected expected_of(const WebSource& web) {
  const auto config = read_web_config(web);
  if (!config) return {};
  if (!config->tls) return {.known = true};
  const ClientAuth asks = config->tls->client_auth;
  return {.known = true,
          .tls = true,
          .wants_certificate =
              asks == ClientAuth::kRequireAny || asks == ClientAuth::kRequireAndVerify};
}

Result<void> judged(std::string_view reply, const Expected& expected, const tcp::endpoint& at) {
  constexpr std::string_view kBegin = "HTTP/1.1 ";
  unsigned status = 0;
  if (reply.starts_with(kBegin)) {
    std::from_chars(reply.data() + kBegin.size(), reply.data() + reply.size(), status);
  }
  if (status == 0) return dead(ErrorKind::kShape, at, "no HTTP reply");
  if (status == 200 || status == 401 || !expected.known) return {};
  return dead(ErrorKind::kStatus, at, "status " + std::to_string(status));
}

asio::awaitable<Result<void>> ask(tcp::socket& socket, const tcp::endpoint& at,
                                  const Expected& expected) {
  constexpr std::string_view kRequest =
      "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::array<char, 256> reply{};
  std::size_t size = 0;
  auto [ec] = co_await socket.async_connect(at, kAwait);
  if (ec) co_return dead(ErrorKind::kConnect, at, "cannot connect: " + ec.message());
  if (!expected.tls) {
    std::tie(ec, size) = co_await asio::async_write(socket, asio::buffer(kRequest), kAwait);
    if (!ec) std::tie(ec, size) = co_await socket.async_read_some(asio::buffer(reply), kAwait);
    if (ec) co_return dead(ErrorKind::kConnect, at, "no reply: " + ec.message());
    co_return judged({reply.data(), size}, expected, at);
  }
  auto context = make_trusting_tls_context();
  if (!context) co_return std::unexpected(context.error());
  TlsSession session(std::move(*context), socket, TlsSession::Role::kClient);
  ec = co_await session.handshake();
  if (!ec) ec = co_await session.write(asio::buffer(kRequest));
  if (!ec) std::tie(ec, size) = co_await session.read_some(asio::buffer(reply));
  if (!ec) co_return judged({reply.data(), size}, expected, at);
  // Up to TLS 1.2 the handshake fails, later what follows it.
  if (expected.wants_certificate && session.fault() == TlsSession::Fault::kAlert) {
    co_return Result<void>();
  }
  co_return dead(ErrorKind::kConnect, at, "no reply over TLS: " + session.fault_text());
}

}  // namespace

Result<void> check_health(const Options& options, const WebSource& web) {
  const auto at = address_of(options);
  if (!at) return std::unexpected(at.error());
  const Expected expected = expected_of(web);
  asio::io_context io(1);
  tcp::socket socket(io);
  Result<void> result = dead(ErrorKind::kTimeout, *at, "no reply within 2 seconds");
  asio::co_spawn(io, ask(socket, *at, expected),
                 [&](const std::exception_ptr& thrown, Result<void> asked) {
                   if (thrown) std::rethrow_exception(thrown);
                   result = std::move(asked);
                 });
  io.run_for(std::chrono::seconds(2));
  return result;
}

}  // namespace ecs_exporter
