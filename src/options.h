// The command line and the environment, read into plain values. Pure. The one room that knows
// names of options and their variables.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "environment.h"
#include "error.h"
#include "log.h"

namespace ecs_exporter {

enum class Command { kServe, kHealthcheck, kScrape, kMetrics, kVersion, kHelp };

struct Options {
  Command command = Command::kServe;

  std::string metadata_uri;  // "": find it
  bool use_v2 = false;
  bool stats = true;  // false: the endpoint has none, and is not asked for them
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);
  std::chrono::nanoseconds min_interval = std::chrono::milliseconds(250);
  std::optional<std::size_t> max_body_bytes;  // absent: by the memory that there is

  std::uint16_t port = 9659;
  std::vector<std::string> listen_addresses;  // none: all addresses, at `port`
  std::string telemetry_path = "/metrics";
  std::size_t max_connections = 64;
  std::chrono::nanoseconds shutdown_delay{0};
  bool sandbox = true;

  std::string web_config_file;
  std::string web_tls_cert;          // PEM
  std::string web_tls_key;           // PEM
  std::string web_tls_client_ca;     // PEM
  std::string web_basic_auth_users;  // JSON, as it was given

  std::vector<std::string> groups;         // none: the default ones
  std::vector<std::string> task_labels;    // none: the default ones
  std::vector<std::string> docker_labels;  // keys
  std::string static_labels;               // JSON, as it was given
  bool snake_case = false;
  bool ecs_exporter_profile = false;
  std::string include_containers;
  std::string exclude_containers;

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kJson;
  std::string additional_log_fields;  // JSON, as it was given

  /// The options that a variable gave: their flags, and the variables.
  std::vector<std::pair<std::string, std::string>> from_variables;

  std::string task_file;  // of `scrape`: recorded replies instead of an endpoint
  std::string stats_file;
};

/// Reads the command line (without the program's name) and, for each option that it does not give,
/// the option's variable, if that is set and not empty.
/// Errors: kUsage, one sentence that names the option or variable, and the value only if it is too
/// short to be a secret that stands in the wrong place.
Result<Options> parse_options(const std::vector<std::string>& arguments,
                              const Environment& environment);

/// `message`, in which options are named by their flags, with the variable for each of them that a
/// variable gave: so it names what was written.
std::string as_written(const Options& options, std::string message);

/// The page that `--help` prints.
std::string help_text();

}  // namespace ecs_exporter
