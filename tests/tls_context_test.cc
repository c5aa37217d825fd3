// Certificates and keys that are half written.
#include "tls_context.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace ecs_exporter {
namespace {

// Two certificates of one key, and the key, as PEM.
struct Texts {
  std::string first, second, key;
};

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(out.get()), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string certificate_of(EVP_PKEY* key, const char* name) {
  const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  EXPECT_GT(X509_sign(made.get(), key, EVP_sha256()), 0);
  return pem([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
}

const Texts& texts() {
  static const Texts made = [] {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    return Texts{
        certificate_of(key.get(), "one"), certificate_of(key.get(), "two"), pem([&](BIO* out) {
          return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        })};
  }();
  return made;
}

std::string error_of(const TlsSettings& settings) {
  const auto made = make_tls_context(settings);
  return made ? "" : made.error().message;
}

TlsSettings with(const std::string& certificate, const std::string& client_ca = "") {
  TlsSettings settings{.certificate = {certificate, "chain"}, .key = {texts().key, "key"}};
  if (!client_ca.empty()) {
    settings.client_ca = {client_ca, "authorities"};
    settings.client_auth = ClientAuth::kRequireAndVerify;
  }
  return settings;
}

// Nothing can tell that a file ends between two certificates.
bool is_whole(const std::string& part, const std::string& first, const std::string& all) {
  return part == first || part + '\n' == first || part == all || part + '\n' == all;
}

TEST(TlsContext, ChainThatIsCutInACertificateIsRefused) {
  const std::string all = texts().first + texts().second;
  for (std::size_t size = texts().first.size() - 40; size <= all.size(); ++size) {
    const std::string part = all.substr(0, size);
    EXPECT_EQ(error_of(with(part)).empty(), is_whole(part, texts().first, all)) << part;
  }
  EXPECT_EQ(error_of(with(all.substr(0, all.size() - 100))),
            "chain has a certificate that is broken or cut off");
}

TEST(TlsContext, AuthoritiesThatAreCutInACertificateAreRefused) {
  const std::string all = texts().first + texts().second;
  for (std::size_t size = texts().first.size() - 40; size <= all.size(); ++size) {
    const std::string part = all.substr(0, size);
    EXPECT_EQ(error_of(with(texts().first, part)).empty(), is_whole(part, texts().first, all))
        << part;
  }
  EXPECT_EQ(error_of(with(texts().first, all.substr(0, all.size() - 100))),
            "authorities has a certificate that is broken or cut off");
}

TEST(TlsContext, WordsAroundCertificatesAndAKeyBesideThemAreNoHarm) {
  const std::string all = "one:\n" + texts().first + "\ntwo:\n" + texts().second + "the end";
  EXPECT_EQ(error_of(with(all, all)), "");
  EXPECT_EQ(error_of(with(texts().first + texts().key)), "");
  EXPECT_EQ(error_of(with(texts().key + texts().first)), "");
}

TEST(TlsContext, TextWithoutACertificateSaysSo) {
  EXPECT_EQ(error_of(with(texts().key)), "chain has no certificate in PEM form");
  EXPECT_EQ(error_of(with("x")), "chain has no certificate in PEM form");
}

TEST(TlsContext, CertificateThatIsBrokenIsRefused) {
  std::string broken = texts().second;
  broken[100] = broken[100] == 'A' ? 'B' : 'A';
  broken[101] = '!';
  EXPECT_EQ(error_of(with(texts().first + broken)),
            "chain has a certificate that is broken or cut off");
}

}  // namespace
}  // namespace ecs_exporter
