// What promtool of Debian does not know yet. What it knows is in tests/testdata/web, for
// e2e_tls.py.
#include "web_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "password.h"

namespace ecs_exporter {
namespace {

// Of "open sesame".
constexpr const char* kHash = "$2y$04$Zc3kQ9vXhT1uWm5eYb7NaO3iFysENpmkalkQa.bFwlNzxblq1xQ96";
constexpr const char* kPair = "tls_server_config:\n  cert: one\n  key: two\n";

// Reads `yaml` from a file.
Result<WebConfig> read(const std::string& yaml) {
  std::string path = std::filesystem::temp_directory_path() / "web-config-XXXXXX";
  close(mkstemp(path.data()));
  std::ofstream(path) << yaml;
  auto config = read_web_config({.file = path});
  std::filesystem::remove(path);
  if (!config && config.error().message.starts_with(path)) {
    config.error().message.erase(0, path.size());
  }
  return config;
}

std::string error_of(const std::string& yaml) {
  const auto config = read(yaml);
  if (config) return "none";
  EXPECT_EQ(config.error().kind, ErrorKind::kUsage);
  return config.error().message;
}

TEST(WebConfig, OfNothingAsksForNothing) {
  const auto config = read_web_config({});
  ASSERT_TRUE(config);
  EXPECT_EQ(*config, WebConfig());
}

TEST(WebConfig, HasThePemThatStandsInIt) {
  const auto config =
      read(std::string(kPair) + "  client_ca: three\n  client_auth_type: RequestClientCert\n");
  ASSERT_TRUE(config);
  ASSERT_TRUE(config->tls);
  EXPECT_EQ(config->tls->certificate, (Pem{"one", "tls_server_config.cert"}));
  EXPECT_EQ(config->tls->key, (Pem{"two", "tls_server_config.key"}));
  EXPECT_EQ(config->tls->client_ca, (Pem{"three", "tls_server_config.client_ca"}));
  EXPECT_EQ(config->tls->client_auth, ClientAuth::kRequest);
  EXPECT_EQ(config->tls->min_version, TlsVersion::k12);
  EXPECT_EQ(config->tls->max_version, TlsVersion::k13);
}

TEST(WebConfig, SuitesOfTls13OnlyLeaveNoOtherVersion) {
  const auto config = read(std::string(kPair) + "  cipher_suites: [TLS_AES_256_GCM_SHA384]\n");
  ASSERT_TRUE(config && config->tls);
  EXPECT_EQ(config->tls->min_version, TlsVersion::k13);
}

TEST(WebConfig, ThatNoClientCouldUseIsRefused) {
  EXPECT_EQ(
      error_of(std::string(kPair) + "  min_version: TLS13\n  max_version: TLS12\n"),
      ": line 2: tls_server_config: no version of TLS is left between min_version, max_version "
      "and cipher_suites");
  EXPECT_EQ(error_of(std::string(kPair) + "  client_auth_type: RequireAnyClientCert\n"
                                          "  client_allowed_sans: []\n"),
            ": line 5: tls_server_config.client_allowed_sans: an empty list lets no client in");
}

TEST(WebConfig, NamesNeedATypeThatRequiresACertificate) {
  const std::string sans = std::string(kPair) + "  client_allowed_sans: [a]\n";
  for (const char* type : {"NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven"}) {
    EXPECT_EQ(error_of(sans + "  client_auth_type: " + type + "\n"),
              ": line 2: tls_server_config: client_allowed_sans without client_auth_type "
              "RequireAnyClientCert or RequireAndVerifyClientCert");
  }
  EXPECT_EQ(error_of(sans + "  client_auth_type: RequireAnyClientCert\n"), "none");
}

TEST(WebConfig, HeaderCannotSmuggleAnother) {
  EXPECT_EQ(
      error_of("http_server_config:\n  headers:\n    X-XSS-Protection: \"0\\r\\nX: y\"\n"),
      ": line 3: http_server_config.headers.X-XSS-Protection: a control character cannot stand "
      "in a header");
}

// What stands in the wrong place may be a secret: each message is known but for the list of words.
TEST(WebConfig, ErrorShowsNothingOfWhatStandsThere) {
  const std::string key = "-----BEGIN PRIVATE KEY-----SECRET";
  const std::string tls = "tls_server_config:\n  cert: a\n";
  const std::pair<std::string, std::string> cases[] = {
      {"\"SECRET\\n\xff\": 1\n",
       ": line 1: unknown key, none of tls_server_config, http_server_config, basic_auth_users"},
      {"{SECRET: 1, SECRET: 2}\n", ": line 1: unknown key"},
      {"basic_auth_users: {$2y$SECRET: [x]}\n", ": line 1: basic_auth_users: this is not a text"},
      {"basic_auth_users:\n  $2y$SECRET: alice\n",
       ": line 2: basic_auth_users: this user has no bcrypt hash"},
      {std::string("basic_auth_users:\n  SECRET: ") + kHash + "\n  SECRET: " + kHash + "\n",
       ": line 3: basic_auth_users: the key of this line stands there twice"},
      {tls + "  key_file: \"" + key + "\"\n",
       ": line 3: tls_server_config.key_file: cannot read the file: No such file"},
      {tls + "  key_file: |\n    " + key + "\n    " + std::string(5000, 'S') + "\n",
       ": line 3: tls_server_config.key_file: cannot read the file: File name too long"},
      {tls + "  key: b\n  min_version: SECRET\n",
       ": line 4: tls_server_config.min_version: this is not one of TLS10"},
      {tls + "  key:\n" + key + "\nSECRET\n", ": line 5: not YAML: "},
      {tls + "  key: *SECRET\n", ": line 3: not YAML: the referenced anchor is not defined"},
      {tls + "  key: \"\\SECRET\"\n", ": line 3: not YAML: unknown escape character"},
      {"%YAML SECRET\n---\n", ": line 1: not YAML: bad YAML version"},
  };
  for (const auto& [yaml, begin] : cases) {
    const std::string message = error_of(yaml);
    EXPECT_TRUE(message.starts_with(begin)) << message;
    EXPECT_EQ(message.find("SECRET"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(WebConfig, ErrorOfTheEnvironmentShowsNothingOfIt) {
  const auto message = [](const std::string& users) {
    const auto config = read_web_config({.basic_auth_users = users});
    return config ? "none" : config.error().message;
  };
  EXPECT_EQ(message("{\"SECRET\": "),
            "WEB_BASIC_AUTH_USERS is not a JSON object of names and hashes");
  EXPECT_EQ(message(std::string(R"({"alice": ")") + kHash + R"(", "$2y$SECRET": "bob"})"),
            "WEB_BASIC_AUTH_USERS: name 2: this user has no bcrypt hash that begins with $2a$, "
            "$2b$ or $2y$");
}

TEST(WebConfig, FileThatCannotBeReadIsNamedByItsOption) {
  const auto config = read_web_config({.file = "/SECRET"});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "--web.config.file: cannot read the file: No such file or directory");
}

// A pipe without a writer, or a device, would hold the thread that serves for ever.
TEST(WebConfig, OnlyRegularFilesAreRead) {
  const std::string pipe = testing::TempDir() + "web_config_test.fifo";
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero")}) {
    const auto text = read_web_file(path);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().message, "it is not a regular file");
    EXPECT_EQ(
        error_of("tls_server_config: {cert_file: " + path + ", key: b}\n"),
        ": line 1: tls_server_config.cert_file: cannot read the file: " + text.error().message);
  }
  std::filesystem::remove(pipe);
}

TEST(WebConfig, FilesAreBounded) {
  const std::string path = testing::TempDir() + "web_config_test.large";
  for (const std::size_t size : {1024UZ * 1024, 1024UZ * 1024 + 1}) {
    std::ofstream(path) << std::string(size, '#');
    const auto text = read_web_file(path);
    EXPECT_EQ(text ? std::to_string(text->size()) : text.error().message,
              size == 1024UZ * 1024 ? "1048576" : "it is over 1048576 bytes");
  }
  std::filesystem::remove(path);
}

TEST(WebConfig, ReadsNoOtherFileThanItsReaderDoes) {
  std::vector<std::string> asked;
  const auto config = read_web_config(
      {.file = "/web/web.yml"}, [&](const std::string& path) -> Result<std::string> {
        asked.push_back(path);
        return path == "/web/web.yml" ? "tls_server_config: {cert_file: a, key_file: /b}" : path;
      });
  ASSERT_TRUE(config && config->tls);
  EXPECT_EQ(config->tls->certificate, (Pem{"/web/a", "/web/a"}));
  EXPECT_EQ(config->tls->key, (Pem{"/b", "/b"}));
  EXPECT_EQ(asked, (std::vector<std::string>{"/web/web.yml", "/web/a", "/b"}));
}

TEST(WebConfig, ErrorDoesNotShowTheHash) {
  const std::string message = error_of("basic_auth_users:\n  alice: $1$secret\n");
  EXPECT_EQ(message.find("secret"), std::string::npos) << message;
}

TEST(Password, MatchesItsHashInEachVersion) {
  for (const char version : {'a', 'b', 'y'}) {
    std::string hash = kHash;
    hash[2] = version;
    EXPECT_TRUE(is_bcrypt_hash(hash));
    EXPECT_TRUE(password_matches("open sesame", hash));
    EXPECT_FALSE(password_matches("open sesamE", hash));
    EXPECT_FALSE(password_matches("", hash));
  }
}

TEST(Password, OneWithANulIsAnother) {
  EXPECT_FALSE(password_matches(std::string("open sesame\0", 12), kHash));
  EXPECT_FALSE(password_matches(std::string("open sesame\0more", 16), kHash));
}

TEST(Password, OtherHashesAreNone) {
  std::string hash = kHash;
  EXPECT_FALSE(is_bcrypt_hash(hash + "x"));
  EXPECT_FALSE(is_bcrypt_hash(hash.substr(1)));
  EXPECT_FALSE(is_bcrypt_hash("$2x" + hash.substr(3)));
  EXPECT_FALSE(is_bcrypt_hash("$2y$03" + hash.substr(6)));
  EXPECT_FALSE(is_bcrypt_hash("$2y$32" + hash.substr(6)));
  hash.back() = ':';
  EXPECT_FALSE(is_bcrypt_hash(hash));
  EXPECT_FALSE(is_bcrypt_hash(""));
}

}  // namespace
}  // namespace ecs_exporter
