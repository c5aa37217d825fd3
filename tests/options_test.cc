// The command line and the environment.
#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ecs_exporter {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Result<Options> parse(const Arguments& arguments, const Variables& variables = {}) {
  return parse_options(arguments, [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

Options parsed(const Arguments& arguments, const Variables& variables = {}) {
  const auto options = parse(arguments, variables);
  EXPECT_TRUE(options) << options.error().message;
  return options.value_or(Options{});
}

std::string message(const Arguments& arguments, const Variables& variables = {}) {
  const auto options = parse(arguments, variables);
  EXPECT_FALSE(options);
  if (options) return {};
  EXPECT_EQ(options.error().kind, ErrorKind::kUsage);
  return options.error().message;
}

// An option, what it wants, a good value, values it refuses.
struct Row {
  std::string_view flag;
  std::string_view variable;
  std::string_view wanted;
  std::string_view good;
  std::vector<std::string_view> bad;
};

const std::vector<Row>& option_table() {
  static const std::vector<Row> table = {
      {"--ecs.metadata-uri", "ECS_METADATA_URI", "an http URI", "http://h", {}},
      {"--ecs.v2", "ECS_V2", "true or false", "true", {"yes", "TRUE", "2", " 1"}},
      {"--ecs.timeout",
       "ECS_TIMEOUT",
       "a duration over 0, as 5s, 500ms or 1m",
       "2s",
       {"0", "0s", "5", "s", "-1s", "+1s", "5 s", "5S", "5sec", "1d", "1e3s", "nan", "inf", "infs",
        "1000001s", "0.1ns", "0.0000000001s", "5s,"}},
      {"--ecs.min-interval",
       "ECS_MIN_INTERVAL",
       "a duration, as 250ms, 1s or 0",
       "0",
       {"1", "-0s1", "-5ms", "x", "0x1s", "1000001h"}},
      {"--ecs.max-body-bytes",
       "ECS_MAX_BODY_BYTES",
       "a whole number of bytes over 0",
       "1",
       {"0", "-1", "1.5", "1k", "1e6", " 1", "18446744073709551616"}},
      {"--port",
       "PORT",
       "a port from 0 to 65535",
       "65535",
       {"65536", "-1", "http", "80 ", "+80", "0x50", "80.0"}},
      {"--web.listen-address",
       "WEB_LISTEN_ADDRESS",
       "an address, as :9659, 127.0.0.1:9659 or [::1]:9659",
       ":80",
       {"80", "localhost"}},
      {"--web.telemetry-path",
       "WEB_TELEMETRY_PATH",
       "a path that begins with / and is not one of the exporter's others",
       "/m",
       {"/", "metrics", "/metrics?x", "/-/healthy", "/-/anything", "/health"}},
      {"--web.max-connections",
       "WEB_MAX_CONNECTIONS",
       "a whole number over 0",
       "1",
       {"0", "-1", "many", "1.5"}},
      {"--web.config.file", "WEB_CONFIG_FILE", "a file", "web.yml", {}},
      {"--shutdown-delay", "SHUTDOWN_DELAY", "a duration, as 15s or 0", "0", {"1", "-1s", "x"}},
      {"--no-sandbox", "NO_SANDBOX", "true or false", "true", {"yes", "TRUE", "off"}},
      {"--metrics.groups", "METRICS_GROUPS", "a list of groups", "core,cpu", {"core,,cpu", ","}},
      {"--ecs.stats", "ECS_STATS", "required or none", "none", {"None", "optional", "false"}},
      {"--metrics.profile",
       "METRICS_PROFILE",
       "default or ecs_exporter",
       "ecs_exporter",
       {"ecs-exporter", "ECS_EXPORTER"}},
      {"--labels.task", "LABELS_TASK", "a list of labels, or none", "none", {",", "TaskID,"}},
      {"--labels.docker",
       "LABELS_DOCKER",
       "a list of keys of Docker labels",
       "com.example.team",
       {",", "a,"}},
      {"--labels.static", "LABELS_STATIC", "a JSON object of strings", "{}", {}},
      {"--labels.style", "LABELS_STYLE", "camel or snake", "snake", {"Snake", "kebab"}},
      {"--containers.include", "CONTAINERS_INCLUDE", "a regular expression", "web", {}},
      {"--containers.exclude", "CONTAINERS_EXCLUDE", "a regular expression", "web", {}},
      {"--log.level", "LOG_LEVEL", "debug, info, warn or error", "warn", {"WARN", "warning"}},
      {"--log.format", "LOG_FORMAT", "json or logfmt", "logfmt", {"JSON", "text"}},
  };
  return table;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

TEST(Options, DefaultsAreTheDocumentedOnes) {
  const Options options = parsed({});
  EXPECT_EQ(options.command, Command::kServe);
  EXPECT_EQ(options.metadata_uri, "");
  EXPECT_FALSE(options.use_v2);
  EXPECT_TRUE(options.stats);
  EXPECT_EQ(options.timeout, seconds(5));
  EXPECT_EQ(options.min_interval, milliseconds(250));
  EXPECT_EQ(options.max_body_bytes, std::nullopt);
  EXPECT_EQ(options.port, 9659);
  EXPECT_THAT(options.listen_addresses, IsEmpty());
  EXPECT_EQ(options.telemetry_path, "/metrics");
  EXPECT_TRUE(options.sandbox);
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
  EXPECT_EQ(options.log_format, LogFormat::kJson);
  EXPECT_EQ(options.additional_log_fields, "");
  EXPECT_EQ(options.task_file, "");
  EXPECT_EQ(options.stats_file, "");
}

TEST(Help, SaysTheDefaults) {
  std::string help = help_text();
  for (std::size_t at = 0; (at = help.find("\n      ")) != std::string::npos;)
    help.replace(at, 7, " ");
  for (const std::string_view text :
       {"Default: 5s.", "Default: 250ms.", "Default: 4194304 bytes;", "Default: 9659.",
        "Default: /metrics.", "Default: info.", "Default: json.", "Default: none."}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
}

TEST(Options, BadValueOnTheCommandLineNamesTheOption) {
  for (const Row& row : option_table()) {
    for (const std::string_view bad : row.bad) {
      EXPECT_EQ(message({std::string(row.flag) + "=" + std::string(bad)}),
                std::string(row.flag) + ": " + quoted(bad) + " is not " + std::string(row.wanted));
    }
  }
}

TEST(Options, BadValueInTheEnvironmentNamesTheVariable) {
  for (const Row& row : option_table()) {
    for (const std::string_view bad : row.bad) {
      EXPECT_EQ(
          message({}, {{std::string(row.variable), std::string(bad)}}),
          std::string(row.variable) + ": " + quoted(bad) + " is not " + std::string(row.wanted));
    }
  }
}

TEST(Options, CommandLineWinsOverTheEnvironment) {
  for (const Row& row : option_table()) {
    const std::string bad(row.bad.empty() ? "http://other" : row.bad[0]);
    parsed({std::string(row.flag) + "=" + std::string(row.good)},
           {{std::string(row.variable), bad}});
  }
  EXPECT_EQ(parsed({"--port=1"}, {{"PORT", "2"}}).port, 1);
  EXPECT_THAT(parsed({"--web.listen-address=:1"}, {{"WEB_LISTEN_ADDRESS", ":2"}}).listen_addresses,
              ElementsAre(":1"));
}

TEST(Options, EmptyVariableIsNoVariable) {
  for (const Row& row : option_table()) parsed({}, {{std::string(row.variable), ""}});
  EXPECT_EQ(parsed({}, {{"PORT", ""}}).port, 9659);
}

TEST(Options, VariablesSayTheSameAsOptions) {
  const Options options = parsed({}, {{"ECS_METADATA_URI", "http://h"},
                                      {"ECS_V2", "1"},
                                      {"ECS_TIMEOUT", "1.5s"},
                                      {"ECS_MIN_INTERVAL", "1s"},
                                      {"ECS_MAX_BODY_BYTES", "10"},
                                      {"PORT", "80"},
                                      {"WEB_LISTEN_ADDRESS", ":1,[::1]:2"},
                                      {"WEB_TELEMETRY_PATH", "/m"},
                                      {"LOG_LEVEL", "error"},
                                      {"LOG_FORMAT", "logfmt"},
                                      {"ADDITIONAL_LOG_FIELDS", "{}"}});
  EXPECT_EQ(options.metadata_uri, "http://h");
  EXPECT_TRUE(options.use_v2);
  EXPECT_EQ(options.timeout, milliseconds(1500));
  EXPECT_EQ(options.min_interval, seconds(1));
  EXPECT_EQ(options.max_body_bytes, 10U);
  EXPECT_EQ(options.port, 80);
  EXPECT_THAT(options.listen_addresses, ElementsAre(":1", "[::1]:2"));
  EXPECT_EQ(options.telemetry_path, "/m");
  EXPECT_EQ(options.log_level, LogLevel::kError);
  EXPECT_EQ(options.log_format, LogFormat::kLogfmt);
  EXPECT_EQ(options.additional_log_fields, "{}");
}

TEST(Options, ScrapesOwnOptionsHaveNoVariable) {
  EXPECT_EQ(parsed({"scrape"}, {{"TASK", "t"}, {"STATS", "s"}}).task_file, "");
}

TEST(Options, DurationsHaveUnits) {
  EXPECT_EQ(parsed({"--ecs.timeout=500ms"}).timeout, milliseconds(500));
  EXPECT_EQ(parsed({"--ecs.timeout=0.25s"}).timeout, milliseconds(250));
  EXPECT_EQ(parsed({"--ecs.timeout=2m"}).timeout, minutes(2));
  EXPECT_EQ(parsed({"--ecs.timeout=1h"}).timeout, hours(1));
  EXPECT_EQ(parsed({"--ecs.timeout=0.000001ms"}).timeout, nanoseconds(1));
}

TEST(Options, LongestDurationIsAHundredThousandHours) {
  EXPECT_EQ(parsed({"--ecs.min-interval=100000h"}).min_interval, hours(100'000));
  EXPECT_NE(message({"--ecs.min-interval=100001h"}), "");
}

TEST(Options, OnlyZeroNeedsNoUnit) {
  EXPECT_EQ(parsed({"--ecs.min-interval=0"}).min_interval, nanoseconds(0));
  EXPECT_EQ(parsed({"--ecs.min-interval=0s"}).min_interval, nanoseconds(0));
}

TEST(Options, ValueMayBeAWordOfItsOwn) {
  EXPECT_EQ(parsed({"--port", "80", "--log.level", "debug"}).port, 80);
}

TEST(Options, LastOfARepeatedOptionCounts) { EXPECT_EQ(parsed({"--port=1", "--port=2"}).port, 2); }

TEST(Options, ListenAddressesAddUp) {
  EXPECT_THAT(
      parsed({"--web.listen-address=:1", "--web.listen-address", "[::1]:2"}).listen_addresses,
      ElementsAre(":1", "[::1]:2"));
}

TEST(Options, BracketsAreAPartOfTheValue) {
  EXPECT_EQ(parsed({"--containers.include=[a-z]*[a-z]"}).include_containers, "[a-z]*[a-z]");
  EXPECT_EQ(parsed({"--containers.exclude", "[a,b]"}).exclude_containers, "[a,b]");
  EXPECT_EQ(message({"--port=[1,2]"}), R"(--port: "[1,2]" is not a port from 0 to 65535)");
}

TEST(Options, EmptyPartOfAListIsAnError) {
  EXPECT_EQ(message({}, {{"WEB_LISTEN_ADDRESS", ":1,,:2"}}),
            R"(WEB_LISTEN_ADDRESS: "" is not an address, as :9659, 127.0.0.1:9659 or [::1]:9659)");
}

TEST(Options, SwitchMayStandAlone) {
  EXPECT_TRUE(parsed({"--ecs.v2"}).use_v2);
  EXPECT_TRUE(parsed({"--ecs.v2", "--port=1"}).use_v2);
  EXPECT_TRUE(parsed({"--ecs.v2=true"}).use_v2);
  EXPECT_FALSE(parsed({"--ecs.v2=false"}, {{"ECS_V2", "true"}}).use_v2);
  EXPECT_FALSE(parsed({"--no-sandbox"}).sandbox);
  EXPECT_FALSE(parsed({}, {{"NO_SANDBOX", "1"}}).sandbox);
  EXPECT_TRUE(parsed({"--no-sandbox=false"}, {{"NO_SANDBOX", "true"}}).sandbox);
}

TEST(Options, StatsAreRequiredOrNone) {
  EXPECT_FALSE(parsed({"--ecs.stats=none"}).stats);
  EXPECT_FALSE(parsed({}, {{"ECS_STATS", "none"}}).stats);
  EXPECT_TRUE(parsed({"--ecs.stats=required"}, {{"ECS_STATS", "none"}}).stats);
}

TEST(Options, SwitchBeforeACommandDoesNotSwallowIt) {
  const Options options = parsed({"--ecs.v2", "scrape"});
  EXPECT_TRUE(options.use_v2);
  EXPECT_EQ(options.command, Command::kScrape);
}

TEST(Options, CommandsAreWords) {
  EXPECT_EQ(parsed({"serve"}).command, Command::kServe);
  EXPECT_EQ(parsed({"scrape"}).command, Command::kScrape);
  EXPECT_EQ(parsed({"version"}).command, Command::kVersion);
  EXPECT_EQ(parsed({"--help"}).command, Command::kHelp);
  EXPECT_EQ(parsed({"-h"}).command, Command::kHelp);
  EXPECT_EQ(parsed({"scrape", "--help"}).command, Command::kHelp);
}

TEST(Options, OptionsMayComeBeforeOrAfterTheCommand) {
  EXPECT_EQ(parsed({"--port=7", "serve"}).port, 7);
  EXPECT_EQ(parsed({"serve", "--port=7"}).port, 7);
}

TEST(Options, ScrapeTakesTwoFiles) {
  const Options options = parsed({"scrape", "--task=t.json", "--stats", "s.json"});
  EXPECT_EQ(options.task_file, "t.json");
  EXPECT_EQ(options.stats_file, "s.json");
}

TEST(Options, OneFileAloneIsAnError) {
  EXPECT_EQ(message({"scrape", "--task=t.json"}), "scrape: --task and --stats go together");
  EXPECT_EQ(message({"scrape", "--stats=s.json"}), "scrape: --task and --stats go together");
}

TEST(Options, EmptyValueIsAnErrorThatNamesTheOption) {
  for (const Row& row : option_table()) {
    if (row.wanted == "true or false") continue;  // a switch stands alone
    EXPECT_THAT(message({std::string(row.flag) + "="}), HasSubstr(row.flag));
  }
}

TEST(Options, EmptyValueDoesNotSwallowTheNextWord) {
  EXPECT_EQ(parsed({"--additional-log-fields=", "--port=80"}).port, 80);
  EXPECT_THAT(message({"scrape", "--task=", "--stats=s"}), HasSubstr("--task:"));
}

TEST(Options, UnknownOptionIsNamed) {
  EXPECT_EQ(message({"--no-such-option"}), "there is no option --no-such-option here");
  EXPECT_EQ(message({"--no-such.option=SECRET"}), "there is no option --no-such.option here");
  EXPECT_EQ(message({"--task=t"}), "there is no option --task here");
  EXPECT_EQ(message({"serve", "--stats=s"}), "there is no option --stats here");
}

TEST(Options, MissingValueNamesTheOption) {
  EXPECT_EQ(message({"--port"}), "--port: this needs one value, a port from 0 to 65535");
  EXPECT_THAT(message({"--log.level", "--port=1"}), HasSubstr("--log.level"));
}

// A word that stands in the wrong place may be a secret.
TEST(Options, OtherWordsAreNotShown) {
  const std::string neither = " of the command line is neither a command nor an option";
  EXPECT_EQ(message({"SECRET"}), "word 1" + neither);
  EXPECT_EQ(message({"serve", "--port=1", "SECRET"}), "word 3" + neither);
  EXPECT_EQ(message({"serve", "-pSECRET"}), "word 2" + neither);
  EXPECT_EQ(message({"serve", "scrape"}), "word 2" + neither);
  EXPECT_EQ(message({"--SECRET"}), "word 1" + neither);
  EXPECT_EQ(message({"--port=1", "--", "SECRET"}), "word 2" + neither);
  const std::string key = "-----BEGIN PRIVATE KEY-----\nSECRET";
  for (const Arguments& arguments :
       {Arguments{"--help=SECRET"},
        {"-hSECRET"},
        {"scrape=SECRET"},
        {"--port", "1", "SECRET"},
        {key},
        {"--" + key},
        {"--port=" + key},
        {"--web.listen-address=:1" + std::string(60, 'x') + "SECRET"}}) {
    const std::string text = message(arguments);
    EXPECT_THAT(text, Not(HasSubstr("SECRET")));
    EXPECT_FALSE(text.contains('\n')) << text;
  }
}

TEST(Options, OnlyAShortValueIsShown) {
  const std::string text(24, 'x');
  EXPECT_EQ(message({"--port=" + text}), "--port: \"" + text + "\" is not a port from 0 to 65535");
  EXPECT_EQ(message({}, {{"PORT", text + "y"}}),
            "PORT: a value of 25 bytes is not a port from 0 to 65535");
}

TEST(Options, AreNamedAsTheyWereWritten) {
  const std::string text = "--labels.task: x, which is also --labels.static: y --labels.task.z";
  EXPECT_EQ(as_written(parsed({}, {{"LABELS_TASK", "Region"}}), text),
            "LABELS_TASK: x, which is also --labels.static: y --labels.task.z");
  EXPECT_EQ(as_written(parsed({"--labels.task=Region"}, {{"LABELS_TASK", "Region"}}), text), text);
  EXPECT_EQ(as_written(parsed({}, {{"ECS_METADATA_URI", "http://h"}}), "--ecs.metadata-uri"),
            "ECS_METADATA_URI");
  EXPECT_EQ(message({}, {{"WEB_CONFIG_FILE", "f"}, {"WEB_TLS_KEY", "SECRET"}}),
            "WEB_CONFIG_FILE and WEB_TLS_KEY are both given: only one of the two can hold");
  EXPECT_EQ(message({"--web.config.file=f"}, {{"WEB_TLS_KEY", "SECRET"}}),
            "--web.config.file and WEB_TLS_KEY are both given: only one of the two can hold");
}

TEST(Options, MessagesAreOneLine) {
  for (const Arguments& arguments :
       {Arguments{"--port=a\nb"}, {"--no-such-option"}, {"sing"}, {"--port"}}) {
    EXPECT_FALSE(message(arguments).contains('\n')) << message(arguments);
  }
}

TEST(Options, LongValueIsCutInTheMessage) {
  EXPECT_LT(message({"--log.level=" + std::string(10000, 'x')}).size(), 200U);
}

TEST(Help, NamesEveryOptionAndItsVariable) {
  for (const Row& row : option_table()) {
    EXPECT_THAT(help_text(), HasSubstr("  " + std::string(row.flag)));
    EXPECT_THAT(help_text(), HasSubstr("(" + std::string(row.variable) + ")"));
  }
  EXPECT_THAT(help_text(), HasSubstr("--additional-log-fields=JSON  (ADDITIONAL_LOG_FIELDS)"));
  EXPECT_THAT(help_text(), HasSubstr("--task=FILE\n"));
  EXPECT_THAT(help_text(), HasSubstr("--stats=FILE\n"));
}

TEST(Help, DescribesNoOptionThatTheTestsDoNotKnow) {
  std::size_t described = 0;
  const std::string help = help_text();
  for (std::size_t at = help.find("\n  --"); at != std::string::npos;
       at = help.find("\n  --", at + 1)) {
    ++described;
  }
  EXPECT_EQ(described, option_table().size() + 3);
}

TEST(Help, NamesEveryCommand) {
  for (const std::string_view command :
       {"\n  serve ", "\n  healthcheck ", "\n  scrape ", "\n  metrics ", "\n  version "}) {
    EXPECT_THAT(help_text(), HasSubstr(command));
  }
}

TEST(Help, LinesAreShort) {
  const std::string help = help_text();
  for (std::size_t begin = 0; begin < help.size();) {
    const std::size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 100U) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace ecs_exporter
