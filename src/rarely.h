// When to log what others can make happen as often as they like.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace ecs_exporter {

/// Counts what happens; to be logged at first, and then once a minute.
class Rarely {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kPeriod = std::chrono::minutes(1);

  /// It has happened once more. How often since it was last logged, if it is to be logged now.
  std::optional<std::int64_t> happened(Clock::time_point now = Clock::now()) {
    ++times_;
    if (now < next_) return std::nullopt;
    next_ = now + kPeriod;
    return std::exchange(times_, 0);
  }

 private:
  std::int64_t times_ = 0;
  Clock::time_point next_ = Clock::time_point::min();
};

}  // namespace ecs_exporter
