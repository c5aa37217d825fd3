// Log lines.
#include "log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "captured_log.h"
#include "timestamp.h"

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Fields = std::vector<std::pair<std::string, std::string>>;

// A line without its time.
std::string json_line(std::string_view message, std::initializer_list<LogField> fields = {},
                      Fields additional = {}) {
  const CapturedLog log(LogLevel::kInfo, LogFormat::kJson, std::move(additional));
  log.log().info(message, fields);
  const std::string text = log.text();
  return "{" + text.substr(text.find("\"level\""));
}

std::string logfmt_line(std::string_view message, std::initializer_list<LogField> fields = {},
                        Fields additional = {}) {
  const CapturedLog log(LogLevel::kInfo, LogFormat::kLogfmt, std::move(additional));
  log.log().info(message, fields);
  return log.lines().at(0);
}

TEST(Log, JsonLineIsAnObject) {
  EXPECT_EQ(json_line("listening", {{"address", "[::]:80"}, {"port", std::int64_t{80}}}),
            "{\"level\":\"info\",\"msg\":\"listening\",\"address\":\"[::]:80\",\"port\":80}\n");
}

TEST(Log, LogfmtLineIsPairs) {
  EXPECT_EQ(logfmt_line("listening", {{"address", "[::]:80"}, {"port", std::int64_t{80}}}),
            "level=info msg=listening address=[::]:80 port=80");
}

TEST(Log, TimeComesFirstAndIsInUtcWithMilliseconds) {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kLogfmt}) {
    const CapturedLog log(LogLevel::kInfo, format);
    log.log().info("x");
    const std::string_view front = format == LogFormat::kJson ? "{\"time\":\"" : "time=";
    const std::string text = log.text();
    ASSERT_TRUE(text.starts_with(front)) << text;
    const std::string time = text.substr(front.size(), 24);
    EXPECT_TRUE(parse_timestamp(time)) << time;
    EXPECT_EQ(time[19], '.');
    EXPECT_EQ(time.back(), 'Z');
  }
}

TEST(Log, EachLevelHasItsName) {
  const CapturedLog log(LogLevel::kDebug);
  log.log().debug("a");
  log.log().info("a");
  log.log().warn("a");
  log.log().error("a");
  EXPECT_THAT(log.lines(), ElementsAre("level=debug msg=a", "level=info msg=a", "level=warn msg=a",
                                       "level=error msg=a"));
}

TEST(Log, LessSevereLinesAreNotWritten) {
  const CapturedLog warn(LogLevel::kWarn);
  warn.log().debug("a");
  warn.log().info("b");
  warn.log().warn("c");
  EXPECT_THAT(warn.lines(), ElementsAre("level=warn msg=c"));
  const CapturedLog error(LogLevel::kError);
  error.log().warn("a");
  EXPECT_THAT(error.lines(), IsEmpty());
}

TEST(Log, AdditionalFieldsComeLastOnEveryLine) {
  EXPECT_EQ(json_line("x", {{"a", "1"}}, {{"team", "shop"}, {"env", "prod"}}),
            "{\"level\":\"info\",\"msg\":\"x\",\"a\":\"1\",\"team\":\"shop\",\"env\":\"prod\"}\n");
  EXPECT_EQ(logfmt_line("x", {}, {{"team", "shop"}}), "level=info msg=x team=shop");
}

TEST(Log, AdditionalFieldsCannotReplaceItsOwn) {
  EXPECT_EQ(logfmt_line("x", {}, {{"time", "1"}, {"level", "2"}, {"msg", "3"}, {"ok", "4"}}),
            "level=info msg=x ok=4");
}

TEST(Log, JsonEscapesKeysAndValues) {
  EXPECT_EQ(json_line("a\nb", {{"k\"", "v\\\xFF"}}),
            "{\"level\":\"info\",\"msg\":\"a\\nb\",\"k\\\"\":\"v\\\\\uFFFD\"}\n");
}

TEST(Log, LogfmtQuotesWhatIsNoPlainWord) {
  EXPECT_EQ(logfmt_line("two words", {{"a", ""}, {"b", "x=y"}, {"c", "q\"q"}, {"d", "é"}}),
            R"(level=info msg="two words" a="" b="x=y" c="q\"q" d="é")");
  EXPECT_EQ(logfmt_line("x", {{"a", "line\nbreak"}, {"b", "back\\slash"}}),
            R"(level=info msg=x a="line\nbreak" b="back\\slash")");
}

TEST(Log, LogfmtKeysHaveNoSpaceOrSign) {
  EXPECT_EQ(logfmt_line("x", {}, {{"a b=c\"d", "1"}, {"é\n", "2"}}),
            "level=info msg=x a_b_c_d=1 ___=2");
}

TEST(Log, NumbersMayBeNegative) {
  EXPECT_EQ(logfmt_line("x", {{"n", std::int64_t{-5}}}), "level=info msg=x n=-5");
}

TEST(Log, EachLineIsOneLine) {
  const CapturedLog log(LogLevel::kInfo, LogFormat::kJson, {{"k", "a\nb"}});
  log.log().info("one\ntwo");
  log.log().info("three");
  EXPECT_EQ(log.lines().size(), 2U);
}

TEST(Log, ClosedFileIsNoTrouble) {
  const Log log(LogLevel::kInfo, LogFormat::kJson, {}, -1);
  log.info("nobody hears this");
}

}  // namespace
}  // namespace ecs_exporter
