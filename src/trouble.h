// Which of many failures and recoveries are worth a line in the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace ecs_exporter {

/// Follows rounds that fail or do not. Where they flap that is one trouble, with a line when it
/// begins, one in each interval while it lasts, and one when no round has failed for a while.
class Trouble {
 public:
  using Clock = std::chrono::steady_clock;
  enum class News { kNone, kBegan, kLasts, kEnded };

  /// Trouble ends with a round that does not fail, `settled_after` the first of such in a row.
  Trouble(Clock::duration interval, Clock::duration settled_after)
      : interval_(interval), settled_after_(settled_after) {}

  /// What is to be said of the round that ends now.
  News round(bool failed, Clock::time_point now);

  /// How many rounds there were since a line was due before the last one, and how many failed.
  std::int64_t rounds() const { return rounds_; }
  std::int64_t failed_rounds() const { return failed_rounds_; }

 private:
  Clock::duration interval_;
  Clock::duration settled_after_;
  bool lasts_ = false;
  bool is_said_ = true;  // what was counted so far
  std::int64_t rounds_ = 0;
  std::int64_t failed_rounds_ = 0;
  Clock::time_point said_;
  std::optional<Clock::time_point> well_since_;
};

}  // namespace ecs_exporter
