// The program: a command line to a command, a result to an exit code.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue.h"
#include "endpoint.h"
#include "environment.h"
#include "healthcheck.h"
#include "json.h"
#include "log.h"
#include "metrics_config.h"
#include "options.h"
#include "serve.h"
#include "version.h"
#include "web_config.h"

namespace ecs_exporter {
namespace {

enum ExitCode { kSuccess = 0, kFailure = 1, kUsage = 2 };

// Output that is lost is a failure, as on a full disk.
int print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fclose(stdout) == 0) {
    return kSuccess;
  }
  print_to_stderr(std::string("cannot write to stdout: ") + std::strerror(errno));
  return kFailure;
}

// Where stdin, stdout or stderr is closed, the next file or socket that is opened would be taken
// for it, and what is printed or logged would go to a client or to the endpoint.
void open_what_is_closed() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // To be read only, so that what is printed there is known to be lost.
    if (::fcntl(descriptor, F_GETFD) == -1) (void)::open("/dev/null", O_RDONLY);
  }
}

int exit_code_of(const Error& error, const Options& options, const Log& log) {
  log.error("cannot go on", {{"error", as_written(options, error.message)}});
  return error.kind == ErrorKind::kUsage ? kUsage : kFailure;
}

// As the specification has it, fields that are no JSON object of strings are no reason to stop.
Log make_log(const Options& options) {
  const std::string& json = options.additional_log_fields;
  if (json.empty()) return {options.log_level, options.log_format};
  auto fields = read_json_strings(json);
  if (fields) return {options.log_level, options.log_format, std::move(*fields)};
  Log log(options.log_level, options.log_format);
  // Not what it is: there may stand a secret by mistake, or beside another field.
  log.warn(as_written(options, "--additional-log-fields") + " is ignored",
           {{"error", "this is not a JSON object of strings"}});
  return log;
}

Result<MetricsConfig> metrics_config(const Options& options) {
  MetricsChoices choices{.groups = options.groups,
                         .task_labels = options.task_labels,
                         .docker_labels = options.docker_labels,
                         .snake_case = options.snake_case,
                         .ecs_exporter_profile = options.ecs_exporter_profile,
                         .stats = options.stats,
                         .include_containers = options.include_containers,
                         .exclude_containers = options.exclude_containers};
  if (!options.static_labels.empty()) {
    auto labels = read_json_strings(options.static_labels);
    if (!labels) {
      return std::unexpected(
          Error{ErrorKind::kUsage, "--labels.static: this is not a JSON object of strings"});
    }
    choices.static_labels = std::move(*labels);
  }
  return make_metrics_config(choices);
}

Result<Endpoint> endpoint_of(const Options& options) {
  auto endpoint = find_endpoint(options.metadata_uri, options.use_v2, process_environment);
  if (endpoint) endpoint->found_in = as_written(options, endpoint->found_in);
  return endpoint;
}

WebSource web_source(const Options& options) {
  return {.file = options.web_config_file,
          .tls_cert = options.web_tls_cert,
          .tls_key = options.web_tls_key,
          .tls_client_ca = options.web_tls_client_ca,
          .basic_auth_users = options.web_basic_auth_users};
}

int run_serve(const Options& options, const Log& log) {
  const auto config = metrics_config(options);
  if (!config) return exit_code_of(config.error(), options, log);
  const auto endpoint = endpoint_of(options);
  if (!endpoint) return exit_code_of(endpoint.error(), options, log);
  const auto served = serve(options, *config, *endpoint, web_source(options), log);
  return served ? kSuccess : exit_code_of(served.error(), options, log);
}

int run_scrape(const Options& options, const Log& log) {
  const auto config = metrics_config(options);
  if (!config) return exit_code_of(config.error(), options, log);
  Result<PrintedScrape> scrape = std::unexpected(Error{});
  if (!options.task_file.empty()) {
    scrape = scrape_files(options, *config, log);
  } else {
    const auto endpoint = endpoint_of(options);
    if (!endpoint) return exit_code_of(endpoint.error(), options, log);
    scrape = scrape_once(options, *config, *endpoint, log);
  }
  if (!scrape) return exit_code_of(scrape.error(), options, log);
  const int printed = print(scrape->text);
  return scrape->up ? printed : kFailure;
}

int run_healthcheck(const Options& options, const Log&) {
  const auto alive = check_health(options, web_source(options));
  if (alive) return kSuccess;
  print_to_stderr(as_written(options, alive.error().message));
  return kFailure;
}

int run_metrics(const Options&, const Log&) { return print(metrics_catalogue()); }

int run_version(const Options&, const Log&) {
  return print("ecs-task-metadata-exporter " + std::string(version()) + " (revision " +
               std::string(revision()) + ", " + std::string(compiler()) + ", " +
               std::string(architecture()) + ")\n");
}

int run_help(const Options&, const Log&) { return print(help_text()); }

struct Row {
  Command command;
  int (*run)(const Options& options, const Log& log);
};

constexpr Row kCommands[] = {
    {Command::kServe, run_serve},     {Command::kHealthcheck, run_healthcheck},
    {Command::kScrape, run_scrape},   {Command::kMetrics, run_metrics},
    {Command::kVersion, run_version}, {Command::kHelp, run_help},
};

int run(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments, process_environment);
  if (!options) {
    // The log's own options may be what is wrong, so this one line is plain.
    print_to_stderr(options.error().message);
    return kUsage;
  }
  const Log log = make_log(*options);
  for (const Row& row : kCommands) {
    if (row.command == options->command) return row.run(*options, log);
  }
  return kUsage;
}

}  // namespace
}  // namespace ecs_exporter

int main(int argc, char** argv) {
  ecs_exporter::open_what_is_closed();
  return ecs_exporter::run({argv + 1, argv + argc});
}
