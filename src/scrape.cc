// Rounds: what one is, and who shares it.
#include "scrape.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <tuple>
#include <utility>

#include "metrics.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMostKept = 512UZ * 1024;  // of the replies of the last round
constexpr std::size_t kLongestName = 255;        // in a message; the longest that ECS takes

// Who the task is: what labels can be made of, without anything that changes.
Task identity_of(const Task& task) {
  return {.cluster = task.cluster,
          .arn = task.arn,
          .family = task.family,
          .revision = task.revision,
          .availability_zone = task.availability_zone,
          .launch_type = task.launch_type,
          .service_name = task.service_name};
}

// What the labels of the task would take when printed: each sample has those of its task and its
// container anew, so that one long text would cost its length times the number of samples.
std::size_t printed_label_bytes(const Task& task) {
  constexpr std::size_t kOfEach = 64;  // about as many families as the task, or a container, has
  constexpr std::size_t kOfInterface = 8;
  const std::size_t task_label = task.cluster.size() + task.arn.size() + task.family.size() +
                                 task.revision.size() + task.availability_zone.size() +
                                 task.service_name.size() + task.launch_type.size();
  std::size_t bytes = kOfEach * task_label;
  for (const Container& container : task.containers) {
    std::size_t samples = kOfEach;
    std::size_t label = task_label + container.name.size();
    for (const auto& [key, value] : container.labels) label += value.size();
    if (const auto& stats = container.stats) {
      samples += stats->cpu.usage.per_core_ns.size() + stats->memory.detail.others.size() +
                 4 * stats->block_io.service_bytes.size() + kOfInterface * stats->networks.size();
      for (const auto& [name, counters] : stats->networks) bytes += kOfInterface * name.size();
    }
    bytes += samples * label;
  }
  return bytes;
}

// Real labels stay far below this; what the endpoint says must not cost many times its size.
Result<void> check_labels(const Task& task, const Replies& replies) {
  constexpr std::size_t kFree = 16UZ * 1024 * 1024;
  constexpr std::size_t kMaxGrowth = 4;
  const std::size_t room =
      kFree + kMaxGrowth * (replies.task->size() + (replies.stats ? replies.stats->size() : 0));
  const std::size_t bytes = printed_label_bytes(task);
  if (bytes <= room) return {};
  return std::unexpected(Error{ErrorKind::kTooLarge,
                               "the reply to /task: its labels, on each sample anew, would take " +
                                   std::to_string(bytes) + " bytes, over " + std::to_string(room)});
}

template <class Reply>
Result<Reply> parsed(const Result<std::string>& body, Result<Reply> (*parse)(std::string_view),
                     std::string_view what) {
  if (!body) return std::unexpected(body.error());
  auto reply = parse(*body);
  if (!reply) reply.error().message.insert(0, std::string(what) + ": ");
  return reply;
}

using Fault = Interpreter::Fault;

void count(EndpointUse& use, Fault::In which, const Fetched& fetched,
           const std::vector<Fault>& faults) {
  use.request_seconds = fetched.seconds;
  use.requests += fetched.requests;
  use.up = true;
  for (const Fault& fault : faults) {
    if (fault.in != which) continue;
    ++use.errors[fault.error.kind];
    // A container without stats is a fault of the reply and not of the endpoint.
    use.up = use.up && !fault.loses_reply;
  }
}

}  // namespace

bool Interpreter::is_last(const Replies& replies) const {
  return last_ && replies.task && replies.stats && *replies.task == last_->task_body &&
         *replies.stats == last_->stats_body;
}

Interpreter::Interpreted Interpreter::interpret(Replies replies) {
  if (is_last(replies)) return {last_->snapshot, last_->faults};

  Interpreted out;
  const auto incomplete = [&](Fault::In in, std::string message) {
    out.faults.push_back({in, {ErrorKind::kShape, std::move(message)}, /*loses_reply=*/false});
  };

  auto last = std::exchange(last_, std::nullopt);
  auto stats = parsed(replies.stats, parse_stats, "the reply to /task/stats");
  if (!stats) out.faults.push_back({Fault::In::kStats, stats.error(), true});
  auto task = task_of(replies.task, last);
  if (!task) {
    // Samples cannot be named without it.
    out.faults.insert(out.faults.begin(), {Fault::In::kTask, task.error(), true});
    out.snapshot = std::make_shared<const Snapshot>(nothing_yet());
    return out;
  }

  if (!task->problem.empty()) {
    incomplete(Fault::In::kTask, "the reply to /task: " + task->problem);
  }
  if (stats && !stats->problem.empty()) {
    incomplete(Fault::In::kStats, "the reply to /task/stats: " + stats->problem);
  }
  join(task->task, stats ? std::move(stats->samples) : Named<ContainerStats>());
  if (const auto fine = check_labels(task->task, replies); !fine) {
    out.faults.insert(out.faults.begin(), {Fault::In::kTask, fine.error(), true});
    out.snapshot = std::make_shared<const Snapshot>(nothing_yet());
    return out;
  }
  remember_peaks(task->task);
  counters_.follow(task->task);
  for (const Container& container : task->task.containers) {
    if (stats && config_.stats && container.known_status == "RUNNING" && !container.stats &&
        is_printed(config_, container)) {
      incomplete(Fault::In::kStats, "container " + container.name.substr(0, kLongestName) +
                                        " is RUNNING and has no stats");
    }
  }
  identity_ = identity_of(task->task);

  const auto snapshot = std::make_shared<Snapshot>(
      Snapshot{.task = std::move(task->task), .task_is_current = true, .up = out.faults.empty()});
  out.snapshot = snapshot;
  if (stats && replies.task->size() + replies.stats->size() <= kMostKept) {
    last_ = Round{.task_body = std::move(*replies.task),
                  .stats_body = std::move(*replies.stats),
                  .task_problem = std::move(task->problem),
                  .snapshot = snapshot,
                  .faults = out.faults};
  }
  return out;
}

Result<TaskReply> Interpreter::task_of(const Result<std::string>& body,
                                       std::optional<Round>& last) const {
  const bool taken = body && last && last->task_body == *body && last->snapshot.use_count() == 1;
  if (!taken) return parsed(body, parse_task, "the reply to /task");
  TaskReply reply{.task = std::move(last->snapshot->task),
                  .problem = std::move(last->task_problem)};
  for (Container& container : reply.task.containers) {
    container.stats.reset();
    container.peak_usage_bytes.reset();
  }
  return reply;
}

void Interpreter::remember_peaks(Task& task) {
  std::map<std::string, std::uint64_t, std::less<>> peaks;
  for (Container& container : task.containers) {
    if (const auto known = peaks_.find(container.docker_id); known != peaks_.end()) {
      container.peak_usage_bytes = known->second;
    }
    if (container.stats && container.stats->memory.usage_bytes) {
      container.peak_usage_bytes =
          std::max(container.peak_usage_bytes.value_or(0), *container.stats->memory.usage_bytes);
    }
    if (container.peak_usage_bytes && !container.docker_id.empty()) {
      peaks.emplace(container.docker_id, *container.peak_usage_bytes);
    }
  }
  peaks_ = std::move(peaks);
}

Scraper::Scraper(asio::any_io_executor executor, Endpoint endpoint, ScrapeOptions options,
                 const MetricsConfig& config, const std::map<unsigned, std::uint64_t>& replies,
                 const Log& log)
    : executor_(std::move(executor)),
      endpoint_(std::move(endpoint)),
      options_(options),
      config_(config),
      replies_(replies),
      log_(log),
      interpreter_(config),
      trouble_(options.report_interval, options.settled_after) {
  self_.asks_for_stats = config.stats;
}

Scraper::Waiting::Waiting(Scraper& scraper, std::chrono::nanoseconds time)
    : timer(scraper.executor_), patience(time), all_(scraper.waiting_) {
  all_.push_back(this);
}

Scraper::Waiting::~Waiting() { std::erase(all_, this); }

bool Scraper::Waiting::is_over() const { return std::ranges::find(all_, this) == all_.end(); }

asio::awaitable<std::shared_ptr<const Answer>> Scraper::scrape(
    std::optional<std::chrono::nanoseconds> given) {
  auto now = Clock::now();
  const auto patience = std::min(options_.timeout, given.value_or(options_.timeout));
  const auto deadline = now + patience;
  const bool fresh = !running_ && now < fresh_until_;
  if (fresh && (!cut_short_ || deadline - fresh_until_ <= *cut_short_)) co_return answer_;

  Waiting self(*this, patience);
  if (fresh) {  // the endpoint has its rest all the same
    self.timer.expires_at(fresh_until_);
    co_await self.timer.async_wait(kAwait);
    if (self.is_over()) co_return answer_;  // another scrape's, in between
    now = Clock::now();
  }
  running_ ? put_off_deadline() : start_round(now);
  self.timer.expires_at(deadline);
  co_await self.timer.async_wait(kAwait);
  // The round may go on for others. If it ends now, what it has found is worth a moment more, and
  // another one on a host so busy that this process slept through both times.
  constexpr auto kMoment = std::chrono::milliseconds(100);
  for (const auto more : {kMoment, kMoment / 2}) {
    if (self.is_over() || *deadline_ > deadline + kMoment) break;
    self.timer.expires_after(more);
    co_await self.timer.async_wait(kAwait);
  }
  co_return self.is_over() ? answer_ : nothing_yet();
}

// As long as the most patient scrape waits. One that has hardly any time leaves before that.
void Scraper::put_off_deadline() {
  constexpr std::chrono::nanoseconds kShortest = std::chrono::milliseconds(500);
  round_patience_ = std::max(round_patience_, std::min(kShortest, options_.timeout));
  for (const Waiting* one : waiting_) round_patience_ = std::max(round_patience_, one->patience);
  *deadline_ = round_begin_ + round_patience_;
}

void Scraper::start_round(Clock::time_point now) {
  round_begin_ = now;
  round_patience_ = {};
  deadline_ = std::make_shared<Clock::time_point>(now);
  put_off_deadline();
  running_ = true;
  asio::co_spawn(executor_, round(), [this](const std::exception_ptr& thrown) {
    running_ = false;
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      log_.error("a round was given up", {{"error", e.what()}});
      answer_ = nothing_yet();
    }
    for (Waiting* one : std::exchange(waiting_, {})) one->timer.cancel();
  });
}

asio::awaitable<Fetched> Scraper::ask(const std::string& path, KeptConnection& connection) {
  return fetch({.host = endpoint_.host,
                .port = endpoint_.port,
                .path = path,
                .deadline = deadline_,
                .max_body_bytes = options_.max_body_bytes},
               &connection);
}

// Where there are no stats, `stats` stays as it is.
asio::awaitable<void> Scraper::ask_both(Fetched& task, Fetched& stats) {
  using asio::experimental::awaitable_operators::operator&&;
  if (config_.stats) {
    std::tie(task, stats) = co_await (ask(endpoint_.task_path, task_connection_) &&
                                      ask(endpoint_.stats_path, stats_connection_));
  } else {
    task = co_await ask(endpoint_.task_path, task_connection_);
  }
}

asio::awaitable<void> Scraper::round() {
  const auto begin = Clock::now();
  Fetched task;
  Fetched stats{.body = "{}"};
  co_await ask_both(task, stats);

  const unsigned requests = task.requests + stats.requests;
  Replies replies{.task = std::move(task.body), .stats = std::move(stats.body)};
  const bool news = !answer_ || !interpreter_.is_last(replies);
  if (news) answer_.reset();  // so that the interpreter can have its snapshot back
  const auto [snapshot, faults] = interpreter_.interpret(std::move(replies));
  count(self_.task, Fault::In::kTask, task, faults);
  if (config_.stats) count(self_.stats, Fault::In::kStats, stats, faults);
  self_.round_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const bool timed_out = std::ranges::any_of(
      faults, [](const Fault& fault) { return fault.error.kind == ErrorKind::kTimeout; });
  cut_short_.reset();
  if (timed_out && round_patience_ < options_.timeout) cut_short_ = round_patience_;
  if (!cut_short_) failed_rounds_ = snapshot->up ? 0 : failed_rounds_ + 1;
  ever_up_ = ever_up_ || snapshot->up;
  answer_ = news ? std::make_shared<const Answer>(snapshot, self_now(), config_)
                 : std::make_shared<const Answer>(*answer_, self_now());
  // Each request buys half an interval of rest for the endpoint, those of a retry too.
  fresh_until_ = Clock::now() + options_.min_interval * std::max(requests, 2U) / 2;
  report(faults);
}

void Scraper::forget_connections() {
  task_connection_ = {};
  stats_connection_ = {};
}

SelfUse Scraper::self_now() {
  self_.replies = replies_;
  return self_;
}

std::shared_ptr<const Answer> Scraper::nothing_yet() {
  return std::make_shared<const Answer>(
      std::make_shared<const Snapshot>(interpreter_.nothing_yet()), self_now(), config_);
}

void Scraper::report(const std::vector<Fault>& faults) {
  const Trouble::News news = trouble_.round(!faults.empty(), Clock::now());
  if (!faults.empty()) {
    const Error& first = faults.front().error;
    log_.debug("a round failed", {{"reason", reason(first.kind)}, {"error", first.message}});
  }
  const LogField rounds{"rounds", trouble_.rounds()};
  const LogField failed{"failed_rounds", trouble_.failed_rounds()};
  if (news == Trouble::News::kEnded) log_.info("the endpoint is well again", {rounds, failed});
  if (news != Trouble::News::kBegan && news != Trouble::News::kLasts) return;
  const Error& first = faults.front().error;
  const bool began = news == Trouble::News::kBegan;
  log_.warn(began ? "the endpoint began to fail" : "the endpoint is still failing",
            {{"reason", reason(first.kind)},
             {"error", first.message},
             {"errors", static_cast<std::int64_t>(faults.size())},
             rounds,
             failed});
}

Answer::Answer(std::shared_ptr<const Snapshot> snapshot, std::optional<SelfUse> self,
               const MetricsConfig& config)
    : snapshot_(std::move(snapshot)), self_(std::move(self)), config_(config) {}

Answer::Answer(const Answer& before, SelfUse self)
    : snapshot_(before.snapshot_),
      self_(std::move(self)),
      config_(before.config_),
      begun_(before.begun_ ? before.begun_ : std::make_shared<Begun>()) {}

Answer::Body Answer::body(ExpositionFormat format, bool gzipped) const {
  const std::size_t way =
      (format == ExpositionFormat::kOpenMetrics ? 2U : 0U) + (gzipped ? 1U : 0U);
  Body& kept = bodies_[way];
  if (kept) return kept;
  if (!begun_) return kept = body(format, gzipped, {});
  std::optional<Exposition>& begun = (*begun_)[way];
  if (!begun) {
    begun.emplace(format, gzipped);
    begun->add(collect(*snapshot_, config_));
  }
  return kept = finished(*begun, {});
}

Answer::Body Answer::body(ExpositionFormat format, bool gzipped,
                          const MetricsFilter& filter) const {
  Exposition out(format, gzipped);
  out.add(collect(*snapshot_, config_, filter));
  return finished(std::move(out), filter);
}

// `out` with what is said of the exporter itself.
Answer::Body Answer::finished(Exposition out, const MetricsFilter& filter) const {
  const Groups groups = filter.groups.value_or(config_.groups);
  if (self_ && (groups & bit(kSelf)) != 0) {
    if (!self_->process) self_->process = process_usage();
    out.add(collect_self(*self_, snapshot_->task, config_, filter));
  }
  return std::make_shared<const std::string>(out.finish());
}

RecordedAnswer answer_from(const Replies& replies, const MetricsConfig& config) {
  const auto [snapshot, faults] = Interpreter(config).interpret(replies);
  return {.answer = Answer(snapshot, std::nullopt, config), .faults = faults};
}

}  // namespace ecs_exporter
