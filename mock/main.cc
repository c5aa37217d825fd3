// ecs-metadata-mock: serves the task metadata endpoint of an ECS agent for development and tests.
// Options and wiring.

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "agent.h"
#include "faults.h"
#include "http_server.h"
#include "log.h"
#include "task_source.h"
#include "version.h"

namespace ecs_exporter::mock {
namespace {

constexpr int kUsageExit = 2;
constexpr int kSystemExit = 1;

struct Options {
  ListenAddress listen;
  std::string dir;
  bool frozen = false;
  Faults faults;
};

struct FaultOption {
  const char* name;
  const char* value;  // its name in the help; null for a flag
  const char* help;
};

constexpr std::array<FaultOption, 10> kFaultOptions = {{
    {"fail", "task|stats|both=STATUS",
     "answer with this status (400 to 599) and the agent's error"},
    {"delay", "DURATION", "wait before each reply, as 250ms or 2s"},
    {"close", nullptr, "close the connection without a reply"},
    {"truncate", nullptr, "cut the body in the middle and close the connection"},
    {"garbage", nullptr, "send a body that is not JSON"},
    {"huge", nullptr, "send a JSON body of 5 MiB"},
    {"throttle", "RATE,BURST",
     "429 over RATE requests a second for each client and path, as the agent at 40,60"},
    {"nan", nullptr, "answer stats with status 500 and {}"},
    {"redirect", nullptr, "answer with status 301"},
    {"only", "task|stats",
     "leave the other one alone with --delay, --close, --truncate, --garbage, --huge and "
     "--redirect"},
}};

constexpr const char* kDescription =
    "Serves the task metadata endpoint of an ECS agent: versions 2, 3 and 4, and the version 4 "
    "task\n"
    "at /task and /task/stats. GET /mock/requests says how many requests came, and\n"
    "POST /mock/faults?fail=stats=500&delay=1s replaces all faults (no query: by none).";

void add_faults(CLI::App& app, Faults& faults) {
  for (const FaultOption& option : kFaultOptions) {
    const std::string name = option.name;
    const auto set = [&faults, name](const std::string& value) {
      if (const auto done = set_fault(faults, name, value); !done) {
        throw CLI::ValidationError(done.error().message);
      }
    };
    if (option.value) {
      app.add_option_function<std::string>("--" + name, set, option.help)
          ->type_name(option.value)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->group("Faults");
    } else {
      app.add_flag_function(
             "--" + name, [set](std::int64_t) { set(""); }, option.help)
          ->group("Faults");
    }
  }
}

// Throws CLI::ParseError.
Options parse_options(CLI::App& app, int argc, char** argv) {
  Options options;
  std::string listen = "127.0.0.1:8912";
  app.add_option("--listen", listen, "address to listen on; port 0 picks one")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option(
         "--dir", options.dir,
         "folder with task.json and stats.json, as version 4 has them, read again for each "
         "request; a file that is not a JSON object is sent as it is; the times in task.json stay "
         "[a built-in sample, whose task started five minutes before the mock]")
      ->type_name("DIR");
  app.add_flag(
      "--frozen", options.frozen,
      "send the same numbers, and files byte by byte, each time, and the sample with times "
      "in the past; otherwise each request for stats gets the next sample of a living "
      "task, within the limits of task.json");
  add_faults(app, options.faults);
  app.set_version_flag("--version", "ecs-metadata-mock " + std::string(version()) + " (" +
                                        std::string(revision()) + ")");
  app.parse(argc, argv);
  const auto address = parse_listen_address(listen);
  if (!address) throw CLI::ValidationError("--listen: " + address.error().message);
  options.listen = *address;
  return options;
}

int serve(const Options& options) {
  const Log log(LogLevel::kInfo, LogFormat::kJson);
  auto source = TaskSource::open(options.dir, options.frozen, log);
  if (!source) {
    log.error(source.error().message);
    return kSystemExit;
  }
  boost::asio::io_context io(1);
  Agent agent(std::move(*source), options.faults);
  // The agent, too, closes a connection that was idle for 5 s.
  HttpServer server(
      io.get_executor(), [&](const HttpRequest& request) { return agent.handle(request); },
      {.max_connections = 256, .idle_timeout = std::chrono::seconds(5)}, log);
  const auto address = server.listen(options.listen);
  if (!address) {
    log.error(address.error().message);
    return kSystemExit;
  }
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
  log.info("listening", {{"address", *address}});
  io.run();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app(kDescription, "ecs-metadata-mock");
  try {
    return serve(parse_options(app, argc, argv));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    std::fprintf(stderr, "ecs-metadata-mock: %s\n", e.what());
    return kUsageExit;
  }
}

}  // namespace
}  // namespace ecs_exporter::mock

int main(int argc, char** argv) { return ecs_exporter::mock::run(argc, argv); }
