// TLS over a socket that Asio waits for.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tls_records.h"

struct ssl_st;  // what OpenSSL's headers call SSL and SSL_CTX
struct ssl_ctx_st;

namespace ecs_exporter {

/// One end of a TLS connection over `socket`, which must be connected, stay where it is, and live
/// as long. Closing the socket ends each wait with an error. Others have their turn
/// between records; too many without data end the session.
class TlsSession {
 public:
  enum class Role { kServer, kClient };
  /// Why a session ended, where that matters to somebody.
  enum class Fault { kNone, kPlainHttp, kAlert, kOther };

  TlsSession(std::shared_ptr<ssl_ctx_st> context, boost::asio::ip::tcp::socket& socket, Role role);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  boost::asio::awaitable<boost::system::error_code> handshake();

  /// Reads at least one byte into `buffer`. Error `eof`: the other end has nothing more to send.
  boost::asio::awaitable<std::pair<boost::system::error_code, std::size_t>> read_some(
      boost::asio::mutable_buffer buffer);

  /// Writes all of `buffer`.
  boost::asio::awaitable<boost::system::error_code> write(boost::asio::const_buffer buffer);

  /// True if the next read need not wait for the socket.
  bool has_pending() const;

  /// Tells the other end that no more will be sent, as far as that needs no wait.
  void shutdown();

  /// After an error: kPlainHttp, a client sent an HTTP request instead of a handshake; kAlert, the
  /// other end refused.
  Fault fault() const { return fault_; }
  /// After an error, OpenSSL's words for it or ours; "" if the connection was just closed.
  const std::string& fault_text() const { return fault_text_; }

 private:
  struct Socket;  // what OpenSSL reads from and writes to

  template <class Operation>
  boost::asio::awaitable<boost::system::error_code> drive(Operation operation);
  void keep_fault();

  std::shared_ptr<ssl_ctx_st> context_;
  boost::asio::ip::tcp::socket& socket_;
  ssl_st* ssl_;
  TlsRecords records_;
  std::string_view forbidden_;  // why no more is read
  Fault fault_ = Fault::kNone;
  std::string fault_text_;
};

}  // namespace ecs_exporter
