#include "rarely.h"

#include <gtest/gtest.h>

namespace ecs_exporter {
namespace {

using std::chrono::seconds;

TEST(Rarely, IsAtFirstAndThenOnceAMinuteWithTheCountSinceThen) {
  Rarely events;
  const auto start = Rarely::Clock::now();
  EXPECT_EQ(events.happened(start), 1);
  EXPECT_EQ(events.happened(start), std::nullopt);
  EXPECT_EQ(events.happened(start + seconds(59)), std::nullopt);
  EXPECT_EQ(events.happened(start + seconds(60)), 3);
  EXPECT_EQ(events.happened(start + seconds(119)), std::nullopt);
  EXPECT_EQ(events.happened(start + seconds(300)), 2);
}

}  // namespace
}  // namespace ecs_exporter
