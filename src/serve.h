// The `serve` and `scrape` commands: paths to functions, signals, files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "endpoint.h"
#include "error.h"
#include "log.h"
#include "metrics_config.h"
#include "options.h"
#include "web_config.h"

namespace ecs_exporter {

/// The largest reply to read, in bytes, where no option says: 4 MiB, or what fits into
/// `memory_limit` if that is less.
std::size_t default_max_body_bytes(std::optional<std::uint64_t> memory_limit);

/// Serves the metrics of the task behind `endpoint` until SIGTERM or SIGINT, then finishes what is
/// in flight, for a second at most. Errors: kSystem (cannot listen), kUsage (an
/// address or the web configuration is none).
Result<void> serve(const Options& options, const MetricsConfig& config, const Endpoint& endpoint,
                   const WebSource& web, const Log& log);

/// What the `scrape` command prints.
struct PrintedScrape {
  std::string text;
  bool up = false;
};

/// Makes one scrape of `endpoint`: What went wrong is logged.
Result<PrintedScrape> scrape_once(const Options& options, const MetricsConfig& config,
                                  const Endpoint& endpoint, const Log& log);

/// The same from the files that the options name, of which each may be a pipe, and is bounded as
/// the endpoint's replies are. Errors: kSystem (a file cannot be read).
Result<PrintedScrape> scrape_files(const Options& options, const MetricsConfig& config,
                                   const Log& log);

}  // namespace ecs_exporter
