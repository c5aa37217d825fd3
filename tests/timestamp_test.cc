// Times as the endpoint writes them.
#include "timestamp.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string_view>

namespace ecs_exporter {

void PrintTo(const Timestamp& time, std::ostream* out) {
  *out << time.seconds << "s " << time.nanoseconds << "ns";
}

namespace {

constexpr std::int64_t kMarch = 1772359200;  // 2026-03-01T10:00:00Z

std::optional<Timestamp> at(std::int64_t seconds, std::int32_t nanoseconds = 0) {
  return Timestamp{.seconds = seconds, .nanoseconds = nanoseconds};
}

void expect_absent(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) EXPECT_FALSE(parse_timestamp(text)) << text;
}

TEST(Timestamp, CountsSecondsFromNineteenSeventy) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), at(0));
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00Z"), at(kMarch));
  EXPECT_EQ(parse_timestamp("1969-12-31T23:59:59Z"), at(-1));
}

TEST(Timestamp, KeepsNanoseconds) {
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00.123456789Z"), at(kMarch, 123456789));
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00.000000001Z"), at(kMarch, 1));
}

TEST(Timestamp, FractionMayHaveAnyNumberOfDigits) {
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00.5Z"), at(kMarch, 500000000));
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00.05Z"), at(kMarch, 50000000));
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00.999999999999999999Z"), at(kMarch, 999999999));
}

TEST(Timestamp, AppliesTheOffset) {
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00:00+02:00"), at(kMarch));
  EXPECT_EQ(parse_timestamp("2026-03-01T04:30:00.25-05:30"), at(kMarch, 250000000));
  EXPECT_EQ(parse_timestamp("2026-03-01T10:00:00-00:00"), at(kMarch));
  EXPECT_EQ(parse_timestamp("2026-03-02T09:59:00+23:59"), at(kMarch));
}

TEST(Timestamp, LettersMayBeSmall) {
  EXPECT_EQ(parse_timestamp("2026-03-01t10:00:00z"), at(kMarch));
}

TEST(Timestamp, KnowsLeapYears) {
  EXPECT_EQ(parse_timestamp("2024-02-29T00:00:00Z"), at(1709164800));
  EXPECT_EQ(parse_timestamp("2000-02-29T00:00:00Z"), at(951782400));
  expect_absent({"2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z"});
}

TEST(Timestamp, TakesALeapSecond) {
  EXPECT_EQ(parse_timestamp("2016-12-31T23:59:60Z"), at(1483228800));
}

TEST(Timestamp, HoldsTheFirstAndLastYears) {
  EXPECT_EQ(parse_timestamp("0001-01-01T00:00:00Z"), at(-62135596800));
  EXPECT_EQ(parse_timestamp("0000-01-01T00:00:00Z"), at(-62167219200));
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59.999999999Z"), at(253402300799, 999999999));
}

TEST(Timestamp, NumbersOutOfRangeAreAbsent) {
  expect_absent({"2026-00-01T10:00:00Z", "2026-13-01T10:00:00Z", "2026-01-00T10:00:00Z",
                 "2026-04-31T10:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T10:60:00Z",
                 "2026-03-01T10:00:61Z"});
}

TEST(Timestamp, OffsetOutOfRangeIsAbsent) {
  expect_absent({"2026-03-01T10:00:00+24:00", "2026-03-01T10:00:00-00:60"});
}

TEST(Timestamp, IncompleteTextIsAbsent) {
  expect_absent({"", "2026", "2026-03-01", "2026-03-01T10:00", "2026-03-01T10:00:00",
                 "2026-03-01T10:00:00.", "2026-03-01T10:00:00.Z", "2026-03-01T10:00:00+",
                 "2026-03-01T10:00:00+02", "2026-03-01T10:00:00+0200"});
}

TEST(Timestamp, OtherTextIsAbsent) {
  expect_absent({"yesterday", "1772359200", "2026-03-01T10:00:00Z ", " 2026-03-01T10:00:00Z",
                 "2026/03/01T10:00:00Z", "-026-03-01T10:00:00Z", "2026-3-01T10:00:00Z",
                 "12026-03-01T10:00:00Z", "2026-03-01T10:00:00ZZ", "2026-03-01T10:00:00,5Z"});
}

TEST(Timestamp, OnlyTheFirstYearIsNever) {
  EXPECT_TRUE(is_never(*parse_timestamp("0001-01-01T00:00:00Z")));
  EXPECT_TRUE(is_never(*parse_timestamp("0001-12-31T23:59:59Z")));
  EXPECT_FALSE(is_never(*parse_timestamp("0002-01-01T00:00:00Z")));
  EXPECT_FALSE(is_never(Timestamp{}));
}

TEST(Timestamp, UnixSecondsHaveTheFraction) {
  EXPECT_EQ(unix_seconds(*at(kMarch, 500000000)), 1772359200.5);
  EXPECT_EQ(unix_seconds(*at(-1, 250000000)), -0.75);
}

TEST(Timestamp, SecondsBetweenAreSigned) {
  const Timestamp earlier{.seconds = 10, .nanoseconds = 750000000};
  const Timestamp later{.seconds = 12, .nanoseconds = 250000000};
  EXPECT_EQ(seconds_between(earlier, later), 1.5);
  EXPECT_EQ(seconds_between(later, earlier), -1.5);
}

TEST(Timestamp, ComparesBySecondsThenNanoseconds) {
  EXPECT_LT(*at(1, 999999999), *at(2, 0));
  EXPECT_LT(*at(1, 1), *at(1, 2));
}

}  // namespace
}  // namespace ecs_exporter
