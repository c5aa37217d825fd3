// OpenSSL's sessions over Asio's sockets, without buffers in between: a session that cannot go on
// waits until its socket can.
#include "tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

// A BIO that goes through Asio: it knows a closed socket as such, where a plain descriptor may have
// become another's, and raises no SIGPIPE. Nothing reaches OpenSSL that `TlsRecords` forbids.
struct TlsSession::Socket {
  static TlsSession& session_of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    TlsSession& session = session_of(bio);
    if (!session.forbidden_.empty()) return -1;
    error_code ec;
    const std::size_t done =
        session.socket_.read_some(asio::buffer(data, static_cast<std::size_t>(size)), ec);
    if (ec == asio::error::would_block) BIO_set_retry_read(bio);
    if (ec == asio::error::eof) return 0;
    if (ec) return -1;
    const bool is_tls13 = SSL_version(session.ssl_) == TLS1_3_VERSION;
    session.forbidden_ = session.records_.take({data, done}, is_tls13);
    return session.forbidden_.empty() ? static_cast<int>(done) : -1;
  }

  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    error_code ec;
    const std::size_t done =
        session_of(bio).socket_.write_some(asio::buffer(data, static_cast<std::size_t>(size)), ec);
    if (ec == asio::error::would_block) BIO_set_retry_write(bio);
    return ec ? -1 : static_cast<int>(done);
  }

  static BIO* make(TlsSession& session) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
      });
      return made;
    }();
    BIO* const bio = BIO_new(method);
    BIO_set_data(bio, &session);
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsSession::TlsSession(std::shared_ptr<ssl_ctx_st> context, tcp::socket& socket, Role role)
    : context_(std::move(context)), socket_(socket), ssl_(SSL_new(context_.get())) {
  if (ssl_ == nullptr) throw std::bad_alloc();
  error_code ec;
  socket_.non_blocking(true, ec);
  BIO* const bio = Socket::make(*this);
  SSL_set_bio(ssl_, bio, bio);
  role == Role::kServer ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

void TlsSession::keep_fault() {
  if (!forbidden_.empty()) {
    fault_ = Fault::kOther;
    fault_text_ = forbidden_;
    return;
  }
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const char* const text = ERR_reason_error_string(code);
  fault_text_ = text == nullptr ? "" : text;
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) {
    fault_ = Fault::kOther;
  } else if (reason == SSL_R_HTTP_REQUEST) {
    fault_ = Fault::kPlainHttp;
  } else {
    // The alerts that the other end sends begin at 1000; 255 is the highest number of one.
    const bool alert = reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255;
    fault_ = alert ? Fault::kAlert : Fault::kOther;
  }
}

// Repeats one of OpenSSL's functions until it has done its work. What it need not wait for is done
// at once, and yet others have their turn then, as after a read or write of Asio's own: else a
// client that sends without a pause would have the process for itself.
template <class Operation>
asio::awaitable<error_code> TlsSession::drive(Operation operation) {
  for (bool has_waited = false;; has_waited = true) {
    ERR_clear_error();
    const int result = operation();
    if (result > 0) {
      records_.progress();
      if (!has_waited) co_await asio::post(socket_.get_executor(), kAwait);
      co_return error_code();
    }
    error_code ec;
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        std::tie(ec) = co_await socket_.async_wait(tcp::socket::wait_read, kAwait);
        break;
      case SSL_ERROR_WANT_WRITE:
        std::tie(ec) = co_await socket_.async_wait(tcp::socket::wait_write, kAwait);
        break;
      case SSL_ERROR_ZERO_RETURN:
        ec = asio::error::eof;
        break;
      default:
        keep_fault();
        ec = asio::error::connection_aborted;
    }
    if (ec) co_return ec;
  }
}

asio::awaitable<error_code> TlsSession::handshake() {
  return drive([this] { return SSL_do_handshake(ssl_); });
}

asio::awaitable<std::pair<error_code, std::size_t>> TlsSession::read_some(
    asio::mutable_buffer buffer) {
  std::size_t done = 0;
  const error_code ec =
      co_await drive([&] { return SSL_read_ex(ssl_, buffer.data(), buffer.size(), &done); });
  co_return std::pair(ec, done);
}

asio::awaitable<error_code> TlsSession::write(asio::const_buffer buffer) {
  while (buffer.size() > 0) {
    std::size_t done = 0;
    const error_code ec =
        co_await drive([&] { return SSL_write_ex(ssl_, buffer.data(), buffer.size(), &done); });
    if (ec) co_return ec;
    buffer += done;
  }
  co_return error_code();
}

bool TlsSession::has_pending() const { return SSL_pending(ssl_) > 0; }

void TlsSession::shutdown() {
  ERR_clear_error();
  // Not in the middle of a handshake, and not after an error: OpenSSL forbids both.
  if (fault_ == Fault::kNone && SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
}

}  // namespace ecs_exporter
