// The way of the data in one place: fetch, parse, collect, render; and one round shared by all
// that wait for it.
#pragma once

#include <array>
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
#include "exposition.h"
#include "family.h"
#include "fetch.h"
#include "log.h"
#include "metrics_config.h"
#include "model.h"
#include "parse.h"
#include "self.h"
#include "task_counters.h"
#include "trouble.h"

namespace ecs_exporter {

/// The two bodies of one round, or why there is none.
struct Replies {
  Result<std::string> task;
  Result<std::string> stats;
};

/// Turns the replies of one round after the other into snapshots. What it remembers from round to
/// round is bounded: the peak memory usage of each container of the task, the counters of the task,
/// who it is, and the last round.
class Interpreter {
 public:
  struct Fault {
    enum class In { kTask, kStats } in = In::kTask;
    Error error;
    bool loses_reply = false;  // nothing of that reply could be used
  };
  struct Interpreted {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<Fault> faults;  // what went wrong; empty if and only if `snapshot->up`
  };
  /// `config` says which containers are printed, and so judged; it must outlive this.
  explicit Interpreter(const MetricsConfig& config) : config_(config) {}

  /// Where both replies are those of the last round and are not huge, so is the snapshot. Where
  /// only that to /task is, its task is taken out of the last snapshot if nobody else has that, and
  /// not read again.
  Interpreted interpret(Replies replies);

  /// True if `interpret` would give what it gave last.
  bool is_last(const Replies& replies) const;

  /// What can be said when a round is not over in time: up 0, and who the task is if that is known.
  Snapshot nothing_yet() const { return {.task = identity_}; }

 private:
  // A round of two replies that could be read.
  struct Round {
    std::string task_body;
    std::string stats_body;
    std::string task_problem;
    std::shared_ptr<Snapshot> snapshot;
    std::vector<Fault> faults;
  };

  Result<TaskReply> task_of(const Result<std::string>& body, std::optional<Round>& last) const;
  void remember_peaks(Task& task);

  const MetricsConfig& config_;
  std::map<std::string, std::uint64_t, std::less<>> peaks_;  // by DockerId
  TaskCounters counters_;
  Task identity_;  // of the task last seen
  std::optional<Round> last_;
};

struct ScrapeOptions {
  std::chrono::nanoseconds timeout;
  std::chrono::nanoseconds min_interval;
  std::size_t max_body_bytes;
  // Between two log lines about trouble that lasts.
  std::chrono::nanoseconds report_interval = std::chrono::minutes(1);
  // How long no round may fail before it is over.
  std::chrono::nanoseconds settled_after = std::chrono::seconds(10);
};

/// What one round found. It is rendered as it is asked for, each way once, however many scrapes
/// share it.
class Answer {
 public:
  using Body = std::shared_ptr<const std::string>;

  /// `self` is absent for recorded replies. `config` must outlive the answer.
  Answer(std::shared_ptr<const Snapshot> snapshot, std::optional<SelfUse> self,
         const MetricsConfig& config);
  /// One that says the same as `before` of the task, and so shares with it what that comes to.
  Answer(const Answer& before, SelfUse self);

  bool up() const { return snapshot_->up; }
  Body body(ExpositionFormat format, bool gzipped) const;
  /// Not kept, as each may be another.
  Body body(ExpositionFormat format, bool gzipped, const MetricsFilter& filter) const;

 private:
  // An exposition up to what is said of the exporter itself, for each way to write one. Null as
  // long as no other answer would share it.
  using Begun = std::array<std::optional<Exposition>, 4>;

  Body finished(Exposition out, const MetricsFilter& filter) const;

  std::shared_ptr<const Snapshot> snapshot_;
  mutable std::optional<SelfUse> self_;  // `process` is filled in when it is asked for
  const MetricsConfig& config_;
  std::shared_ptr<Begun> begun_;
  mutable std::array<Body, 4> bodies_;
};

/// Makes rounds of two requests (one, where there are no stats), never two rounds at once, and
/// never so often that the endpoint sees more than two requests per `min_interval` on average: a
/// scrape during a round waits for it, and one soon after it gets the same. A round goes on as long
/// as the most patient of those that wait for it, and half a second at least; one that was too
/// short for the endpoint is not shared with who has more time.
class Scraper {
 public:
  /// `replies` counts what this exporter has answered; it and `config` must outlive the scraper.
  Scraper(boost::asio::any_io_executor executor, Endpoint endpoint, ScrapeOptions options,
          const MetricsConfig& config, const std::map<unsigned, std::uint64_t>& replies,
          const Log& log);

  /// The answer to one scrape, at the latest when `options.timeout` or the scraper's own
  /// `patience`, if that is shorter, has passed: never null, with up 0 if nothing was found.
  /// May be called while other calls wait.
  boost::asio::awaitable<std::shared_ptr<const Answer>> scrape(
      std::optional<std::chrono::nanoseconds> patience);

  /// Closes the connections that are kept for the next round: they are waited on, and would keep
  /// the executor's work from ending.
  void forget_connections();

  /// True once a round has met no error, until three in a row have.
  bool ready() const { return ever_up_ && failed_rounds_ < 3; }

 private:
  using Clock = std::chrono::steady_clock;

  // A scrape that waits for a round to end.
  class Waiting {
   public:
    Waiting(Scraper& scraper, std::chrono::nanoseconds time);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    bool is_over() const;

    boost::asio::steady_timer timer;  // is cancelled at the end of the round
    std::chrono::nanoseconds patience;

   private:
    std::vector<Waiting*>& all_;
  };

  boost::asio::awaitable<Fetched> ask(const std::string& path, KeptConnection& connection);
  boost::asio::awaitable<void> ask_both(Fetched& task, Fetched& stats);
  boost::asio::awaitable<void> round();
  void start_round(Clock::time_point now);
  void put_off_deadline();
  SelfUse self_now();
  std::shared_ptr<const Answer> nothing_yet();
  void report(const std::vector<Interpreter::Fault>& faults);

  boost::asio::any_io_executor executor_;
  Endpoint endpoint_;
  ScrapeOptions options_;
  const MetricsConfig& config_;
  const std::map<unsigned, std::uint64_t>& replies_;
  const Log& log_;
  SelfUse self_;

  KeptConnection task_connection_;
  KeptConnection stats_connection_;
  Interpreter interpreter_;
  std::shared_ptr<const Answer> answer_;  // of the last round; null before the first
  unsigned failed_rounds_ = 0;            // in a row, up to now
  bool ever_up_ = false;
  Clock::time_point fresh_until_ = Clock::time_point::min();
  // How long the last round was, if that was too little for the endpoint, and less than the
  // timeout.
  std::optional<std::chrono::nanoseconds> cut_short_;

  // Of the round that runs, or ran last.
  bool running_ = false;
  Clock::time_point round_begin_;
  std::chrono::nanoseconds round_patience_{};
  std::shared_ptr<Clock::time_point> deadline_;  // its fetches look at it too
  std::vector<Waiting*> waiting_;

  Trouble trouble_;
};

/// One answer from recorded replies, and what was wrong with them.
struct RecordedAnswer {
  Answer answer;
  std::vector<Interpreter::Fault> faults;
};
RecordedAnswer answer_from(const Replies& replies, const MetricsConfig& config);

}  // namespace ecs_exporter
