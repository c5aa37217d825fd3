// Hysteresis.
#include "trouble.h"

namespace ecs_exporter {

Trouble::News Trouble::round(bool failed, Clock::time_point now) {
  if (is_said_) rounds_ = failed_rounds_ = 0;
  is_said_ = false;
  ++rounds_;
  failed_rounds_ += failed ? 1 : 0;
  if (failed) well_since_.reset();
  if (!failed && !well_since_) well_since_ = now;

  News news = News::kNone;
  if (!lasts_) {
    // Rounds that do not fail, and never did, are not counted.
    is_said_ = true;
    if (failed) news = News::kBegan;
  } else if (failed && now - said_ >= interval_) {
    news = News::kLasts;
  } else if (!failed && now - *well_since_ >= settled_after_) {
    news = News::kEnded;
  }
  if (news == News::kNone) return news;
  lasts_ = news != News::kEnded;
  is_said_ = true;
  said_ = now;
  return news;
}

}  // namespace ecs_exporter
