// A command line and an environment, a word a line: what is in upper case up to its '=' is a
// variable, all else an argument. And everything that is made of options before the program serves.
#include "options.h"

#include <algorithm>
#include <map>

#include "demand.h"
#include "endpoint.h"
#include "http_server.h"
#include "json.h"
#include "metrics_config.h"

namespace ecs_exporter::fuzz {
namespace {

bool is_variable(std::string_view line) {
  const std::string_view name = line.substr(0, line.find('='));
  return name.size() < line.size() && !name.empty() &&
         std::ranges::all_of(
             name,
             [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

template <class Value>
void demand_usage(const Result<Value>& result) {
  if (result) return;
  demand(result.error().kind == ErrorKind::kUsage, "another kind of error", result.error().message);
  demand(!result.error().message.empty(), "an error without a message");
}

// The C library compiles a nest of {m,n} into memory without bound. It is the user's own.
bool is_costly(const std::string& expression) { return expression.contains('{'); }

void check(const Options& options, const Environment& environment) {
  demand(options.timeout.count() > 0, "no timeout");
  demand(options.min_interval.count() >= 0, "a negative interval");
  demand(options.max_body_bytes != 0, "no body");
  demand(options.max_connections > 0, "no connections");
  demand(options.shutdown_delay.count() >= 0, "a negative delay");
  demand(options.telemetry_path.starts_with('/'), "a path that is none", options.telemetry_path);
  for (const std::string& address : options.listen_addresses) {
    demand_usage(parse_listen_address(address));
  }
  demand_usage(find_endpoint(options.metadata_uri, options.use_v2, environment));
  demand_usage(read_json_strings(options.additional_log_fields));
  if (is_costly(options.include_containers) || is_costly(options.exclude_containers)) return;
  MetricsChoices choices{.groups = options.groups,
                         .task_labels = options.task_labels,
                         .docker_labels = options.docker_labels,
                         .snake_case = options.snake_case,
                         .ecs_exporter_profile = options.ecs_exporter_profile,
                         .stats = options.stats,
                         .include_containers = options.include_containers,
                         .exclude_containers = options.exclude_containers};
  auto labels = read_json_strings(options.static_labels);
  demand_usage(labels);
  if (labels) choices.static_labels = std::move(*labels);
  demand_usage(make_metrics_config(choices));
}

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs_exporter;
  std::string_view input = fuzz::text_of(data, size);
  std::vector<std::string> arguments;
  std::map<std::string, std::string> variables;
  while (!input.empty()) {
    const std::string_view line = fuzz::take_until(input, '\n');
    if (fuzz::is_variable(line)) {
      const std::size_t equals = line.find('=');
      variables.insert_or_assign(std::string(line.substr(0, equals)),
                                 std::string(line.substr(equals + 1)));
    } else {
      arguments.emplace_back(line);
    }
  }
  const Environment environment = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const Result<Options> options = parse_options(arguments, environment);
  fuzz::demand_usage(options);
  if (options) fuzz::check(*options, environment);
  return 0;
}
