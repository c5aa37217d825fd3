// Between bytes 0x1E: a web configuration file and three PEM files beside it. Where the first is
// empty, the three, and the names and hashes after them, as they stand in the environment.
#include "web_config.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "demand.h"
#include "password.h"
#include "quote.h"
#include "tls_context.h"

namespace ecs_exporter::fuzz {
namespace {

struct Input {
  std::string yaml, cert, key, client_ca, users;
};

// The only files that there are, in every folder: nothing of this machine is read.
Result<std::string> content(const Input& input, std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name == "web.yml") return input.yaml;
  if (name == "cert.pem") return input.cert;
  if (name == "key.pem") return input.key;
  if (name == "both.pem") return input.cert + input.key;
  if (name == "ca.pem") return input.client_ca;
  return std::unexpected(Error{ErrorKind::kSystem, "cannot read " + std::string(path)});
}

template <class Value>
void demand_sentence(const Result<Value>& result) {
  if (result) return;
  const std::string& message = result.error().message;
  demand(result.error().kind == ErrorKind::kUsage, "another kind of error", message);
  demand(!message.empty(), "an error without a message");
  demand(std::ranges::none_of(message, [](unsigned char c) { return c < ' ' || c == 127; }),
         "an error with a control character", message);
  demand(well_formed(message) == message, "an error that is no UTF-8", message);
  demand(!message.starts_with("/web/web.yml: line 0"), "an error in a line that is none", message);
}

void check_headers(std::string_view headers) {
  constexpr auto kKnown = std::to_array<std::string_view>(
      {"Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection",
       "Content-Security-Policy"});
  std::array<int, kKnown.size()> times{};
  while (!headers.empty()) {
    const std::string_view line = headers.substr(0, headers.find("\r\n"));
    demand(line.size() + 2 <= headers.size(), "a header without an end", line);
    headers.remove_prefix(line.size() + 2);
    const auto known = std::ranges::find(kKnown, line.substr(0, line.find(": ")));
    demand(known != kKnown.end(), "another header", line);
    demand(++times.at(static_cast<std::size_t>(known - kKnown.begin())) == 1, "twice", line);
    demand(std::ranges::none_of(line, [](unsigned char c) { return c < ' ' || c == 127; }),
           "a header with a control character", line);
  }
}

// OpenSSL's language for lists of suites and curves: a word, and not an operator.
void check_words(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    demand(!word.empty() && word.find_first_of(":@!+, ") == std::string::npos, "no word", word);
  }
}

void check_tls(const TlsSettings& tls) {
  demand(!tls.certificate.name.empty() && !tls.key.name.empty(), "TLS without a certificate");
  demand(tls.min_version <= tls.max_version, "TLS without a version");
  demand(tls.client_ca.name.empty() || tls.client_auth != ClientAuth::kNone,
         "a CA for clients that nobody is asked for");
  demand(tls.allowed_sans.empty() || requires_certificate(tls.client_auth),
         "names of clients that need no certificate");
  check_words(tls.cipher_suites);
  check_words(tls.curves);
  // Else OpenSSL would read what this machine trusts.
  const bool reads_files = tls.client_auth != ClientAuth::kNone && tls.client_ca.name.empty();
  if (!reads_files) demand_sentence(make_tls_context(tls));
}

void check(const WebSource& source, const Input& input) {
  const FileReader read = [&](const std::string& path) { return content(input, path); };
  const auto config = read_web_config(source, read);
  demand_sentence(config);
  const auto again = read_web_config(source, read);
  demand(config.has_value() == again.has_value(), "another answer the second time");
  if (!config) {
    demand(config.error().message == again.error().message, "another reason the second time");
    return;
  }
  demand(*config == *again, "another configuration the second time");
  // A hash that is none would let nobody in. It is not computed here: that takes long on purpose.
  for (const auto& [name, hash] : config->users) demand(is_bcrypt_hash(hash), "no hash", name);
  check_headers(config->headers);
  if (config->tls) check_tls(*config->tls);
}

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs_exporter;
  std::string_view rest = fuzz::text_of(data, size);
  fuzz::Input input;
  for (std::string* part : {&input.yaml, &input.cert, &input.key, &input.client_ca, &input.users}) {
    *part = fuzz::take_until(rest, '\x1E');
  }
  WebSource source = {.tls_cert = input.cert,
                      .tls_key = input.key,
                      .tls_client_ca = input.client_ca,
                      .basic_auth_users = input.users};
  if (!input.yaml.empty()) source = {.file = "/web/web.yml"};
  fuzz::check(source, input);
  return 0;
}
