// Which failures and recoveries are worth a line.
#include "trouble.h"

#include <gtest/gtest.h>

namespace ecs_exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using News = Trouble::News;

class TroubleTest : public testing::Test {
 protected:
  // A round that ends `after` the last one.
  News round(bool failed, Trouble::Clock::duration after) {
    now_ += after;
    return trouble.round(failed, now_);
  }

  Trouble trouble{minutes(1), seconds(10)};

 private:
  Trouble::Clock::time_point now_;
};

TEST_F(TroubleTest, NothingIsSaidWhereNoRoundFails) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(round(false, seconds(15)), News::kNone);
}

TEST_F(TroubleTest, TheFirstFailureIsSaidAtOnce) {
  EXPECT_EQ(round(false, seconds(0)), News::kNone);
  EXPECT_EQ(round(true, milliseconds(1)), News::kBegan);
  EXPECT_EQ(trouble.rounds(), 1);
  EXPECT_EQ(trouble.failed_rounds(), 1);
}

TEST_F(TroubleTest, EndsWhenNoRoundHasFailedForAWhile) {
  round(true, seconds(0));
  EXPECT_EQ(round(true, seconds(1)), News::kNone);
  EXPECT_EQ(round(false, seconds(100)), News::kNone);  // may be the next of many that flap
  EXPECT_EQ(round(false, milliseconds(9999)), News::kNone);
  EXPECT_EQ(round(false, milliseconds(1)), News::kEnded);
  EXPECT_EQ(trouble.rounds(), 4);
  EXPECT_EQ(trouble.failed_rounds(), 1);
  EXPECT_EQ(round(false, seconds(100)), News::kNone);
  EXPECT_EQ(round(true, milliseconds(1)), News::kBegan);
}

TEST_F(TroubleTest, AFailureInBetweenBeginsTheWhileAnew) {
  round(true, seconds(0));
  round(false, seconds(1));
  EXPECT_EQ(round(true, seconds(9)), News::kNone);
  EXPECT_EQ(round(false, seconds(1)), News::kNone);
  EXPECT_EQ(round(false, seconds(9)), News::kNone);
  EXPECT_EQ(round(false, seconds(1)), News::kEnded);
}

TEST_F(TroubleTest, WhileItLastsItIsSaidOnceInAnIntervalWithItsCounts) {
  EXPECT_EQ(round(true, seconds(0)), News::kBegan);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(round(true, seconds(15)), News::kNone);
  EXPECT_EQ(round(true, seconds(15)), News::kLasts);
  EXPECT_EQ(trouble.rounds(), 4);
  EXPECT_EQ(trouble.failed_rounds(), 4);
}

TEST_F(TroubleTest, FlappingIsOneTroubleOfFewLines) {
  int lines = 0;
  for (int i = 0; i < 10 * 60 * 4; ++i) {  // ten minutes, four rounds a second
    const News news = round(i % 2 == 0, milliseconds(250));
    EXPECT_NE(news, News::kEnded);
    if (news == News::kNone) continue;
    ++lines;
    EXPECT_EQ(news, lines == 1 ? News::kBegan : News::kLasts);
    if (news == News::kLasts) {
      EXPECT_EQ(trouble.rounds(), 240);
      EXPECT_EQ(trouble.failed_rounds(), 120);
    }
  }
  EXPECT_EQ(lines, 10);
}

}  // namespace
}  // namespace ecs_exporter
