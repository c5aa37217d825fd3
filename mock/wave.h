// A rate that goes up and down in time as a sine does, and what it adds up to.
#pragma once

#include <cmath>
#include <numbers>

namespace ecs_exporter::mock {

struct Wave {
  double mean = 0;
  double swing = 0;  // at most `mean`, so that the rate is never negative
  double period_s = 60;
  double phase = 0;

  /// The sum of the rate from 0 to `seconds`: never less for a later time.
  double total(double seconds) const {
    const double pace = 2 * std::numbers::pi / period_s;
    return mean * seconds + swing / pace * (std::cos(phase) - std::cos(pace * seconds + phase));
  }
};

}  // namespace ecs_exporter::mock
