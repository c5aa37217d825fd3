// Settings to OpenSSL's contexts.
#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "quote.h"

namespace ecs_exporter {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

// A context, and what its check of clients needs.
struct Shared {
  ~Shared() { SSL_CTX_free(context); }
  SSL_CTX* context = nullptr;
  std::vector<std::string> allowed_sans;
};

std::unexpected<Error> refused(std::string_view message) {
  return std::unexpected(Error{ErrorKind::kUsage, one_line(message)});
}

// With OpenSSL's reason, if it has one.
std::unexpected<Error> failed(std::string message) {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  if (reason != nullptr) message += std::string(": ") + reason;
  return refused(message);
}

// Set always: what OpenSSL offers by default is another list in each version.
constexpr const char* kGroups = "X25519:P-256:P-384:P-521";

int number_of(TlsVersion version) {
  constexpr std::array kNumbers = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kNumbers.at(static_cast<std::size_t>(version));
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ":") + word;
  return out;
}

Bio reader(const Pem& pem) {
  return Bio(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
}

// True where the text ends in a line that begins a block, which OpenSSL takes for no line of PEM.
bool ends_in_a_begin_line(std::string_view text) {
  const std::string_view last = text.substr(text.rfind('\n') + 1);
  return last.starts_with('-') && !last.starts_with("-----END ");
}

// All of a text, at least one. A file that is half written ends anywhere: what is no certificate is
// the end only where no other begins.
Result<std::vector<Certificate>> certificates_of(const Pem& pem) {
  const Bio from = reader(pem);
  std::vector<Certificate> all;
  while (Certificate next{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)}) {
    all.push_back(std::move(next));
  }
  const auto error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end || ends_in_a_begin_line(pem.text)) {
    return refused(pem.name + " has a certificate that is broken or cut off");
  }
  if (all.empty()) return refused(pem.name + " has no certificate in PEM form");
  return all;
}

Result<void> use_certificate(SSL_CTX* context, const Pem& pem) {
  const auto chain = certificates_of(pem);
  if (!chain) return std::unexpected(chain.error());
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return failed(pem.name + " cannot be used as a certificate");
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return failed(pem.name + ": a certificate of the chain cannot be used");
    }
  }
  return {};
}

Result<void> use_key(SSL_CTX* context, const TlsSettings& settings) {
  const Bio from = reader(settings.key);
  // Without the callback OpenSSL would ask the terminal for the passphrase of an encrypted key.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const Key key(PEM_read_bio_PrivateKey(from.get(), nullptr, no_passphrase, nullptr));
  if (!key)
    return refused(settings.key.name + " has no private key in PEM form without a passphrase");
  ERR_clear_error();
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return refused(settings.key.name + " is not the key of the certificate in " +
                   settings.certificate.name);
  }
  return {};
}

Result<void> trust_client_ca(SSL_CTX* context, const Pem& pem) {
  if (pem.name.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  const auto authorities = certificates_of(pem);
  if (!authorities) return std::unexpected(authorities.error());
  for (const Certificate& ca : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1 ||
        SSL_CTX_add_client_CA(context, ca.get()) != 1) {
      return failed(pem.name + ": a certificate cannot be used");
    }
  }
  return {};
}

// A subject alternative name as text; absent for a kind that none is compared with.
std::optional<std::string> text_of(const GENERAL_NAME& name) {
  const auto text = [](const ASN1_STRING* string) {
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                       static_cast<std::size_t>(ASN1_STRING_length(string)));
  };
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
      return text(name.d.ia5);
    case GEN_IPADD: {
      const std::string bytes = text(name.d.iPAddress);
      boost::asio::ip::address_v4::bytes_type v4{};
      boost::asio::ip::address_v6::bytes_type v6{};
      if (bytes.size() == v4.size()) {
        std::ranges::copy(bytes, v4.begin());
        return boost::asio::ip::make_address_v4(v4).to_string();
      }
      if (bytes.size() != v6.size()) return std::nullopt;
      std::ranges::copy(bytes, v6.begin());
      return boost::asio::ip::make_address_v6(v6).to_string();
    }
    default:
      return std::nullopt;
  }
}

bool has_allowed_san(X509* certificate, const std::vector<std::string>& allowed) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto text = text_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (text && std::ranges::find(allowed, *text) != allowed.end()) return true;
  }
  return false;
}

// Called for each certificate that a client shows, in the place of OpenSSL's own check of the
// chain.
template <bool Verify>
int check_client(X509_STORE_CTX* check, void* owner) {
  if (Verify && X509_verify_cert(check) != 1) return 0;
  const auto& allowed = static_cast<const Shared*>(owner)->allowed_sans;
  if (allowed.empty() || has_allowed_san(X509_STORE_CTX_get0_cert(check), allowed)) return 1;
  X509_STORE_CTX_set_error(check, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void ask_clients(Shared& shared, ClientAuth client_auth) {
  if (client_auth == ClientAuth::kNone) return;
  SSL_CTX_set_verify(
      shared.context,
      SSL_VERIFY_PEER | (requires_certificate(client_auth) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
      nullptr);
  SSL_CTX_set_cert_verify_callback(
      shared.context, verifies_certificate(client_auth) ? check_client<true> : check_client<false>,
      &shared);
}

Result<void> choose_protocol(SSL_CTX* context, const TlsSettings& settings) {
  SSL_CTX_set_min_proto_version(context, number_of(settings.min_version));
  SSL_CTX_set_max_proto_version(context, number_of(settings.max_version));
  std::string suites = settings.cipher_suites.empty() ? "ECDHE+AESGCM:ECDHE+CHACHA20"
                                                      : joined(settings.cipher_suites);
  if (settings.min_version < TlsVersion::k12) {
    // Versions that have nothing better than SHA-1, which OpenSSL takes from level 0 only.
    if (settings.cipher_suites.empty()) suites += ":ECDHE+AES+SHA1";
    suites += ":@SECLEVEL=0";
  }
  if (SSL_CTX_set_cipher_list(context, suites.c_str()) != 1) {
    return failed("cipher_suites: OpenSSL does not take " + suites);
  }
  if (settings.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  const std::string curves = settings.curves.empty() ? kGroups : joined(settings.curves);
  if (SSL_CTX_set1_groups_list(context, curves.c_str()) != 1) {
    return failed("curve_preferences: OpenSSL does not take " + curves);
  }
  return {};
}

// HTTP/1.1, or nothing where the client does not ask.
int choose_http(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                const unsigned char* offered, unsigned size, void*) {
  constexpr std::string_view kHttp = "http/1.1";
  for (std::string_view rest(reinterpret_cast<const char*>(offered), size); !rest.empty();) {
    const std::size_t length = static_cast<unsigned char>(rest.front());
    const std::string_view name = rest.substr(1, length);
    if (name == kHttp) {
      *chosen = reinterpret_cast<const unsigned char*>(name.data());
      *chosen_size = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
    rest.remove_prefix(std::min(1 + length, rest.size()));
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// With what both ends have in common.
Result<std::shared_ptr<Shared>> new_shared(const SSL_METHOD* (*method)()) {
  // No file of the system changes what is offered.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  ERR_clear_error();
  auto shared = std::make_shared<Shared>();
  SSL_CTX* const raw = shared->context = SSL_CTX_new(method());
  if (raw == nullptr) return failed("cannot set TLS up");
  // Clients keep their connections, so tickets and a cache would only take memory.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A read ends after a record that brings no data, too.
  SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
  return shared;
}

}  // namespace

Result<std::shared_ptr<ssl_ctx_st>> make_tls_context(const TlsSettings& settings) {
  const auto shared = new_shared(TLS_server_method);
  if (!shared) return std::unexpected(shared.error());
  SSL_CTX* const context = (*shared)->context;
  (*shared)->allowed_sans = settings.allowed_sans;
  auto done = choose_protocol(context, settings);
  if (done) done = use_certificate(context, settings.certificate);
  if (done) done = use_key(context, settings);
  if (done && settings.client_auth != ClientAuth::kNone) {
    done = trust_client_ca(context, settings.client_ca);
  }
  if (!done) return std::unexpected(done.error());
  ask_clients(**shared, settings.client_auth);
  // Of certificates that a client shows, for which OpenSSL reserves as much as it announces.
  constexpr long kMostCertificateBytes = 32L * 1024;
  SSL_CTX_set_max_cert_list(context, kMostCertificateBytes);
  SSL_CTX_set_alpn_select_cb(context, choose_http, nullptr);
  return std::shared_ptr<ssl_ctx_st>(*shared, context);
}

Result<std::shared_ptr<ssl_ctx_st>> make_trusting_tls_context() {
  const auto shared = new_shared(TLS_client_method);
  if (!shared) return std::unexpected(shared.error());
  SSL_CTX* const context = (*shared)->context;
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  SSL_CTX_set1_groups_list(context, kGroups);
  return std::shared_ptr<ssl_ctx_st>(*shared, context);
}

}  // namespace ecs_exporter
