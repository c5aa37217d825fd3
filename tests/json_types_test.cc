// JSON into plain values: which types and numbers fit where.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json.h"

namespace ecs_exporter {
namespace {

struct Empty {};

struct Targets {
  std::string text;
  std::optional<std::uint64_t> count;
  std::optional<std::int64_t> whole;
  std::optional<double> real;
  std::optional<bool> truth;
  std::optional<Timestamp> time;
  Empty object;
  std::vector<std::pair<std::string, std::string>> map;
  std::vector<std::string> list;
  std::string after;
};

}  // namespace

template <>
struct Members<Empty> {
  static constexpr Member kList[] = {{"unused", [](void*) { return Place(); }}};
};
template <>
struct Members<Targets> {
  static constexpr Member kList[] = {
      field<&Targets::text>("text"),     field<&Targets::count>("count"),
      field<&Targets::whole>("whole"),   field<&Targets::real>("real"),
      field<&Targets::truth>("truth"),   field<&Targets::time>("time"),
      field<&Targets::object>("object"), field<&Targets::map>("map"),
      field<&Targets::list>("list"),     field<&Targets::after>("after")};
};

namespace {

struct ReadTargets : Targets {
  std::string misfit;
};

ReadTargets read(std::string_view key, std::string_view literal) {
  ReadTargets targets;
  const std::string text =
      "{\"" + std::string(key) + "\": " + std::string(literal) + R"(, "after": "untouched"})";
  const Result<Misfits> misfits = read_json(text, place(static_cast<Targets&>(targets)));
  EXPECT_TRUE(misfits) << misfits.error().message;
  if (misfits) targets.misfit = misfits->first;
  return targets;
}

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

// A value of each JSON type, and how a message shows it.
struct Literal {
  std::string_view text;
  std::string_view shown;
};
constexpr Literal kWord = {R"("word")", R"("word")"};
constexpr Literal kTime = {R"("2026-03-01T10:00:00Z")", R"("2026-03-01T10:00:00Z")"};
constexpr Literal kSeven = {"7", "7"};
constexpr Literal kMinusSeven = {"-7", "-7"};
constexpr Literal kHalves = {"7.5", "7.5"};
constexpr Literal kTrue = {"true", "true"};
constexpr Literal kObject = {"{}", "an object"};
constexpr Literal kArray = {"[]", "an array"};

struct Target {
  std::string_view key;
  std::string_view wanted;
  std::vector<Literal> fitting;
  std::vector<Literal> others;
};

const std::vector<Target>& target_table() {
  static const std::vector<Target> table = {
      {"text", "a string", {kWord, kTime, kSeven, kMinusSeven, kHalves}, {kTrue, kObject, kArray}},
      {"count",
       "a whole number from 0 to 2^64-1",
       {kSeven},
       {kWord, kTime, kMinusSeven, kHalves, kTrue, kObject, kArray}},
      {"whole",
       "a whole number",
       {kSeven, kMinusSeven},
       {kWord, kTime, kHalves, kTrue, kObject, kArray}},
      {"real", "a number", {kSeven, kMinusSeven, kHalves}, {kWord, kTime, kTrue, kObject, kArray}},
      {"truth",
       "true or false",
       {kTrue},
       {kWord, kTime, kSeven, kMinusSeven, kHalves, kObject, kArray}},
      {"time", "a time", {kTime}, {kWord, kSeven, kMinusSeven, kHalves, kTrue, kObject, kArray}},
      {"object",
       "an object",
       {kObject},
       {kWord, kTime, kSeven, kMinusSeven, kHalves, kTrue, kArray}},
      {"map", "an object", {kObject}, {kWord, kTime, kSeven, kMinusSeven, kHalves, kTrue, kArray}},
      {"list", "an array", {kArray}, {kWord, kTime, kSeven, kMinusSeven, kHalves, kTrue, kObject}},
  };
  return table;
}

TEST(JsonTypes, EachTargetTakesItsOwnTypes) {
  for (const Target& target : target_table()) {
    for (const Literal& literal : target.fitting) {
      EXPECT_EQ(read(target.key, literal.text).misfit, "") << target.key << " " << literal.text;
    }
  }
}

TEST(JsonTypes, EveryOtherTypeIsAMisfitAndHarmsNothingElse) {
  for (const Target& target : target_table()) {
    for (const Literal& literal : target.others) {
      const ReadTargets targets = read(target.key, literal.text);
      EXPECT_EQ(targets.misfit, std::string(target.key) + " is " + std::string(literal.shown) +
                                    ", not " + std::string(target.wanted));
      EXPECT_EQ(targets.after, "untouched") << target.key << " " << literal.text;
    }
  }
}

TEST(JsonTypes, NullFitsEverywhere) {
  for (const Target& target : target_table()) EXPECT_EQ(read(target.key, "null").misfit, "");
}

TEST(JsonTypes, AMisfitLeavesAScalarAbsent) {
  EXPECT_EQ(read("text", "true").text, "");
  EXPECT_EQ(read("count", "true").count, std::nullopt);
  EXPECT_EQ(read("whole", "\"7\"").whole, std::nullopt);
  EXPECT_EQ(read("real", "\"7\"").real, std::nullopt);
  EXPECT_EQ(read("truth", "1").truth, std::nullopt);
  EXPECT_EQ(read("time", "\"word\"").time, std::nullopt);
}

TEST(JsonTypes, AMisfitIsAbsentEvenAfterAnEarlierValue) {
  EXPECT_EQ(read("count", R"(7, "count": "x")").count, std::nullopt);
  EXPECT_EQ(read("truth", R"(true, "truth": 0)").truth, std::nullopt);
}

TEST(JsonTypes, AMisfitOfRangeIsAbsentEvenAfterAnEarlierValue) {
  EXPECT_EQ(read("count", R"(7, "count": -1)").count, std::nullopt);
  EXPECT_EQ(read("time", R"("1970-01-01T00:00:01Z", "time": "x")").time, std::nullopt);
}

TEST(JsonTypes, CountHoldsAllSixtyFourBits) {
  EXPECT_EQ(read("count", "18446744073709551615").count, kMost);
  EXPECT_EQ(read("count", "9223372036854775808").count, 1ULL << 63U);
  EXPECT_EQ(read("count", "9007199254740993").count, 9007199254740993U);
  EXPECT_EQ(read("count", "0").count, 0U);
  EXPECT_EQ(read("count", "-0").count, 0U);
}

TEST(JsonTypes, CountOutOfRangeIsAMisfit) {
  for (const std::string_view literal :
       {"18446744073709551616", "-1", "1e309", "-1e309", "1e20", "0.5", "1e-3"}) {
    const ReadTargets targets = read("count", literal);
    EXPECT_EQ(targets.count, std::nullopt) << literal;
    EXPECT_EQ(targets.misfit,
              "count is " + std::string(literal) + ", not a whole number from 0 to 2^64-1");
  }
}

TEST(JsonTypes, CountTakesAWholeNumberWrittenAsAReal) {
  EXPECT_EQ(read("count", "7.0").count, 7U);
  EXPECT_EQ(read("count", "7e2").count, 700U);
  EXPECT_EQ(read("count", "1.5e1").count, 15U);
}

TEST(JsonTypes, WholeHoldsAllSixtyFourBits) {
  EXPECT_EQ(read("whole", "-9223372036854775808").whole, kLeast);
  EXPECT_EQ(read("whole", "9223372036854775807").whole, -(kLeast + 1));
  EXPECT_EQ(read("whole", "-7.0").whole, -7);
}

TEST(JsonTypes, WholeOutOfRangeIsAMisfit) {
  for (const std::string_view literal :
       {"9223372036854775808", "-9223372036854777856", "18446744073709551615", "1e309", "0.5"}) {
    EXPECT_EQ(read("whole", literal).whole, std::nullopt) << literal;
    EXPECT_NE(read("whole", literal).misfit, "") << literal;
  }
}

TEST(JsonTypes, RealTakesAnyFiniteNumber) {
  EXPECT_EQ(read("real", "0.25").real, 0.25);
  EXPECT_EQ(read("real", "-2").real, -2.0);
  EXPECT_EQ(read("real", "18446744073709551615").real, 18446744073709551615.0);
  EXPECT_EQ(read("real", "1e300").real, 1e300);
}

TEST(JsonTypes, RealIsTheNearestDouble) {
  EXPECT_EQ(read("real", "0.28241499999999998").real, 0.28241499999999998);
  EXPECT_EQ(read("real", "7199.39404296875").real, 7199.39404296875);
  EXPECT_EQ(read("real", "0.30000000000000004").real, 0.30000000000000004);
  EXPECT_EQ(read("real", "-8.41e21").real, -8.41e21);
  EXPECT_EQ(read("real", "5e-324").real, 5e-324);
  EXPECT_EQ(read("real", "1.7976931348623157e308").real, 1.7976931348623157e308);
  EXPECT_EQ(read("real", "123456789012345678901234567890").real, 123456789012345678901234567890.0);
}

TEST(JsonTypes, RealBelowAllIsZero) {
  EXPECT_EQ(read("real", "1e-400").real, 0.0);
  EXPECT_EQ(read("real", "1e-99999999999").real, 0.0);
}

TEST(JsonTypes, ExponentBeyondAllIsAMisfitOfItsFieldAlone) {
  for (const std::string_view key : {"real", "count", "whole", "time"}) {
    EXPECT_NE(read(key, "1e99999999999").misfit, "") << key;
    EXPECT_EQ(read(key, "1e99999999999").after, "untouched") << key;
  }
}

TEST(JsonTypes, InfiniteRealIsAMisfit) {
  EXPECT_EQ(read("real", "1e309").real, std::nullopt);
  EXPECT_EQ(read("real", "1e309").misfit, "real is 1e309, not a number");
}

TEST(JsonTypes, TextTakesANumberAsItWouldBeWritten) {
  EXPECT_EQ(read("text", "7").text, "7");
  EXPECT_EQ(read("text", "-7").text, "-7");
  EXPECT_EQ(read("text", "7.0").text, "7");
  EXPECT_EQ(read("text", "7.50").text, "7.50");
  EXPECT_EQ(read("text", "18446744073709551615").text, "18446744073709551615");
  EXPECT_EQ(read("text", "1e309").text, "1e309");
}

TEST(JsonTypes, EmptyTimeIsAbsentAndNoMisfit) {
  EXPECT_EQ(read("time", "\"\"").time, std::nullopt);
  EXPECT_EQ(read("time", "\"\"").misfit, "");
}

TEST(JsonTypes, TimeKeepsNanoseconds) {
  EXPECT_EQ(read("time", R"("1970-01-01T00:00:01.000000002Z")").time,
            (Timestamp{.seconds = 1, .nanoseconds = 2}));
}

TEST(JsonTypes, FalseIsAValue) { EXPECT_EQ(read("truth", "false").truth, false); }

}  // namespace
}  // namespace ecs_exporter
