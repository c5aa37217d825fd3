// What the exporter-toolkit's web configuration file says, or the same from the environment, as
// plain values. The one room that knows the file's keys.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "error.h"
#include "tls_context.h"

namespace ecs_exporter {

/// Names to bcrypt hashes.
using WebUsers = std::map<std::string, std::string, std::less<>>;

struct WebConfig {
  std::optional<TlsSettings> tls;  // absent: plain HTTP
  WebUsers users;                  // none: no password is asked for
  std::string headers;             // lines for every reply, each ending in CRLF
  bool http2 = false;              // asked for, in so many words
  bool operator==(const WebConfig&) const = default;
};

/// Where it comes from: a file, or texts as ECS puts secrets into the environment, or none of them.
struct WebSource {
  std::string file;
  std::string tls_cert;          // PEM
  std::string tls_key;           // PEM
  std::string tls_client_ca;     // PEM; each client must then have a certificate of it
  std::string basic_auth_users;  // a JSON object
  bool operator==(const WebSource&) const = default;
};

/// What reads a file, as read_file does with a bound of its own.
using FileReader = std::function<Result<std::string>(const std::string& path)>;

/// A configuration, certificate or key: a regular file of at most 1 MiB. Reading one never waits.
Result<std::string> read_web_file(const std::string& path);

/// Reads it, and the files that it names. What is in certificates and keys is not looked at.
/// Errors: kUsage, one sentence that names the file, the line and the key, or the variable, and
/// none of what stands there: that may be a secret in the wrong place.
Result<WebConfig> read_web_config(const WebSource& source, const FileReader& read = read_web_file);

}  // namespace ecs_exporter
