// Log lines.
#include "log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
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

TEST(Log, CharactersThatTurnALineAreEscapedEverywhere) {
  const std::string turn = "a\xE2\x80\xAE";  // U+202E
  EXPECT_EQ(json_line(turn, {{turn, turn}}, {{turn, turn}}),
            R"({"level":"info","msg":"a\u202e","a\u202e":"a\u202e","a\u202e":"a\u202e"})"
            "\n");
  EXPECT_EQ(logfmt_line(turn, {{turn, turn}}, {{turn, turn}}),
            R"(level=info msg="a\u202e" a___="a\u202e" a___="a\u202e")");
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

// What can be read from `descriptor` now.
std::string read_all(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  std::string out;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t size = read(descriptor, part.data(), part.size());
    if (size <= 0) return out;
    out.append(part.data(), static_cast<std::size_t>(size));
  }
}

// Both ends of what a log may be written to.
struct Ends {
  int reader = -1;
  int writer = -1;
};

Ends pipe_ends() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  fcntl(ends[1], F_SETPIPE_SZ, 4096);
  return {ends[0], ends[1]};
}

Ends terminal_ends() {
  const int reader = posix_openpt(O_RDWR | O_NOCTTY);
  EXPECT_EQ(grantpt(reader), 0);
  EXPECT_EQ(unlockpt(reader), 0);
  return {reader, open(ptsname(reader), O_RDWR | O_NOCTTY)};
}

Ends socket_ends(int type) {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, type, 0, ends.data()), 0);
  return {ends[0], ends[1]};
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// The number that the line with it says.
std::size_t dropped_in(const std::string& text) {
  const std::size_t at = text.find(" dropped_lines=");
  EXPECT_NE(at, std::string::npos) << text.substr(0, 200);
  return at == std::string::npos ? 0 : std::stoul(text.substr(at + 15));
}

// Logs more than anybody reads, then reads: each line is whole, and those that are not there are
// counted by the first that could pass again. A write that blocked would hang the test.
void expect_dropped_and_counted(Ends ends) {
  constexpr std::size_t kLines = 20'000;
  const int flags = fcntl(ends.writer, F_GETFL);
  {
    const Log log(LogLevel::kInfo, LogFormat::kLogfmt, {}, ends.writer);
    for (std::size_t i = 0; i < kLines; ++i) log.info("nobody reads this", {{"end", "1"}});
    const std::string first = read_all(ends.reader);
    const std::size_t before = lines_of(first);
    EXPECT_GT(before, 0U);
    EXPECT_LT(before, kLines);
    log.info("read again", {{"end", "1"}});
    log.info("and again", {{"end", "1"}});
    const std::string text = first + read_all(ends.reader);
    EXPECT_EQ(lines_of(text), before + 2 + (first.ends_with('\n') ? 0 : 1));
    EXPECT_EQ(lines_of(text) - 2 + dropped_in(text), kLines);
    std::size_t whole = 0;
    for (std::size_t at = text.find("time="); at != std::string::npos;
         at = text.find("time=", at + 1)) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      whole += line.find(" end=1") != std::string::npos ? 1U : 0U;
    }
    EXPECT_EQ(whole, lines_of(text));
    EXPECT_EQ(text.find("dropped_lines"), text.rfind("dropped_lines"));  // by one line only
  }
  EXPECT_EQ(fcntl(ends.writer, F_GETFL), flags) << "shared with others, so not ours to change";
  close(ends.reader);
  close(ends.writer);
}

TEST(LogThatNobodyReads, DropsAndCountsOnAPipe) { expect_dropped_and_counted(pipe_ends()); }

TEST(LogThatNobodyReads, DropsAndCountsOnATerminal) { expect_dropped_and_counted(terminal_ends()); }

TEST(LogThatNobodyReads, DropsAndCountsOnASocket) {
  expect_dropped_and_counted(socket_ends(SOCK_STREAM));
  expect_dropped_and_counted(socket_ends(SOCK_DGRAM));
}

TEST(LogThatNobodyReads, DropsAndCountsOnAPipeThatCannotBeOpenedAnew) {
  const Ends ends = pipe_ends();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const Log log(LogLevel::kInfo, LogFormat::kLogfmt, {}, ends.writer);
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 0; i < 200; ++i) log.info("nobody reads this");
  const std::size_t before = lines_of(read_all(ends.reader));
  log.info("read again");
  EXPECT_EQ(before + dropped_in(read_all(ends.reader)), 200U);
  close(ends.reader);
  close(ends.writer);
}

TEST(LogThatNobodyReads, EndsALineThatDidNotFitBeforeTheNext) {
  const Ends ends = pipe_ends();
  const Log log(LogLevel::kInfo, LogFormat::kLogfmt, {}, ends.writer);
  const std::string large(6000, 'x');  // more than the pipe holds
  log.info(large);
  log.info("dropped");
  std::string text = read_all(ends.reader);
  EXPECT_EQ(text.size(), 4096U);
  log.info("next");
  text += read_all(ends.reader);
  EXPECT_NE(text.find("msg=" + large + "\ntime="), std::string::npos);
  EXPECT_EQ(lines_of(text), 2U);
  EXPECT_EQ(dropped_in(text), 1U);
  close(ends.reader);
  close(ends.writer);
}

TEST(LogThatNobodyReads, IsNoTroubleWhereTheReaderIsGone) {
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  for (const Ends ends : {pipe_ends(), socket_ends(SOCK_STREAM)}) {
    const Log log(LogLevel::kInfo, LogFormat::kJson, {}, ends.writer);
    close(ends.reader);
    log.info("nobody hears this");
    close(ends.writer);
  }
  std::signal(SIGPIPE, handler);
}

TEST(Log, ClosedFileIsNoTrouble) {
  const Log log(LogLevel::kInfo, LogFormat::kJson, {}, -1);
  log.info("nobody hears this");
}

}  // namespace
}  // namespace ecs_exporter
