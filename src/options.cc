// The options, a row each: CLI11 splits the command line, the rows say what each word means.
#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "quote.h"

namespace ecs_exporter {
namespace {

// Puts a value that was given as text into the options; false if it is none.
using Setter = bool (*)(Options& options, const std::string& text);

struct Option {
  std::string_view flag;
  std::string_view value_name;  // "" for a switch
  std::string_view wanted;      // what a value must be, for the message
  std::string_view help;        // with the default, and the unit
  Setter set;
  bool scrape_only = false;
  bool repeatable = false;
};

bool read_duration(std::chrono::nanoseconds& target, std::string_view text) {
  struct Unit {
    std::string_view name;
    double ns;
  };
  constexpr std::array<Unit, 4> kUnits = {{{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  double number = 0;
  const auto [end, ec] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (ec != std::errc() || !(number >= 0 && number <= 1e6)) return false;
  const std::string_view unit(end, text.data() + text.size());
  const auto found = std::ranges::find(kUnits, unit, &Unit::name);
  if (found == kUnits.end() && (number != 0 || !unit.empty())) return false;
  const double ns = found == kUnits.end() ? 0 : number * found->ns;
  constexpr double kLongest = 1e5 * 3600e9;  // so that a multiple of it is still a time
  if (ns > kLongest) return false;
  target = std::chrono::nanoseconds(std::llround(ns));
  return true;
}

template <class Number>
bool read_number(Number& target, std::string_view text) {
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, target);
  return ec == std::errc() && stop == end;
}

template <class Word>
bool read_word(Word& target, std::string_view text,
               std::initializer_list<std::pair<std::string_view, Word>> words) {
  for (const auto& [name, value] : words) {
    if (name == text) {
      target = value;
      return true;
    }
  }
  return false;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

// Words separated by commas, none of them empty.
bool read_list(std::vector<std::string>& target, std::string_view text) {
  target = split(text);
  return std::ranges::none_of(target, &std::string::empty);
}

constexpr Option kOptions[] = {
    {.flag = "--ecs.metadata-uri",
     .value_name = "URI",
     .wanted = "an http URI",
     .help = "Base URI of the task metadata endpoint. Default: what ECS sets in "
             "ECS_CONTAINER_METADATA_URI_V4, else in ECS_CONTAINER_METADATA_URI.",
     .set =
         [](Options& o, const std::string& text) {
           o.metadata_uri = text;
           return !text.empty();
         }},
    {.flag = "--ecs.v2",
     .value_name = "",
     .wanted = "true or false",
     .help = "Where neither variable is set, use the fixed address of version 2 of the endpoint.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.use_v2, text,
                            {{"true", true}, {"1", true}, {"false", false}, {"0", false}});
         }},
    {.flag = "--ecs.stats",
     .value_name = "STATS",
     .wanted = "required or none",
     .help = "none is for a host that has no stats for good, as with ECS_DISABLE_METRICS on its "
             "agent: the endpoint is not asked for them, and up does not depend on them. Default: "
             "required.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.stats, text, {{"required", true}, {"none", false}});
         }},
    {.flag = "--ecs.timeout",
     .value_name = "DURATION",
     .wanted = "a duration over 0, as 5s, 500ms or 1m",
     .help = "Longest wait for the endpoint's replies to one scrape. Default: 5s.",
     .set =
         [](Options& o, const std::string& text) {
           return read_duration(o.timeout, text) && o.timeout.count() > 0;
         }},
    {.flag = "--ecs.min-interval",
     .value_name = "DURATION",
     .wanted = "a duration, as 250ms, 1s or 0",
     .help =
         "Scrapes that come sooner than this after another get the same replies, so that "
         "however many there are the endpoint is asked at most 8 times a second. Default: 250ms.",
     .set = [](Options& o,
               const std::string& text) { return read_duration(o.min_interval, text); }},
    {.flag = "--ecs.max-body-bytes",
     .value_name = "BYTES",
     .wanted = "a whole number of bytes over 0",
     .help =
         "Largest reply of the endpoint that is read. Default: 4194304 bytes; in a cgroup with a "
         "memory limit no more than a 24th of that.",
     .set =
         [](Options& o, const std::string& text) {
           return read_number(o.max_body_bytes.emplace(), text) && o.max_body_bytes > 0;
         }},
    {.flag = "--port",
     .value_name = "PORT",
     .wanted = "a port from 0 to 65535",
     .help = "Port to listen on, on all addresses; 0 picks a free one. Default: 9659.",
     .set = [](Options& o, const std::string& text) { return read_number(o.port, text); }},
    {.flag = "--web.listen-address",
     .value_name = "ADDRESS",
     .wanted = "an address, as :9659, 127.0.0.1:9659 or [::1]:9659",
     .help = "Address to listen on instead, as :9659, 127.0.0.1:9659 or [::1]:9659. May be given "
             "more than once; in the variable, separated by commas.",
     .set =
         [](Options& o, const std::string& text) {
           o.listen_addresses.push_back(text);
           constexpr std::size_t kLongest = 64;
           return text.contains(':') && text.size() <= kLongest;
         },
     .repeatable = true},
    {.flag = "--web.telemetry-path",
     .value_name = "PATH",
     .wanted = "a path that begins with / and is not one of the exporter's others",
     .help = "Path of the metrics. Default: /metrics.",
     .set =
         [](Options& o, const std::string& text) {
           o.telemetry_path = text;
           return text.starts_with('/') && text != "/" && text != "/health" &&
                  !text.contains('?') && !text.starts_with("/-/");
         }},
    {.flag = "--web.max-connections",
     .value_name = "COUNT",
     .wanted = "a whole number over 0",
     .help = "Most connections at a time; one more closes an idle one of the address that has the "
             "most. Default: 64.",
     .set =
         [](Options& o, const std::string& text) {
           return read_number(o.max_connections, text) && o.max_connections > 0;
         }},
    {.flag = "--web.config.file",
     .value_name = "FILE",
     .wanted = "a file",
     .help = "The exporter-toolkit's web configuration file, for TLS, passwords and headers. "
             "Default: none.",
     .set =
         [](Options& o, const std::string& text) {
           o.web_config_file = text;
           return !text.empty();
         }},
    {.flag = "--shutdown-delay",
     .value_name = "DURATION",
     .wanted = "a duration, as 15s or 0",
     .help = "How long to go on serving after SIGTERM, so that a last scrape sees the exit codes. "
             "Less than the task definition's stopTimeout. Default: 0.",
     .set = [](Options& o,
               const std::string& text) { return read_duration(o.shutdown_delay, text); }},
    {.flag = "--no-sandbox",
     .value_name = "",
     .wanted = "true or false",
     .help = "Serve without the filter of system calls, by which the kernel lets the exporter do "
             "nothing but serve.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.sandbox, text,
                            {{"true", false}, {"1", false}, {"false", true}, {"0", true}});
         }},
    {.flag = "--metrics.groups",
     .value_name = "GROUP,...",
     .wanted = "a list of groups",
     .help = "Groups of metrics to print; core always is, all stands for all. Default: "
             "core,cpu,memory,network,disk,container,task,self. Others: memory_detail, "
             "cpu_detail, disk_detail.",
     .set = [](Options& o, const std::string& text) { return read_list(o.groups, text); }},
    {.flag = "--metrics.profile",
     .value_name = "PROFILE",
     .wanted = "default or ecs_exporter",
     .help =
         "ecs_exporter prints the metrics of prometheus-community/ecs_exporter instead, so that "
         "its dashboards and alerts go on working. Default: default.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.ecs_exporter_profile, text,
                            {{"default", false}, {"ecs_exporter", true}});
         }},
    {.flag = "--labels.task",
     .value_name = "LABEL,...",
     .wanted = "a list of labels, or none",
     .help = "Labels of the task on every series, or none. Default: Cluster,TaskARN,"
             "TaskDefinitionFamily,TaskDefinitionRevision,AvailabilityZone. Others: TaskID, "
             "ClusterName, ServiceName, LaunchType, Region, AccountID.",
     .set = [](Options& o, const std::string& text) { return read_list(o.task_labels, text); }},
    {.flag = "--labels.docker",
     .value_name = "KEY,...",
     .wanted = "a list of keys of Docker labels",
     .help =
         "Docker labels of a container to put on its series, as label_KEY. The series begin when "
         "the container has been created, as its labels are not known before. Default: none.",
     .set = [](Options& o, const std::string& text) { return read_list(o.docker_labels, text); }},
    {.flag = "--labels.static",
     .value_name = "JSON",
     .wanted = "a JSON object of strings",
     .help = "Labels to put on every series, as a JSON object of strings. Default: none.",
     .set =
         [](Options& o, const std::string& text) {
           o.static_labels = text;
           return !text.empty();
         }},
    {.flag = "--labels.style",
     .value_name = "STYLE",
     .wanted = "camel or snake",
     .help = "How label names are written: camel (ContainerName) or snake (container_name). "
             "Default: camel.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.snake_case, text, {{"camel", false}, {"snake", true}});
         }},
    {.flag = "--containers.include",
     .value_name = "REGEX",
     .wanted = "a regular expression",
     .help = "Print only containers whose whole name matches this (POSIX extended). Default: all.",
     .set =
         [](Options& o, const std::string& text) {
           o.include_containers = text;
           return !text.empty();
         }},
    {.flag = "--containers.exclude",
     .value_name = "REGEX",
     .wanted = "a regular expression",
     .help = "Leave out containers whose whole name matches this (POSIX extended). Default: none.",
     .set =
         [](Options& o, const std::string& text) {
           o.exclude_containers = text;
           return !text.empty();
         }},
    {.flag = "--log.level",
     .value_name = "LEVEL",
     .wanted = "debug, info, warn or error",
     .help = "Least severe level of log lines: debug, info, warn or error. Default: info.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.log_level, text,
                            {{"debug", LogLevel::kDebug},
                             {"info", LogLevel::kInfo},
                             {"warn", LogLevel::kWarn},
                             {"error", LogLevel::kError}});
         }},
    {.flag = "--log.format",
     .value_name = "FORMAT",
     .wanted = "json or logfmt",
     .help = "Format of log lines: json or logfmt. Default: json.",
     .set =
         [](Options& o, const std::string& text) {
           return read_word(o.log_format, text,
                            {{"json", LogFormat::kJson}, {"logfmt", LogFormat::kLogfmt}});
         }},
    {.flag = "--additional-log-fields",
     .value_name = "JSON",
     .wanted = "a JSON object of strings",
     .help = "Fields to add to each log line, as a JSON object of strings. What is not one is "
             "ignored with a warning. Default: none.",
     .set =
         [](Options& o, const std::string& text) {
           o.additional_log_fields = text;
           return true;
         }},
    {.flag = "--task",
     .value_name = "FILE",
     .wanted = "a file",
     .help = "Read the reply to /task from this file instead.",
     .set =
         [](Options& o, const std::string& text) {
           o.task_file = text;
           return !text.empty();
         },
     .scrape_only = true},
    {.flag = "--stats",
     .value_name = "FILE",
     .wanted = "a file",
     .help = "Read the reply to /task/stats from this file instead.",
     .set =
         [](Options& o, const std::string& text) {
           o.stats_file = text;
           return !text.empty();
         },
     .scrape_only = true},
};

// What has a variable only, as a command line is no place for a secret.
struct Secret {
  std::string_view variable;
  std::string_view help;
  std::string Options::* target;
};

constexpr Secret kSecrets[] = {
    {"WEB_TLS_CERT", "Certificate of the server and its chain, as PEM. With it HTTPS is served.",
     &Options::web_tls_cert},
    {"WEB_TLS_KEY", "Private key of the certificate, as PEM.", &Options::web_tls_key},
    {"WEB_TLS_CLIENT_CA",
     "Certificates of authorities, as PEM. With it each client must show a certificate of theirs.",
     &Options::web_tls_client_ca},
    {"WEB_BASIC_AUTH_USERS", "Who may ask, as a JSON object of names and bcrypt hashes.",
     &Options::web_basic_auth_users},
};

struct Subcommand {
  std::string_view name;
  Command command;
  std::string_view help;
};

constexpr Subcommand kSubcommands[] = {
    {"serve", Command::kServe, "Serve the metrics over HTTP. The default."},
    {"healthcheck", Command::kHealthcheck,
     "Ask the exporter that runs with the same options whether it lives; exit code 0 or 1."},
    {"scrape", Command::kScrape, "Make one scrape and print it; exit code 1 if up is 0."},
    {"metrics", Command::kMetrics, "Print all metrics as a Markdown document."},
    {"version", Command::kVersion, "Print the version."},
};

// The flag in upper case with underscores.
std::string variable_of(const Option& option) {
  std::string name(option.flag.substr(2));
  for (char& c : name) {
    if (c == '.' || c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::unexpected<Error> usage(std::string message) {
  return std::unexpected(Error{ErrorKind::kUsage, std::move(message)});
}

Result<void> set(Options& options, const Option& option, const std::string& source,
                 const std::string& text) {
  if (option.set(options, text)) return {};
  // A key, a token or a hash is longer.
  constexpr std::size_t kLongestShown = 24;
  const std::string shown = text.size() <= kLongestShown
                                ? excerpt(text)
                                : "a value of " + std::to_string(text.size()) + " bytes";
  return usage(source + ": " + shown + " is not " + std::string(option.wanted));
}

// What the command line said of one option.
struct Given {
  const Option* option = nullptr;
  CLI::Option* parsed = nullptr;
  std::vector<std::string> values;
};

// CLI11 keeps references into `given`, which must not move.
void declare(CLI::App& app, std::array<Given, std::size(kOptions)>& given, bool& help) {
  app.set_help_flag();
  app.add_flag("-h,--help", help);
  app.require_subcommand(0, 1);
  app.fallthrough();
  for (const Subcommand& row : kSubcommands) {
    app.add_subcommand(std::string(row.name))->set_help_flag();
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Option& row = kOptions[i];
    given[i].option = &row;
    CLI::App& owner = row.scrape_only ? *app.get_subcommand("scrape") : app;
    given[i].parsed = owner.add_option(std::string(row.flag), given[i].values);
    // Extra arguments: those of a list in brackets, which a value like "[a-z]+" is not.
    given[i].parsed->expected(1)->allow_extra_args(false)->multi_option_policy(
        row.repeatable ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
    // A switch may stand alone: then it is on.
    if (row.value_name.empty()) given[i].parsed->expected(0, 1)->default_str("true");
  }
}

// The last first, and an empty value as a word of its own: in "--name=" CLI11 would not see it, and
// take the next word for the value.
std::vector<std::string> as_cli11_wants(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  for (const std::string& argument : arguments) {
    const bool empty_value =
        argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    words.push_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
    if (empty_value) words.emplace_back();
  }
  std::ranges::reverse(words);
  return words;
}

bool is_of_a_flag(char c) { return (c >= 'a' && c <= 'z') || c == '.' || c == '-'; }

// The word that nothing wants, without what may be a secret: the name of an option, or where a word
// stands that is none.
std::string unexpected_word(const std::vector<std::string>& arguments, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  if (name.starts_with("--") && name.size() > 2 && name.size() <= 40 &&
      std::ranges::all_of(name, is_of_a_flag)) {
    return "there is no option " + name + " here";
  }
  const auto at = std::ranges::find_if(arguments, [&](const std::string& argument) {
    return argument == word || argument == word + "=";
  });
  return "word " + std::to_string(at - arguments.begin() + 1) +
         " of the command line is neither a command nor an option";
}

// CLI11 repeats words in its messages, and they may be secrets.
std::string reason_of(const CLI::ParseError& error) {
  const std::string message = error.what();
  for (const Option& option : kOptions) {
    if (message.starts_with(std::string(option.flag) + ":")) {
      return std::string(option.flag) + ": this needs one value, " + std::string(option.wanted);
    }
  }
  return "the command line cannot be understood; --help shows what can stand there";
}

}  // namespace

std::string as_written(const Options& options, std::string message) {
  for (const auto& [flag, variable] : options.from_variables) {
    for (std::size_t at = 0; (at = message.find(flag, at)) != std::string::npos;) {
      const std::size_t end = at + flag.size();
      const bool whole = (at == 0 || !is_of_a_flag(message[at - 1])) &&
                         (end == message.size() || !is_of_a_flag(message[end]));
      if (whole) message.replace(at, flag.size(), variable);
      at += whole ? variable.size() : flag.size();
    }
  }
  return message;
}

Result<Options> parse_options(const std::vector<std::string>& arguments,
                              const Environment& environment) {
  Options options;
  std::array<Given, std::size(kOptions)> given;
  bool help = false;
  CLI::App app;
  declare(app, given, help);
  try {
    app.parse(as_cli11_wants(arguments));
  } catch (const CLI::ExtrasError&) {
    return usage(unexpected_word(arguments, app.remaining(true).front()));
  } catch (const CLI::ParseError& e) {
    return usage(reason_of(e));
  }
  for (const Subcommand& row : kSubcommands) {
    if (app.got_subcommand(std::string(row.name))) options.command = row.command;
  }
  if (help) options.command = Command::kHelp;

  for (const Given& entry : given) {
    const Option& option = *entry.option;
    if (entry.parsed->count() > 0) {
      for (const std::string& text : entry.values) {
        if (auto ok = set(options, option, std::string(option.flag), text); !ok) {
          return std::unexpected(ok.error());
        }
      }
      continue;
    }
    const std::string name = variable_of(option);
    const auto variable = option.scrape_only ? std::nullopt : environment(name);
    if (!variable || variable->empty()) continue;
    options.from_variables.emplace_back(option.flag, name);
    const auto texts = option.repeatable ? split(*variable) : std::vector{*variable};
    for (const std::string& text : texts) {
      if (auto ok = set(options, option, name, text); !ok) return std::unexpected(ok.error());
    }
  }
  for (const Secret& secret : kSecrets) {
    const std::string name(secret.variable);
    options.*secret.target = environment(name).value_or("");
    if (!options.web_config_file.empty() && !(options.*secret.target).empty()) {
      return usage(as_written(options, "--web.config.file and " + name +
                                           " are both given: only one of the two can hold"));
    }
  }
  if (options.task_file.empty() != options.stats_file.empty()) {
    return usage("scrape: --task and --stats go together");
  }
  return options;
}

std::string help_text() {
  constexpr std::size_t kWidth = 88;
  constexpr std::string_view kIndent = "      ";
  std::string out =
      "Prometheus metrics of the ECS task that this runs in.\n\n"
      "Usage: ecs-task-metadata-exporter [COMMAND] [OPTION...]\n\nCommands:\n";
  for (const Subcommand& row : kSubcommands) {
    out += "  " + std::string(row.name) + std::string(13 - row.name.size(), ' ') +
           std::string(row.help) + "\n";
  }
  out += "\nOptions (the environment variable beside each says the same; the option wins):\n";
  const auto wrap = [&](std::string_view words) {
    std::size_t column = 0;
    while (!words.empty()) {
      const std::size_t space = std::min(words.find(' '), words.size());
      if (column == 0 || column + 1 + space > kWidth) {
        out += column == 0 ? "" : "\n";
        out += kIndent;
        column = kIndent.size();
      } else {
        out += ' ';
        ++column;
      }
      out += words.substr(0, space);
      column += space;
      words.remove_prefix(std::min(space + 1, words.size()));
    }
    out += '\n';
  };
  const auto describe = [&](const Option& option) {
    out += "  " + std::string(option.flag);
    if (!option.value_name.empty()) out += "=" + std::string(option.value_name);
    if (!option.scrape_only) out += "  (" + variable_of(option) + ")";
    out += '\n';
    wrap(option.help);
  };
  for (const Option& option : kOptions) {
    if (!option.scrape_only) describe(option);
  }
  out += "\nVariables without an option, for secrets (instead of --web.config.file):\n";
  for (const Secret& secret : kSecrets) {
    out += "  " + std::string(secret.variable) + '\n';
    wrap(secret.help);
  }
  out += "\nOptions of scrape:\n";
  for (const Option& option : kOptions) {
    if (option.scrape_only) describe(option);
  }
  return out;
}

}  // namespace ecs_exporter
