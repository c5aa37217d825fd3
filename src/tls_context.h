// What TLS sessions share, made from plain settings: versions, cipher suites, certificates, and
// which clients are let in. Nothing of OpenSSL is set up before the first is made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "error.h"

struct ssl_ctx_st;  // what OpenSSL's headers call SSL_CTX

namespace ecs_exporter {

/// What a server asks of its clients' certificates.
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

inline bool requires_certificate(ClientAuth auth) {
  return auth == ClientAuth::kRequireAny || auth == ClientAuth::kRequireAndVerify;
}
inline bool verifies_certificate(ClientAuth auth) {
  return auth == ClientAuth::kVerifyIfGiven || auth == ClientAuth::kRequireAndVerify;
}

enum class TlsVersion { k10, k11, k12, k13 };

/// PEM text, and what to call it in a message, as "cert_file /tls/cert.pem". Empty: there is none.
struct Pem {
  std::string text;
  std::string name;
  bool operator==(const Pem&) const = default;
};

struct TlsSettings {
  Pem certificate;  // and the chain that leads to it
  Pem key;
  Pem client_ca;  // none: what the system trusts
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string>
      allowed_sans;  // one of them must be in a client's certificate; none: any
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  /// Up to TLS 1.2, by OpenSSL's names. None: those that are both authenticated and forward secret.
  std::vector<std::string> cipher_suites;
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curves;  // by OpenSSL's names; none: its default ones
  bool operator==(const TlsSettings&) const = default;
};

/// A server's. Errors: kUsage, for a certificate, key or CA that is not one, and a key that is not
/// the certificate's.
Result<std::shared_ptr<ssl_ctx_st>> make_tls_context(const TlsSettings& settings);

/// A client's that trusts everybody and shows no certificate: for a program that asks itself.
Result<std::shared_ptr<ssl_ctx_st>> make_trusting_tls_context();

}  // namespace ecs_exporter
