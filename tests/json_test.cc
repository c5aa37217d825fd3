// JSON into plain values: structure. What types fit where stands in json_types_test.cc.
#include "json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;

struct Inner {
  std::optional<std::uint64_t> a;
  std::string b;
};

struct Keeper {
  std::optional<std::uint64_t> known;
  std::vector<std::pair<std::string, std::optional<std::uint64_t>>> others;
};

struct Outer {
  std::string text;
  std::optional<std::uint64_t> count;
  Inner inner;
  std::optional<Inner> maybe;
  std::vector<Inner> list;
  std::vector<std::pair<std::string, Inner>> map;
  Keeper keeper;
};

}  // namespace

template <>
struct Members<Inner> {
  static constexpr Member kList[] = {field<&Inner::a>("a"), field<&Inner::b>("b")};
};
template <>
struct Members<Keeper> {
  static constexpr Member kList[] = {field<&Keeper::known>("known")};
  static constexpr auto kRest = &Keeper::others;
};
template <>
struct Members<Outer> {
  static constexpr Member kList[] = {field<&Outer::text>("text"),    field<&Outer::count>("count"),
                                     field<&Outer::inner>("inner"),  field<&Outer::maybe>("maybe"),
                                     field<&Outer::list>("list"),    field<&Outer::map>("map"),
                                     field<&Outer::keeper>("keeper")};
};

namespace {

// What was read of a text that has no misfit.
Outer read(std::string_view text) {
  Outer outer;
  const Result<Misfits> misfits = read_json(text, place(outer));
  EXPECT_TRUE(misfits) << misfits.error().message;
  EXPECT_EQ(misfits.value_or(Misfits{}).first, "");
  return outer;
}

Misfits misfits_in(std::string_view text) {
  Outer outer;
  const Result<Misfits> misfits = read_json(text, place(outer));
  EXPECT_TRUE(misfits) << misfits.error().message;
  return misfits.value_or(Misfits{});
}

template <class Root = Outer>
Error error_in(std::string_view text) {
  Root root;
  const Result<Misfits> misfits = read_json(text, place(root));
  EXPECT_FALSE(misfits) << text;
  return misfits ? Error{} : misfits.error();
}

std::string nested(std::size_t depth) {
  return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

TEST(Json, MembersGoToTheirPlaces) {
  const Outer outer = read(R"({"text": "t", "count": 1, "inner": {"a": 2, "b": "x"}})");
  EXPECT_EQ(outer.text, "t");
  EXPECT_EQ(outer.count, 1U);
  EXPECT_EQ(outer.inner.a, 2U);
  EXPECT_EQ(outer.inner.b, "x");
}

TEST(Json, MembersMayComeInAnyOrder) {
  const Outer outer = read(R"({"inner": {"b": "x", "a": 2}, "count": 1, "text": "t"})");
  EXPECT_EQ(outer.count, 1U);
  EXPECT_EQ(outer.inner.a, 2U);
}

TEST(Json, UnknownMembersAreSkipped) {
  const Outer outer =
      read(R"({"Count": 9, "x": {"count": 9, "y": [{"count": 9}]}, "count": 1, "z": [1, "a"]})");
  EXPECT_EQ(outer.count, 1U);
}

TEST(Json, MissingMembersStayAbsent) {
  const Outer outer = read("{}");
  EXPECT_FALSE(outer.count || outer.inner.a || outer.maybe);
  EXPECT_TRUE(outer.text.empty() && outer.list.empty() && outer.map.empty());
}

TEST(Json, OptionalStructIsThereOnceAnObjectIs) {
  EXPECT_TRUE(read(R"({"maybe": {}})").maybe.has_value());
  EXPECT_EQ(read(R"({"maybe": {"a": 3}})").maybe->a, 3U);
}

TEST(Json, OptionalStructIsNotMadeOfAnythingElse) {
  for (const std::string_view value : {"null", "\"x\"", "1", "true", "[]", "{}, \"maybe\": null",
                                       "{\"a\": 3}, \"maybe\": \"x\""}) {
    Outer outer;
    EXPECT_TRUE(read_json("{\"maybe\": " + std::string(value) + "}", place(outer)));
    EXPECT_FALSE(outer.maybe.has_value()) << value;
  }
}

TEST(Json, ArrayKeepsItsOrder) {
  const Outer outer = read(R"({"list": [{"a": 1}, {"a": 2}, {}]})");
  ASSERT_EQ(outer.list.size(), 3U);
  EXPECT_EQ(outer.list[1].a, 2U);
  EXPECT_EQ(outer.list[2].a, std::nullopt);
}

TEST(Json, MapKeepsTheOrderOfTheText) {
  const Outer outer = read(R"({"map": {"z": {"a": 1}, "": {"a": 2}, "m": {"a": 3}}})");
  ASSERT_EQ(outer.map.size(), 3U);
  EXPECT_EQ(outer.map[0].first, "z");
  EXPECT_EQ(outer.map[1].first, "");
  EXPECT_EQ(outer.map[2].second.a, 3U);
}

TEST(Json, RestTakesWhatIsNotListed) {
  const Outer outer = read(R"({"keeper": {"x": 1, "known": 2, "y": 3}})");
  EXPECT_EQ(outer.keeper.known, 2U);
  EXPECT_THAT(outer.keeper.others, ElementsAre(Pair("x", 1U), Pair("y", 3U)));
}

TEST(Json, EscapesInTextAreDecoded) {
  EXPECT_EQ(read(R"({"text": "a\"\\\/\b\f\n\r\t\u0041\u20ac\ud83d\udca1z"})").text,
            "a\"\\/\b\f\n\r\tA€💡z");
  EXPECT_EQ(read(R"({"text": "a\u0000b"})").text, std::string_view("a\0b", 3));
}

TEST(Json, EscapesInKeysAreDecoded) {
  const Outer outer = read(R"({"c\u006funt": 5, "m\u0061p": {"a\nb": {}}, "t\u0065xt": "x"})");
  EXPECT_EQ(outer.count, 5U);
  EXPECT_EQ(outer.text, "x");
  EXPECT_EQ(outer.map.at(0).first, "a\nb");
}

TEST(Json, InvalidUtf8IsReplaced) {
  EXPECT_EQ(read("{\"text\": \"a\xFF\xC0z\"}").text, "a\uFFFD\uFFFDz");
}

TEST(Json, HalfAPairOfSurrogatesIsReplaced) {
  EXPECT_EQ(read(R"({"text": "a\ud83dz"})").text, "a\uFFFDz");
  EXPECT_EQ(read(R"({"text": "a\ud83d"})").text, "a\uFFFD");
  EXPECT_EQ(read(R"({"text": "\uDCA1\ud83d\udca1\ud83d\n"})").text, "\uFFFD\U0001F4A1\uFFFD\n");
  EXPECT_EQ(read(R"({"text": "\ud83d\u0041\ud83d\ud83d\udca1"})").text, "\uFFFDA\uFFFD\U0001F4A1");
  EXPECT_EQ(read(R"({"text": "\\ud83d\ud83d"})").text, "\\ud83d\uFFFD");
}

TEST(Json, HalfAPairOfSurrogatesWhereNobodyReadsLosesNothing) {
  const Outer outer =
      read(R"({"count": 1, "x": ["\ud800", {"\udfff\u0041": "\ud800\\"}], "text": "t",
                               "map": {"k\udc00": {"a": 1}}})");
  EXPECT_EQ(outer.count, 1U);
  EXPECT_EQ(outer.text, "t");
  EXPECT_EQ(outer.map.at(0).first, "k\uFFFD");
  EXPECT_EQ(outer.map.at(0).second.a, 1U);
  EXPECT_EQ(outer.map.size(), 1U);
}

TEST(Json, NumberBeyondAllWhereNobodyReadsLosesNothing) {
  for (const std::string_view number :
       {"1e99999999999", "-1.5E+99999999999", "1e-99999999999", "0e10000000000", "1e2147483648",
        "10000000000000000000000000000000e2147483640", "1e400"}) {
    const Outer outer =
        read(R"({"list": [{"a": 2}], "x": [)" + std::string(number) + R"(], "count": 1})");
    EXPECT_EQ(outer.count, 1U) << number;
    EXPECT_EQ(outer.list.size(), 1U) << number;
  }
}

TEST(Json, RepairOfOneNumberChangesNoOther) {
  const Outer outer = read(
      R"({"x": 1e99999999999, "count": 3e000000000000, "text": "4e99999999999 \"5e99999999999"})");
  EXPECT_EQ(outer.count, 3U);
  EXPECT_EQ(outer.text, "4e99999999999 \"5e99999999999");
}

TEST(Json, OfADuplicateKeyTheLastCounts) {
  EXPECT_EQ(read(R"({"count": 1, "count": 2})").count, 2U);
  EXPECT_EQ(read(R"({"text": "a", "count": 1, "text": "b"})").text, "b");
  EXPECT_EQ(read(R"({"list": [{}, {}], "list": [{}]})").list.size(), 1U);
  EXPECT_EQ(read(R"({"maybe": {"a": 1}, "maybe": {"b": "x"}})").maybe->a, std::nullopt);
}

TEST(Json, OfADuplicateStructNothingOfTheFirstCounts) {
  EXPECT_EQ(read(R"({"inner": {"a": 1}, "inner": {"b": "x"}})").inner.a, std::nullopt);
}

TEST(Json, NullIsAbsent) {
  EXPECT_EQ(read(R"({"count": null, "text": null, "inner": null})").count, std::nullopt);
  EXPECT_EQ(read(R"({"count": 1, "count": null})").count, std::nullopt);
  EXPECT_EQ(read(R"({"text": "a", "text": null})").text, "");
}

TEST(Json, NullIsAnEmptyListOrMap) {
  EXPECT_EQ(read(R"({"list": [{}], "list": null})").list.size(), 0U);
  EXPECT_EQ(read(R"({"map": {"a": {}}, "map": null})").map.size(), 0U);
}

TEST(Json, NullInAListIsAnElementWithoutAnything) {
  const Outer outer = read(R"({"list": [null, {"a": 1}]})");
  ASSERT_EQ(outer.list.size(), 2U);
  EXPECT_EQ(outer.list[0].a, std::nullopt);
}

TEST(Json, ArrayOfOneStandsForItsObject) {
  EXPECT_EQ(read(R"([{"count": 4}])").count, 4U);
  EXPECT_EQ(read(" [ { \"count\" : 4 } ] ").count, 4U);
}

TEST(Json, ArrayOfAnyOtherNumberIsAnError) {
  EXPECT_EQ(error_in("[]").message, "it is an array of 0, not an object");
  EXPECT_EQ(error_in("[{}, {}]").message, "it is an array of 2, not an object");
  EXPECT_EQ(error_in("[{}, 1, null]").message, "it is an array of 3, not an object");
  EXPECT_EQ(error_in("[{}, {}]").kind, ErrorKind::kShape);
}

TEST(Json, AnotherTypeThanTheRootIsAnError) {
  EXPECT_EQ(error_in("7").message, "it is 7, not an object");
  EXPECT_EQ(error_in("true").message, "it is true, not an object");
  EXPECT_EQ(error_in("null").message, "it is null, not an object");
  EXPECT_EQ(error_in(R"("busy")").message, R"(it is "busy", not an object)");
  EXPECT_EQ(error_in("[[{}]]").message, "it is an array, not an object");
  EXPECT_EQ(error_in("[null]").message, "it is null, not an object");
  EXPECT_EQ(error_in("7").kind, ErrorKind::kShape);
}

TEST(Json, AMapIsNoArrayOfOne) {
  using Map = std::vector<std::pair<std::string, Inner>>;
  EXPECT_EQ(error_in<Map>("[{}]").message, "it is an array, not an object");
  EXPECT_EQ(error_in<std::vector<Inner>>("{}").message, "it is an object, not an array");
}

TEST(Json, MisfitNamesItsPath) {
  EXPECT_EQ(misfits_in(R"({"count": "x"})").first,
            R"(count is "x", not a whole number from 0 to 2^64-1)");
  EXPECT_EQ(misfits_in(R"({"list": [{}, {"b": []}]})").first,
            "list[1].b is an array, not a string");
  EXPECT_EQ(misfits_in(R"({"map": {"k": {"a": {}}}})").first,
            "map.k.a is an object, not a whole number from 0 to 2^64-1");
  EXPECT_EQ(misfits_in(R"({"list": [3]})").first, "list[0] is 3, not an object");
  EXPECT_EQ(misfits_in(R"([{"inner": {"a": -1}}])").first,
            "inner.a is -1, not a whole number from 0 to 2^64-1");
}

TEST(Json, MisfitBelowAKeyWithEscapesNamesIt) {
  EXPECT_EQ(misfits_in(R"({"m\u0061p": {"\"a\"": {"long \"\" key \n": [{"b": 1}], "\u0062": {}}}})")
                .first,
            "map.\"a\".b is an object, not a string");
}

TEST(Json, MisfitsAreCountedAndTheFirstIsNamed) {
  const Misfits misfits = misfits_in(R"({"text": true, "count": [], "list": [1, {}, {"a": "x"}]})");
  EXPECT_EQ(misfits.count, 4U);
  EXPECT_EQ(misfits.first, "text is true, not a string");
}

TEST(Json, NothingBelowASkippedValueIsAMisfit) {
  const Misfits misfits = misfits_in(R"({"text": {"count": "x", "list": 7}, "x": {"text": 1}})");
  EXPECT_EQ(misfits.count, 1U);
}

TEST(Json, LongKeysAndTextsAreCutInMessages) {
  const std::string kilobyte(1024, 'k');
  const auto message = misfits_in(R"({"map": {")" + kilobyte + R"(": ")" + kilobyte + "\"}}").first;
  EXPECT_THAT(message, StartsWith("map.kkk"));
  EXPECT_LT(message.size(), 250U);
}

TEST(Json, DepthOfThirtyTwoIsRead) { read(nested(32)); }

TEST(Json, DepthOfThirtyThreeIsAnError) {
  EXPECT_EQ(error_in(nested(33)).kind, ErrorKind::kJson);
  EXPECT_EQ(error_in(std::string(100000, '[')).kind, ErrorKind::kJson);
}

TEST(Json, TextThatIsNotJsonIsAnError) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      R"({"a")",
                                      R"({"a":})",
                                      "{} {}",
                                      "{}x",
                                      "{'a': 1}",
                                      "{a: 1}",
                                      R"({"a": 01})",
                                      R"({"a": +1})",
                                      R"({"a": NaN})",
                                      R"({"a": Infinity})",
                                      R"({"a": 1,})",
                                      "[1,]",
                                      "{\"a\": \"\n\"}",
                                      R"({"a": "\ud8"})",
                                      R"({"a": \ud83d})",
                                      R"({"a": 1e})",
                                      R"({"a": 1e99999999999x})",
                                      R"({"a": "\x41"})",
                                      "// c\n{}",
                                      "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(error_in(text).kind, ErrorKind::kJson) << text;
  }
}

TEST(Json, ErrorNamesTheByteAndWhatStandsThere) {
  EXPECT_THAT(error_in(R"({"count": 1, oops})").message, StartsWith("not JSON at byte 13: "));
  EXPECT_THAT(error_in(R"({"count": 1, oops})").message, testing::EndsWith(R"( in "oops}")"));
  EXPECT_EQ(error_in("{}garbage").message, R"(not JSON at byte 2: more after the end: "garbage")");
}

}  // namespace
}  // namespace ecs_exporter
