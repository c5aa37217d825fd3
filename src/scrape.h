// The way of the data in one place: fetch, parse, collect, render; and one round shared by all
// that wait for it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint.h"
#include "error.h"
#include "log.h"
#include "model.h"

namespace ecs_exporter {

/// The two bodies of one round, or why there is none.
struct Replies {
  Result<std::string> task;
  Result<std::string> stats;
};

/// Turns the replies of one round after the other into snapshots. What it remembers from round to
/// round is small and bounded: the peak memory usage of each container of the task, and who the
/// task is.
class Interpreter {
 public:
  struct Interpreted {
    Snapshot snapshot;
    /// What went wrong, one sentence each. Empty if and only if `snapshot.up`.
    std::vector<Error> errors;
  };
  Interpreted interpret(const Replies& replies);

  /// What can be said when a round is not over in time: up 0, and who the task is if that is known.
  Snapshot nothing_yet() const { return {.task = identity_}; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> peaks_;  // by DockerId
  Task identity_;                                            // of the task last seen
};

struct ScrapeOptions {
  std::chrono::nanoseconds timeout;
  std::chrono::nanoseconds min_interval;
  std::size_t max_body_bytes;
};

/// The answer to a scrape.
struct Answer {
  std::string text;
  bool up = false;
};

/// Makes rounds, never two at once, and never so often that the endpoint sees more than two
/// requests per `min_interval` on average: a scrape during a round waits for it, and one soon after
/// it gets the same.
class Scraper {
 public:
  Scraper(boost::asio::any_io_executor executor, Endpoint endpoint, ScrapeOptions options,
          const Log& log);

  /// The answer to one scrape, at the latest when `options.timeout` or the scraper's own
  /// `patience`, if that is shorter, has passed: never null, with up 0 if nothing was found.
  /// May be called while other calls wait.
  boost::asio::awaitable<std::shared_ptr<const Answer>> scrape(
      std::optional<std::chrono::nanoseconds> patience);

 private:
  using Clock = std::chrono::steady_clock;

  boost::asio::awaitable<void> round(Clock::time_point deadline);
  void start_round(Clock::time_point deadline);
  void report(const std::vector<Error>& errors);

  boost::asio::any_io_executor executor_;
  Endpoint endpoint_;
  ScrapeOptions options_;
  const Log& log_;

  Interpreter interpreter_;
  std::shared_ptr<const Answer> answer_;  // of the last round; null before the first
  Clock::time_point fresh_until_ = Clock::time_point::min();
  bool running_ = false;
  std::vector<boost::asio::steady_timer*> waiting_;  // for the round to end

  bool failing_ = false;
  Clock::time_point last_report_ = Clock::time_point::min();
};

/// One answer from recorded replies, and what was wrong with them.
struct RecordedAnswer {
  Answer answer;
  std::vector<Error> errors;
};
RecordedAnswer answer_from(const Replies& replies);

}  // namespace ecs_exporter
