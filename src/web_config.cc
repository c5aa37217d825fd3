// YAML by yaml-cpp, a row for each key. A key that is not in a table is refused, as the
// exporter-toolkit does.
#include "web_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "file.h"
#include "json.h"
#include "password.h"
#include "quote.h"

namespace ecs_exporter {
namespace {

// Why a configuration is not taken. Leaves this file as an Error.
struct Refusal {
  std::string message;
};

// The files that a configuration names.
struct Files {
  std::string folder;  // that relative paths begin in
  const FileReader& read;

  // `where`: what named it.
  std::string content(const std::string& path, const std::string& where) const {
    auto content = read(path);
    if (!content) throw Refusal{where + "cannot read the file: " + content.error().message};
    return std::move(*content);
  }
};

// A key's value, and where it stands.
struct Value {
  const YAML::Node& node;
  std::string path;  // of the key, as "tls_server_config.cert_file"
  const Files& files;

  // The line and the key, and never the value: a key pasted in its place is a secret.
  std::string where() const {
    const int line = node.Mark().line;
    return (line < 0 ? "" : "line " + std::to_string(line + 1) + ": ") +
           (path.empty() ? "" : path + ": ");
  }
  [[noreturn]] void refuse(const std::string& why) const { throw Refusal{where() + why}; }
};

template <class T>
struct Key {
  std::string_view name;
  void (*read)(T& target, const Value& value);
};

template <class Word>
using Words = std::span<const std::pair<std::string_view, Word>>;

template <class Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto& [name, meaning] : rows) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

// Calls `read` for each key and where it and its value stand. None for a mapping that is not there.
template <class Read>
void for_each_key(const Value& mapping, Read read) {
  if (mapping.node.IsNull()) return;
  if (!mapping.node.IsMap()) mapping.refuse("this is not a mapping of keys to values");
  std::set<std::string> seen;
  for (const auto& entry : mapping.node) {
    if (!entry.first.IsScalar()) mapping.refuse("a key is not a text");
    const std::string& name = entry.first.Scalar();
    const Value at_key{entry.first, mapping.path, mapping.files};
    if (!seen.insert(name).second) at_key.refuse("the key of this line stands there twice");
    read(name, at_key, Value{entry.second, mapping.path, mapping.files});
  }
}

template <class T>
void read_mapping(T& target, const Value& mapping,
                  std::type_identity_t<std::span<const Key<T>>> keys) {
  for_each_key(mapping, [&](const std::string& name, const Value& at_key, Value value) {
    const auto key = std::ranges::find(keys, name, &Key<T>::name);
    if (key == keys.end()) at_key.refuse("unknown key, none of " + names_of(keys));
    if (!value.path.empty()) value.path += '.';
    value.path += name;
    key->read(target, value);
  });
}

// "" where there is none.
std::string text(const Value& value) {
  if (value.node.IsNull()) return {};
  if (!value.node.IsScalar()) value.refuse("this is not a text");
  return value.node.Scalar();
}

void read_texts(std::vector<std::string>& target, const Value& value) {
  if (value.node.IsNull()) return;
  if (!value.node.IsSequence()) value.refuse("this is not a list");
  for (const auto& element : value.node) {
    target.push_back(text({element, value.path, value.files}));
  }
}

void read_switch(bool& target, const Value& value) {
  if (value.node.IsNull()) return;
  const bool is_quoted = value.node.Tag() == "!";
  if (!value.node.IsScalar() || is_quoted || !YAML::convert<bool>::decode(value.node, target)) {
    value.refuse("this is not true or false");
  }
}

template <class Word>
Word word_of(const std::string& given, const Value& value,
             std::type_identity_t<Words<Word>> words) {
  for (const auto& [name, word] : words) {
    if (name == given) return word;
  }
  value.refuse("this is not one of " + names_of(words));
}

// The value is PEM itself.
void read_inline(Pem& target, const Value& value) {
  if (auto pem = text(value); !pem.empty()) target = {std::move(pem), value.path};
}

// A file of PEM that a key names. It is read once all is known to be well otherwise.
struct NamedFile {
  std::string path;  // "": none
  std::string where;
};

void read_path(NamedFile& target, const Value& value) {
  const std::string path = text(value);
  if (path.empty()) return;
  target.path =
      path.starts_with('/') ? path : (std::filesystem::path(value.files.folder) / path).string();
  target.where = value.where();
}

constexpr auto kVersions = std::to_array<std::pair<std::string_view, TlsVersion>>({
    {"TLS10", TlsVersion::k10},
    {"TLS11", TlsVersion::k11},
    {"TLS12", TlsVersion::k12},
    {"TLS13", TlsVersion::k13},
});

constexpr auto kClientAuthTypes = std::to_array<std::pair<std::string_view, ClientAuth>>({
    {"NoClientCert", ClientAuth::kNone},
    {"RequestClientCert", ClientAuth::kRequest},
    {"RequireAnyClientCert", ClientAuth::kRequireAny},
    {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify},
    {"RequireClientCert", ClientAuth::kRequireAny},  // as it once was
});

// Go's names to OpenSSL's. Those of TLS 1.3 have none here: that version always offers all three.
constexpr auto kCipherSuites = std::to_array<std::pair<std::string_view, const char*>>({
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
});

constexpr auto kCurves = std::to_array<std::pair<std::string_view, const char*>>({
    {"CurveP256", "P-256"},
    {"CurveP384", "P-384"},
    {"CurveP521", "P-521"},
    {"X25519", "X25519"},
});

// tls_server_config as it was written.
struct TlsSection {
  Pem cert, key, client_ca;  // inline
  NamedFile cert_file, key_file, client_ca_file;
  std::optional<ClientAuth> client_auth;
  bool only_tls13_suites = false;
  TlsSettings settings;
};

void read_cipher_suites(TlsSection& section, const Value& value) {
  std::vector<std::string> given;
  read_texts(given, value);
  for (const std::string& name : given) {
    const std::string suite = word_of<const char*>(name, value, kCipherSuites);
    if (!suite.empty()) section.settings.cipher_suites.push_back(suite);
  }
  section.only_tls13_suites = !given.empty() && section.settings.cipher_suites.empty();
}

void read_curves(TlsSection& section, const Value& value) {
  std::vector<std::string> given;
  read_texts(given, value);
  for (const std::string& name : given) {
    section.settings.curves.emplace_back(word_of<const char*>(name, value, kCurves));
  }
}

void read_allowed_sans(TlsSection& section, const Value& value) {
  read_texts(section.settings.allowed_sans, value);
  if (value.node.IsSequence() && section.settings.allowed_sans.empty()) {
    value.refuse("an empty list lets no client in");
  }
}

constexpr Key<TlsSection> kTlsKeys[] = {
    {"cert", [](TlsSection& s, const Value& v) { read_inline(s.cert, v); }},
    {"key", [](TlsSection& s, const Value& v) { read_inline(s.key, v); }},
    {"client_ca", [](TlsSection& s, const Value& v) { read_inline(s.client_ca, v); }},
    {"cert_file", [](TlsSection& s, const Value& v) { read_path(s.cert_file, v); }},
    {"key_file", [](TlsSection& s, const Value& v) { read_path(s.key_file, v); }},
    {"client_ca_file", [](TlsSection& s, const Value& v) { read_path(s.client_ca_file, v); }},
    {"client_auth_type",
     [](TlsSection& s, const Value& v) {
       const std::string name = text(v);
       if (!name.empty()) s.client_auth = word_of<ClientAuth>(name, v, kClientAuthTypes);
     }},
    {"client_allowed_sans", read_allowed_sans},
    {"min_version",
     [](TlsSection& s, const Value& v) {
       if (!v.node.IsNull()) s.settings.min_version = word_of<TlsVersion>(text(v), v, kVersions);
     }},
    {"max_version",
     [](TlsSection& s, const Value& v) {
       if (!v.node.IsNull()) s.settings.max_version = word_of<TlsVersion>(text(v), v, kVersions);
     }},
    {"cipher_suites", read_cipher_suites},
    {"prefer_server_cipher_suites",
     [](TlsSection& s, const Value& v) { read_switch(s.settings.prefer_server_cipher_suites, v); }},
    {"curve_preferences", read_curves},
};

// The file's content where a file is named, else what stands inline.
Pem chosen(const Files& files, const NamedFile& file, const Pem& inline_text) {
  if (file.path.empty()) return inline_text;
  return {files.content(file.path, file.where), file.path};
}

// What no single key can tell.
std::optional<TlsSettings> settled(TlsSection section, const Value& value) {
  TlsSettings& settings = section.settings;
  const bool has_cert = !section.cert.name.empty() || !section.cert_file.path.empty();
  const bool has_key = !section.key.name.empty() || !section.key_file.path.empty();
  const bool has_ca = !section.client_ca.name.empty() || !section.client_ca_file.path.empty();
  if (!has_cert && !has_key && !has_ca && !section.client_auth) return std::nullopt;
  if (!has_cert) value.refuse("cert_file or cert is missing");
  if (!has_key) value.refuse("key_file or key is missing");
  settings.client_auth = section.client_auth.value_or(ClientAuth::kNone);
  if (has_ca && settings.client_auth == ClientAuth::kNone) {
    value.refuse("a client CA without a client_auth_type that asks for a certificate");
  }
  if (!settings.allowed_sans.empty() && settings.client_auth != ClientAuth::kRequireAny &&
      settings.client_auth != ClientAuth::kRequireAndVerify) {
    value.refuse(
        "client_allowed_sans without client_auth_type RequireAnyClientCert or "
        "RequireAndVerifyClientCert");
  }
  if (section.only_tls13_suites) {
    settings.min_version = TlsVersion::k13;  // as there is no suite for any other
  }
  if (settings.min_version > settings.max_version) {
    value.refuse("no version of TLS is left between min_version, max_version and cipher_suites");
  }
  settings.certificate = chosen(value.files, section.cert_file, section.cert);
  settings.key = chosen(value.files, section.key_file, section.key);
  settings.client_ca = chosen(value.files, section.client_ca_file, section.client_ca);
  return settings;
}

void read_tls(WebConfig& config, const Value& value) {
  TlsSection section;
  read_mapping(section, value, kTlsKeys);
  config.tls = settled(std::move(section), value);
}

// Neither is in a message: the hash is a secret, and may stand where the name belongs.
void add_user(WebUsers& users, const std::string& name, const std::string& hash,
              const std::string& where) {
  if (!is_bcrypt_hash(hash)) {
    throw Refusal{where + "this user has no bcrypt hash that begins with $2a$, $2b$ or $2y$"};
  }
  users[name] = hash;
}

void read_users(WebConfig& config, const Value& value) {
  for_each_key(value, [&](const std::string& name, const Value& at_key, const Value& hash) {
    add_user(config.users, name, text(hash), at_key.where());
  });
}

constexpr auto kFrames =
    std::to_array<std::pair<std::string_view, int>>({{"deny", 0}, {"sameorigin", 0}});
constexpr auto kSniffs = std::to_array<std::pair<std::string_view, int>>({{"nosniff", 0}});

void read_header(std::string& headers, const Value& value, std::string_view name,
                 Words<int> allowed) {
  const std::string given = text(value);
  if (!allowed.empty()) word_of<int>(given, value, allowed);
  if (std::ranges::any_of(given, [](unsigned char c) { return c < ' ' || c == 127; })) {
    value.refuse("a control character cannot stand in a header");
  }
  headers += std::string(name) + ": " + given + "\r\n";
}

constexpr Key<std::string> kHeaderKeys[] = {
    {"Strict-Transport-Security",
     [](std::string& h, const Value& v) { read_header(h, v, "Strict-Transport-Security", {}); }},
    {"X-Content-Type-Options",
     [](std::string& h, const Value& v) { read_header(h, v, "X-Content-Type-Options", kSniffs); }},
    {"X-Frame-Options",
     [](std::string& h, const Value& v) { read_header(h, v, "X-Frame-Options", kFrames); }},
    {"X-XSS-Protection",
     [](std::string& h, const Value& v) { read_header(h, v, "X-XSS-Protection", {}); }},
    {"Content-Security-Policy",
     [](std::string& h, const Value& v) { read_header(h, v, "Content-Security-Policy", {}); }},
};

constexpr Key<WebConfig> kHttpKeys[] = {
    {"http2", [](WebConfig& c, const Value& v) { read_switch(c.http2, v); }},
    {"headers", [](WebConfig& c, const Value& v) { read_mapping(c.headers, v, kHeaderKeys); }},
};

constexpr Key<WebConfig> kKeys[] = {
    {"tls_server_config", read_tls},
    {"http_server_config", [](WebConfig& c, const Value& v) { read_mapping(c, v, kHttpKeys); }},
    {"basic_auth_users", read_users},
};

// What yaml-cpp says, up to where it begins to repeat what it has read.
std::string reason_of(const YAML::Exception& e) {
  if (e.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) return YAML::ErrorMsg::UNKNOWN_ANCHOR;
  const std::string reason = e.msg.substr(0, e.msg.find_first_of(":(\""));
  return reason.substr(0, reason.find_last_not_of(' ') + 1);
}

WebConfig from_file(const std::string& path, const FileReader& read) {
  WebConfig config;
  const Files files{std::filesystem::path(path).parent_path().string(), read};
  const std::string yaml = files.content(path, "--web.config.file: ");
  try {
    const YAML::Node root = YAML::Load(yaml);
    read_mapping(config, Value{root, "", files}, kKeys);
  } catch (const YAML::Exception& e) {
    const std::string line =
        e.mark.is_null() ? "" : "line " + std::to_string(e.mark.line + 1) + ": ";
    throw Refusal{path + ": " + line + "not YAML: " + reason_of(e)};
  } catch (Refusal& refusal) {
    throw Refusal{path + ": " + refusal.message};
  }
  return config;
}

WebConfig from_texts(const WebSource& source) {
  WebConfig config;
  if (source.tls_cert.empty() != source.tls_key.empty()) {
    throw Refusal{"WEB_TLS_CERT and WEB_TLS_KEY go together"};
  }
  if (source.tls_cert.empty() && !source.tls_client_ca.empty()) {
    throw Refusal{"WEB_TLS_CLIENT_CA without WEB_TLS_CERT and WEB_TLS_KEY"};
  }
  if (!source.tls_cert.empty()) {
    TlsSettings& tls = config.tls.emplace();
    tls.certificate = {source.tls_cert, "WEB_TLS_CERT"};
    tls.key = {source.tls_key, "WEB_TLS_KEY"};
    if (!source.tls_client_ca.empty()) {
      tls.client_ca = {source.tls_client_ca, "WEB_TLS_CLIENT_CA"};
      tls.client_auth = ClientAuth::kRequireAndVerify;
    }
  }
  if (!source.basic_auth_users.empty()) {
    const auto users = read_json_strings(source.basic_auth_users);
    if (!users || users->empty()) {
      throw Refusal{"WEB_BASIC_AUTH_USERS is not a JSON object of names and hashes"};
    }
    for (std::size_t i = 0; i < users->size(); ++i) {
      const auto& [name, hash] = (*users)[i];
      add_user(config.users, name, hash,
               "WEB_BASIC_AUTH_USERS: name " + std::to_string(i + 1) + ": ");
    }
  }
  return config;
}

}  // namespace

Result<std::string> read_web_file(const std::string& path) {
  return read_file(path, 1024UZ * 1024);
}

Result<WebConfig> read_web_config(const WebSource& source, const FileReader& read) {
  try {
    return source.file.empty() ? from_texts(source) : from_file(source.file, read);
  } catch (const Refusal& refusal) {
    return std::unexpected(Error{ErrorKind::kUsage, one_line(refusal.message)});
  }
}

}  // namespace ecs_exporter
