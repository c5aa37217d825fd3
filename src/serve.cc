// Paths to functions, signals.
#include "serve.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>

#include "file.h"
#include "http_server.h"
#include "metrics_config.h"
#include "negotiation.h"
#include "page.h"
#include "process.h"
#include "quote.h"
#include "sandbox.h"
#include "scrape.h"
#include "version.h"
#include "web_access.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

ScrapeOptions scrape_options(const Options& options) {
  return {
      .timeout = options.timeout,
      .min_interval = options.min_interval,
      .max_body_bytes = options.max_body_bytes.value_or(default_max_body_bytes(memory_limit()))};
}

// How long the scraper waits, less half a second for the way back. Absent if it does not say, or
// nothing sensible.
std::optional<std::chrono::nanoseconds> patience(const HttpRequest& request) {
  const std::string_view text = request.header("X-Prometheus-Scrape-Timeout-Seconds");
  double seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr double kMargin = 0.5;
  constexpr double kDay = 86400;
  if (ec != std::errc() || end != text.data() + text.size() || !(seconds > 0)) return std::nullopt;
  // A scraper in a hurry gets half of its time rather than none.
  const double margin = seconds > 2 * kMargin ? kMargin : seconds / 2;
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>((std::min(seconds, kDay) - margin) * 1e9));
}

asio::awaitable<HttpReply> metrics_page(Scraper& scraper, const MetricsConfig& config,
                                        const HttpRequest& request) {
  const auto filter = make_metrics_filter(config, query_values(request.query, "collect[]"),
                                          query_values(request.query, "exclude[]"),
                                          query_values(request.query, "name[]"));
  if (!filter) co_return make_reply(400, kPlainText, filter.error().message + "\n");
  const Negotiated wanted = negotiate(request.header("Accept"), request.header("Accept-Encoding"));
  const std::shared_ptr<const Answer> answer = co_await scraper.scrape(patience(request));
  std::string headers = "Vary: Accept, Accept-Encoding\r\n";
  if (wanted.gzip) headers += "Content-Encoding: gzip\r\n";
  co_return make_reply(200, wanted.content_type,
                       filter->empty() ? answer->body(wanted.format, wanted.gzip)
                                       : answer->body(wanted.format, wanted.gzip, *filter),
                       headers);
}

// Asks the endpoint, as a scrape would, so that it is true before the first of them.
asio::awaitable<HttpReply> ready_page(Scraper& scraper, const HttpRequest& request) {
  co_await scraper.scrape(patience(request));
  if (scraper.ready()) co_return make_reply(200, kPlainText, "ready\n");
  co_return make_reply(503, kPlainText, "not ready: the endpoint does not answer as it should\n");
}

// The paths.
asio::awaitable<HttpReply> route(Scraper& scraper, const MetricsConfig& config,
                                 const std::string& telemetry_path, const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    co_return make_reply(405, kPlainText, "only GET and HEAD\n", "Allow: GET, HEAD\r\n");
  }
  // What asks the endpoint. All else is answered at once, whatever the endpoint does.
  if (!request.may_wait && (request.path == telemetry_path || request.path == "/-/ready")) {
    co_return make_reply(503, kPlainText, "too many requests wait for the endpoint\n",
                         "Retry-After: 1\r\n");
  }
  if (request.path == telemetry_path) co_return co_await metrics_page(scraper, config, request);
  if (request.path == "/") {
    co_return make_reply(200, "text/html; charset=utf-8", page_html(telemetry_path),
                         page_headers());
  }
  if (request.path == "/-/healthy" || request.path == "/health") {
    co_return make_reply(200, kPlainText, "healthy\n");
  }
  if (request.path == "/-/ready") co_return co_await ready_page(scraper, request);
  co_return make_reply(404, kPlainText, "not found; the metrics are at " + telemetry_path + "\n");
}

// Runs what is still in flight for a little less than a second. What hangs then (a lookup of a
// name cannot be interrupted) is not waited for.
void finish(asio::io_context& io) {
  io.restart();
  io.run_for(std::chrono::milliseconds(800));
  if (!io.stopped()) std::quick_exit(0);
}

// Returns when it is time to stop: at a signal and after the delay, or at a second signal.
asio::awaitable<void> wait_for_stop(asio::signal_set& signals, std::chrono::nanoseconds delay,
                                    const Log& log) {
  const auto [error, signal] = co_await signals.async_wait(kAwait);
  log.info("stopping",
           {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"},
            {"delay_ms", static_cast<std::int64_t>(delay / std::chrono::milliseconds(1))}});
  if (delay.count() == 0) co_return;
  using asio::experimental::awaitable_operators::operator||;
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  co_await (timer.async_wait(kAwait) || signals.async_wait(kAwait));
}

// As the options say, as far as the process may open so many files.
HttpLimits http_limits(const Options& options, const Log& log) {
  constexpr std::uint64_t kOtherFiles = 32;  // to listen, to ask the endpoint, to read
  HttpLimits limits{.max_connections = options.max_connections};
  const std::uint64_t max_fds = process_usage().max_fds.value_or(UINT64_MAX);
  // Eight parts of nine, as one is the reserve.
  const std::uint64_t most = (max_fds - std::min(max_fds, kOtherFiles)) / 9 * 8;
  if (limits.max_connections <= most) return limits;
  limits.max_connections = std::max<std::uint64_t>(1, most);
  log.warn("--web.max-connections is more than the limit of open files allows",
           {{"max_open_files", static_cast<std::int64_t>(max_fds)},
            {"max_connections", static_cast<std::int64_t>(limits.max_connections)}});
  return limits;
}

PrintedScrape printed(const Answer& answer) {
  return {.text = *answer.body(ExpositionFormat::kText, false), .up = answer.up()};
}

}  // namespace

std::size_t default_max_body_bytes(std::optional<std::uint64_t> memory_limit) {
  constexpr std::uint64_t kMost = 4UZ * 1024 * 1024;
  // Of two such replies at once, and what is made of them, the rest is enough: 6 MiB read 256 KiB.
  constexpr std::uint64_t kShare = 24;
  return std::min(kMost, memory_limit.value_or(kMost * kShare) / kShare);
}

Result<void> serve(const Options& options, const MetricsConfig& config, const Endpoint& endpoint,
                   const WebSource& web, const Log& log) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : options.listen_addresses) {
    auto address = parse_listen_address(text);
    if (!address) {
      return std::unexpected(
          Error{address.error().kind, "--web.listen-address: " + address.error().message});
    }
    addresses.push_back(std::move(*address));
  }
  if (addresses.empty()) addresses.push_back({.host = "", .port = options.port});

  // A log that nobody reads any more is no reason to end.
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);  // one thread: no locks
  ReplyCounts replies;
  const ScrapeOptions of_scrapes = scrape_options(options);
  Scraper scraper(io.get_executor(), endpoint, of_scrapes, config, replies, log);
  const auto access = WebAccess::open(io.get_executor(), web, log);
  if (!access) return std::unexpected(access.error());
  const HttpHandler handler = [&](const HttpRequest& request) {
    return route(scraper, config, options.telemetry_path, request);
  };
  HttpServer server(
      io.get_executor(),
      [&](const HttpRequest& request) { return (*access)->answer(request, handler); },
      http_limits(options, log), log, &replies, [&] { return (*access)->tls(); });
  // Before anyone can see that it listens: as process 1 of a container there is no default action,
  // and a signal that came too soon would be lost.
  asio::signal_set signals(io, SIGTERM, SIGINT);
  asio::co_spawn(io, wait_for_stop(signals, options.shutdown_delay, log),
                 [&](const std::exception_ptr&) {
                   server.stop();
                   io.stop();
                 });
  log.info("starting", {{"version", version()},
                        {"revision", revision()},
                        {"endpoint", endpoint.task_url()},
                        {"found_in", endpoint.found_in},
                        {"max_body_bytes", static_cast<std::int64_t>(of_scrapes.max_body_bytes)}});
  for (const ListenAddress& address : addresses) {
    const auto listening = server.listen(address);
    if (!listening) return std::unexpected(listening.error());
    log.info("listening", {{"address", *listening},
                           {"path", options.telemetry_path},
                           {"scheme", (*access)->tls() ? "https" : "http"}});
  }

  if (options.sandbox) {
    const auto entered = enter_sandbox();
    if (!entered) log.warn("serving without a sandbox", {{"error", entered.error().message}});
  }
  forget_startup();
  keep_memory();
  io.run();
  scraper.forget_connections();
  finish(io);
  return {};
}

Result<PrintedScrape> scrape_once(const Options& options, const MetricsConfig& config,
                                  const Endpoint& endpoint, const Log& log) {
  asio::io_context io(1);
  const ReplyCounts replies;
  Scraper scraper(io.get_executor(), endpoint, scrape_options(options), config, replies, log);
  std::shared_ptr<const Answer> answer;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        answer = co_await scraper.scrape(std::nullopt);
        io.stop();
      },
      [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  io.run();
  return printed(*answer);
}

Result<PrintedScrape> scrape_files(const Options& options, const MetricsConfig& config,
                                   const Log& log) {
  const std::size_t most = scrape_options(options).max_body_bytes;
  const auto read = [&](const std::string& path, std::string_view option) {
    auto text = read_stream(path, most);
    if (!text) {
      text.error().message.insert(0, std::string(option) + ": cannot read " + excerpt(path) + ": ");
    }
    return text;
  };
  const Replies replies{.task = read(options.task_file, "--task"),
                        .stats = read(options.stats_file, "--stats")};
  if (!replies.task) return std::unexpected(replies.task.error());
  if (!replies.stats) return std::unexpected(replies.stats.error());
  auto [answer, faults] = answer_from(replies, config);
  for (const auto& [in, error, loses_reply] : faults) {
    log.warn("the replies have a fault",
             {{"reason", reason(error.kind)}, {"error", error.message}});
  }
  return printed(answer);
}

}  // namespace ecs_exporter
