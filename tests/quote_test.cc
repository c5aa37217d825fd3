// UTF-8 repair and quoting.
#include "quote.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ecs_exporter {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Utf8Length, OfNothingIsZero) { EXPECT_EQ(utf8_length(""), 0U); }

TEST(Utf8Length, CountsTheBytesOfTheFirstSequence) {
  EXPECT_EQ(utf8_length("az"), 1U);
  EXPECT_EQ(utf8_length(std::string_view("\0", 1)), 1U);
  EXPECT_EQ(utf8_length("\x7F"), 1U);
  EXPECT_EQ(utf8_length("\xC2\x80z"), 2U);
  EXPECT_EQ(utf8_length("\xDF\xBF"), 2U);
  EXPECT_EQ(utf8_length("\xE0\xA0\x80z"), 3U);
  EXPECT_EQ(utf8_length("\xED\x9F\xBF"), 3U);
  EXPECT_EQ(utf8_length("\xEE\x80\x80"), 3U);
  EXPECT_EQ(utf8_length("\xEF\xBF\xBF"), 3U);
  EXPECT_EQ(utf8_length("\xF0\x90\x80\x80z"), 4U);
  EXPECT_EQ(utf8_length("\xF4\x8F\xBF\xBF"), 4U);
}

TEST(Utf8Length, OfAStrayContinuationByteIsZero) {
  EXPECT_EQ(utf8_length("\x80"), 0U);
  EXPECT_EQ(utf8_length("\xBF z"), 0U);
}

TEST(Utf8Length, OfAnOverlongFormIsZero) {
  EXPECT_EQ(utf8_length("\xC0\x80"), 0U);
  EXPECT_EQ(utf8_length("\xC1\xBF"), 0U);
  EXPECT_EQ(utf8_length("\xE0\x9F\xBF"), 0U);
  EXPECT_EQ(utf8_length("\xF0\x8F\xBF\xBF"), 0U);
}

TEST(Utf8Length, OfASurrogateIsZero) {
  EXPECT_EQ(utf8_length("\xED\xA0\x80"), 0U);
  EXPECT_EQ(utf8_length("\xED\xBF\xBF"), 0U);
}

TEST(Utf8Length, OfACodePointPastTheLastIsZero) {
  EXPECT_EQ(utf8_length("\xF4\x90\x80\x80"), 0U);
  EXPECT_EQ(utf8_length("\xF5\x80\x80\x80"), 0U);
  EXPECT_EQ(utf8_length("\xFF"), 0U);
}

TEST(Utf8Length, OfATruncatedSequenceIsZero) {
  EXPECT_EQ(utf8_length("\xC2"), 0U);
  EXPECT_EQ(utf8_length("\xE2\x82"), 0U);
  EXPECT_EQ(utf8_length("\xF0\x9F\x92"), 0U);
  EXPECT_EQ(utf8_length("\xE2(\xA1"), 0U);
}

TEST(Quoted, PlainTextStandsInQuotes) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("web-1"), R"("web-1")");
  EXPECT_EQ(quoted("Größe €"), "\"Größe €\"");
}

TEST(Quoted, QuotesAndBackslashesAreEscaped) { EXPECT_EQ(quoted(R"(a"b\c)"), R"("a\"b\\c")"); }

TEST(Quoted, ControlCharactersAreEscaped) {
  EXPECT_EQ(quoted("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\0\x01\x1F\x7F", 4)), R"("\u0000\u0001\u001f\u007f")");
}

// By their UTF-8, as some would turn this file's own lines.
TEST(Quoted, CharactersThatEndALineOrTurnItAreEscaped) {
  EXPECT_EQ(quoted("\xC2\x80\xC2\x85\xC2\x9B\xC2\x9F"), R"("\u0080\u0085\u009b\u009f")");
  EXPECT_EQ(quoted("\xD8\x9C\xE2\x80\x8E\xE2\x80\x8F"), R"("\u061c\u200e\u200f")");
  EXPECT_EQ(quoted("\xE2\x80\xA8\xE2\x80\xA9"), R"("\u2028\u2029")");
  EXPECT_EQ(quoted("\xE2\x80\xAA\xE2\x80\xAE"), R"("\u202a\u202e")");
  EXPECT_EQ(quoted("\xE2\x81\xA6\xE2\x81\xA9"), R"("\u2066\u2069")");
  EXPECT_EQ(quoted("\xEF\xBB\xBF"), R"("\ufeff")");
  // Their neighbours stand as they are.
  for (const std::string_view text :
       {"\xC2\xA0", "\xD8\x9B", "\xE2\x80\x8D", "\xE2\x80\x90", "\xE2\x80\xA7", "\xE2\x80\xAF",
        "\xE2\x81\xA5", "\xE2\x81\xAA", "\xEF\xBC\x80", "\xF0\x9F\x92\xA1"}) {
    EXPECT_EQ(quoted(text), '"' + std::string(text) + '"');
  }
}

TEST(Quoted, EachBadByteBecomesAReplacementCharacter) {
  EXPECT_EQ(quoted("a\xFFz"), "\"a\uFFFDz\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\uFFFD\uFFFD\"");
}

TEST(Quoted, IsAppended) {
  std::string out = "x=";
  append_quoted(out, "y");
  EXPECT_EQ(out, R"(x="y")");
}

TEST(Excerpt, EightyBytesStandAsTheyAre) {
  EXPECT_EQ(excerpt(times(80, "x")), "\"" + times(80, "x") + "\"");
}

TEST(Excerpt, LongerTextIsCut) {
  EXPECT_EQ(excerpt(times(81, "x")), "\"" + times(80, "x") + "\"...");
}

TEST(Excerpt, DoesNotCutThroughACharacter) {
  EXPECT_EQ(excerpt("ab" + times(40, "€")), "\"ab" + times(26, "€") + "\"...");
  EXPECT_EQ(excerpt("a" + times(40, "💡")), "\"a" + times(19, "💡") + "\"...");
}

TEST(Excerpt, OfOnlyContinuationBytesIsBounded) {
  EXPECT_LE(excerpt(times(5000, "\x80")).size(), 80 * kReplacementCharacter.size() + 5);
}

TEST(OneLine, LeavesAllButControlCharactersAndBrokenUtf8) {
  EXPECT_EQ(one_line("a \"b\" \\ \xC3\xA9"), "a \"b\" \\ \xC3\xA9");
  EXPECT_EQ(one_line("a\nb\x01\xFF"), "a\\nb\\u0001\xEF\xBF\xBD");
  EXPECT_EQ(one_line("a\xE2\x80\xAE\"b"), "a\\u202e\"b");
}

}  // namespace
}  // namespace ecs_exporter
