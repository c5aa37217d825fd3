// A session whose other end is OpenSSL itself, so that it can send what no client of ours would.
#include "tls_session.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/detached.hpp>
#include <memory>
#include <string>

#include "loopback.h"
#include "tls_context.h"

namespace ecs_exporter {
namespace {

std::string pem_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

// A certificate that it signs itself.
TlsSettings self_signed() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* const certificate_pem = BIO_new(BIO_s_mem());
  BIO* const key_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_pem, certificate);
  PEM_write_bio_PrivateKey(key_pem, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {.certificate = {.text = pem_of(certificate_pem), .name = "certificate"},
          .key = {.text = pem_of(key_pem), .name = "key"}};
}

// A client's end that only makes bytes.
class ClientInMemory {
 public:
  ClientInMemory() : context_(*make_trusting_tls_context()), ssl_(SSL_new(context_.get())) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
  }
  ~ClientInMemory() { SSL_free(ssl_); }
  ClientInMemory(const ClientInMemory&) = delete;
  ClientInMemory& operator=(const ClientInMemory&) = delete;

  Async shake_hands(tcp::socket& socket) {
    std::array<char, 4096> came{};
    while (SSL_do_handshake(ssl_) != 1) {
      co_await asio::async_write(socket, asio::buffer(made()), kAwait);
      const auto [ec, size] = co_await socket.async_read_some(asio::buffer(came), kAwait);
      if (ec) co_return;
      BIO_write(SSL_get_rbio(ssl_), came.data(), static_cast<int>(size));
    }
    co_await asio::async_write(socket, asio::buffer(made()), kAwait);
  }

  void update_keys(int times) {
    for (int i = 0; i < times; ++i) {
      SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED);
      SSL_do_handshake(ssl_);
    }
  }
  void write(const std::string& text) {
    SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
  }

  /// The bytes to send.
  std::string made() {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl_)), '\0');
    BIO_read(SSL_get_wbio(ssl_), out.data(), static_cast<int>(out.size()));
    return out;
  }

 private:
  std::shared_ptr<ssl_ctx_st> context_;
  SSL* ssl_;
};

class TlsSessions : public testing::Test {
 protected:
  /// What a server reads after so many key updates and "data", if it does.
  Async read_after(int key_updates, boost::system::error_code& ec, std::string& read, int& turns) {
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket socket(io);
    socket.connect(acceptor.local_endpoint());
    tcp::socket accepted = acceptor.accept();
    TlsSession server(*make_tls_context(self_signed()), accepted, TlsSession::Role::kServer);
    ClientInMemory client;
    asio::co_spawn(io, client.shake_hands(socket), asio::detached);
    ec = co_await server.handshake();
    if (ec) co_return;
    client.update_keys(key_updates);
    client.write("data");
    asio::write(socket, asio::buffer(client.made()));
    bool over = false;
    asio::co_spawn(io, count(turns, over), asio::detached);
    read.resize(100);
    std::size_t size = 0;
    std::tie(ec, size) = co_await server.read_some(asio::buffer(read));
    read.resize(size);
    fault = server.fault_text();
    over = true;
    co_await settle();
  }

  asio::io_context io;
  std::string fault;

 private:
  static Async count(int& turns, const bool& over) {
    while (true) {
      if (over) co_return;
      ++turns;
      co_await asio::post(co_await asio::this_coro::executor, kAwait);
    }
  }
};

TEST_F(TlsSessions, OthersHaveTheirTurnBetweenRecordsThatBringNoData) {
  boost::system::error_code ec;
  std::string read;
  int turns = 0;
  run(io, read_after(100, ec, read, turns));
  EXPECT_FALSE(ec) << fault;
  EXPECT_EQ(read, "data");
  EXPECT_GE(turns, 100);
}

TEST_F(TlsSessions, TooManyRecordsWithoutDataEndIt) {
  boost::system::error_code ec;
  std::string read;
  int turns = 0;
  run(io, read_after(200, ec, read, turns));
  EXPECT_TRUE(ec);
  EXPECT_EQ(read, "");
  EXPECT_EQ(fault, "too many records without data");
}

}  // namespace
}  // namespace ecs_exporter
