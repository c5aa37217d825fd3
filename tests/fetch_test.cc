// One GET towards an endpoint, over real sockets.
#include "fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "loopback.h"

namespace ecs_exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kLimit = 1000;
constexpr auto kClose = Scripted::Then::kClose;
constexpr auto kReset = Scripted::Then::kReset;
constexpr auto kHang = Scripted::Then::kHang;
constexpr auto kNextRequest = Scripted::Then::kNextRequest;

// Made outside of the coroutines: GCC 12 destroys a braced argument of an awaited call twice.
FetchRequest get(std::string host, std::uint16_t port, std::string path,
                 std::chrono::nanoseconds time = seconds(20)) {
  return {.host = std::move(host),
          .port = std::to_string(port),
          .path = std::move(path),
          .deadline = std::make_shared<const std::chrono::steady_clock::time_point>(
              std::chrono::steady_clock::now() + time),
          .max_body_bytes = kLimit};
}

// What came of a fetch, and what the endpoint saw.
struct Outcome {
  Fetched fetched{.body = std::unexpected(Error{})};
  std::vector<std::string> requests;

  std::string body() const {
    EXPECT_TRUE(fetched.body) << fetched.body.error().message;
    return fetched.body.value_or("");
  }
  Error error() const {
    EXPECT_FALSE(fetched.body);
    return fetched.body ? Error{} : fetched.body.error();
  }
  // The message without the URL that it begins with.
  std::string message() const {
    const std::string all = error().message;
    EXPECT_THAT(all, StartsWith("http://"));
    return all.substr(all.find(": ") + 2);
  }
};

Outcome fetched_from(std::vector<Scripted> script, std::chrono::nanoseconds time = seconds(20)) {
  asio::io_context io;
  FakeEndpoint endpoint(io, std::move(script));
  Outcome outcome;
  run(io, [&]() -> Async {
    outcome.fetched = co_await fetch(get("127.0.0.1", endpoint.port(), "/v4/a/task", time));
  }());
  outcome.requests = endpoint.requests();
  return outcome;
}

Outcome fetched_from(const std::string& reply) { return fetched_from({says(reply)}); }

// From a host on which there may be nobody.
Outcome fetched_at(std::string host, std::uint16_t port,
                   std::chrono::nanoseconds time = seconds(20)) {
  asio::io_context io;
  Outcome outcome;
  run(io, [&]() -> Async { outcome.fetched = co_await fetch(get(host, port, "/", time)); }());
  return outcome;
}

std::string status(std::string_view line, std::string_view body = "") {
  return "HTTP/1.1 " + std::string(line) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunked(std::string_view chunks) {
  return std::string(kChunkedHead) + std::string(chunks);
}

TEST(Fetch, ReadsABodyWithALength) {
  const Outcome outcome = fetched_from(ok_reply("{\"a\": 1}"));
  EXPECT_EQ(outcome.body(), "{\"a\": 1}");
  EXPECT_EQ(outcome.fetched.requests, 1U);
}

TEST(Fetch, ReadsAChunkedBody) {
  EXPECT_EQ(fetched_from(chunked("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n")).body(), "abcdefg");
}

TEST(Fetch, ReadsABodyThatEndsWithTheConnection) {
  EXPECT_EQ(fetched_from("HTTP/1.0 200 OK\r\n\r\nall of it").body(), "all of it");
}

TEST(Fetch, PassesInterimRepliesOver) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  for (const std::string& before :
       {std::string("HTTP/1.1 100 Continue\r\n\r\n"), interim, interim + interim,
        std::string("HTTP/1.1 199 x\r\nContent-Length: 3\r\n\r\n")}) {
    EXPECT_EQ(fetched_from(before + ok_reply("body")).body(), "body");
    EXPECT_EQ(fetched_from({{.parts = {before, ok_reply("body")}}}).body(), "body");
    EXPECT_EQ(fetched_from(before + status("404 Not Found")).error().kind, ErrorKind::kStatus);
  }
  EXPECT_EQ(fetched_from({{.parts = {"HTTP/1.1 100 Continue\r", "\n\r\nHTT", "P/1.1 200 OK\r\n\r\n",
                                     "to its end"}}})
                .body(),
            "to its end");
}

TEST(Fetch, EndlessInterimRepliesAreAnError) {
  std::string reply;
  for (int i = 0; i < 9; ++i) reply += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_THAT(fetched_from(reply + ok_reply("x")).message(), StartsWith("status 100"));
  EXPECT_EQ(fetched_from(reply.substr(reply.size() / 9) + ok_reply("x")).body(), "x");
}

TEST(Fetch, InterimReplyAloneIsNoReply) {
  const Outcome outcome = fetched_from("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(outcome.error().kind, ErrorKind::kClosed);
  EXPECT_EQ(outcome.requests.size(), 2U);
}

TEST(Fetch, ReadsAnEmptyBody) { EXPECT_EQ(fetched_from(ok_reply("")).body(), ""); }

TEST(Fetch, ReadsAReplyInManyParts) {
  EXPECT_EQ(fetched_from(
                {{.parts = {"HTTP/1.1 2", "00 OK\r\nContent-", "Length: 4\r\n\r", "\nab", "cd"}}})
                .body(),
            "abcd");
}

TEST(Fetch, NeedsNoEndOfTheConnection) {
  EXPECT_EQ(fetched_from({{.parts = {ok_reply("x")}, .then = kHang}}).body(), "x");
}

TEST(Fetch, SendsOnePlainRequest) {
  const Outcome outcome = fetched_from(ok_reply(""));
  ASSERT_EQ(outcome.requests.size(), 1U);
  EXPECT_THAT(outcome.requests[0], StartsWith("GET /v4/a/task HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(outcome.requests[0], HasSubstr("\r\nConnection: close\r\n"));
}

TEST(Fetch, BodyOfTheLimitIsRead) {
  EXPECT_EQ(fetched_from(ok_reply(std::string(kLimit, 'x'))).body().size(), kLimit);
  EXPECT_EQ(
      fetched_from(chunked("3e8\r\n" + std::string(kLimit, 'x') + "\r\n0\r\n\r\n")).body().size(),
      kLimit);
}

TEST(Fetch, BodyOverTheLimitIsTooLarge) {
  for (const std::string& reply :
       {ok_reply(std::string(kLimit + 1, 'x')),
        chunked("3e9\r\n" + std::string(kLimit + 1, 'x') + "\r\n0\r\n\r\n"),
        chunked("200\r\n" + std::string(512, 'x') + "\r\n200\r\n" + std::string(512, 'x') + "\r\n"),
        "HTTP/1.0 200 OK\r\n\r\n" + std::string(kLimit + 1, 'x'),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n")}) {
    const Outcome outcome = fetched_from(reply);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kTooLarge) << outcome.error().message;
    EXPECT_EQ(outcome.message(), "the body is over 1000 bytes");
    EXPECT_EQ(outcome.fetched.requests, 1U);
  }
}

TEST(Fetch, HeaderOverEightKibIsTooLarge) {
  const Outcome outcome =
      fetched_from("HTTP/1.1 200 OK\r\nX: " + std::string(8192, 'x') + "\r\n\r\n");
  EXPECT_EQ(outcome.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(outcome.message(), "the header is over 8 KiB");
}

TEST(Fetch, HeaderThatNeverEndsIsTooLarge) {
  const std::string line = "X-Filler: " + std::string(500, 'x') + "\r\n";
  std::vector<std::string> parts(50, line);
  parts.insert(parts.begin(), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(fetched_from({{.parts = parts, .then = kHang}}).error().kind, ErrorKind::kTooLarge);
}

TEST(Fetch, ConnectionClosedWithoutAReplyIsRetriedOnce) {
  const Outcome outcome = fetched_from({{}, says(ok_reply("x"))});
  EXPECT_EQ(outcome.body(), "x");
  EXPECT_EQ(outcome.fetched.requests, 2U);
  EXPECT_EQ(outcome.requests.size(), 2U);
}

TEST(Fetch, ConnectionResetWithoutAReplyIsRetriedOnce) {
  EXPECT_EQ(fetched_from({{.parts = {}, .then = kReset}, says(ok_reply("x"))}).body(), "x");
}

TEST(Fetch, ConnectionClosedTwiceIsAnError) {
  const Outcome outcome = fetched_from({{.parts = {}, .then = kClose}});
  EXPECT_EQ(outcome.error().kind, ErrorKind::kClosed);
  EXPECT_EQ(outcome.message(), "the connection was closed without a reply");
  EXPECT_EQ(outcome.requests.size(), 2U);
}

TEST(Fetch, ServerErrorIsRetriedOnce) {
  const Outcome outcome = fetched_from({says(status("500 Oops", "busy")), says(ok_reply("x"))});
  EXPECT_EQ(outcome.body(), "x");
  EXPECT_EQ(outcome.fetched.requests, 2U);
}

TEST(Fetch, ServerErrorTwiceIsAnErrorWithItsText) {
  const Outcome outcome = fetched_from({says(status("503 Busy", "no \"time\""))});
  EXPECT_EQ(outcome.error().kind, ErrorKind::kStatus);
  EXPECT_EQ(outcome.message(), R"(status 503 "no \"time\"")");
  EXPECT_EQ(outcome.requests.size(), 2U);
}

TEST(Fetch, TooManyRequestsIsThrottledAndRetriedOnce) {
  EXPECT_EQ(fetched_from({says(status("429 Slow")), says(ok_reply("x"))}).body(), "x");
  const Outcome outcome = fetched_from({says(status("429 Slow", "limit"))});
  EXPECT_EQ(outcome.error().kind, ErrorKind::kThrottled);
  EXPECT_EQ(outcome.requests.size(), 2U);
}

TEST(Fetch, ClientErrorIsNotRetried) {
  const Outcome outcome = fetched_from({says(status("404 Not Found", "?")), says(ok_reply("x"))});
  EXPECT_EQ(outcome.error().kind, ErrorKind::kStatus);
  EXPECT_EQ(outcome.message(), R"(status 404 "?")");
  EXPECT_EQ(outcome.requests.size(), 1U);
}

TEST(Fetch, RedirectIsNotFollowed) {
  const Outcome outcome =
      fetched_from({says("HTTP/1.1 301 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"),
                    says(ok_reply("x"))});
  EXPECT_EQ(outcome.error().kind, ErrorKind::kStatus);
  EXPECT_EQ(outcome.message(), R"(status 301 "")");
  EXPECT_EQ(outcome.requests.size(), 1U);
}

TEST(Fetch, RetryWaitsForItsOwnAnswer) {
  const Outcome outcome = fetched_from({says(status("500 Oops")), says(status("404 Gone"))});
  EXPECT_EQ(outcome.message(), R"(status 404 "")");
}

TEST(Fetch, WithoutTimeThereIsNoRetry) {
  // The pause before a retry is at least 20 ms; under a deadline that is as good as over there is
  // none.
  const Outcome outcome = fetched_from({{}, says(ok_reply("x"))}, milliseconds(15));
  EXPECT_LE(outcome.requests.size(), 1U);
  EXPECT_THAT(outcome.error().kind, AnyOf(ErrorKind::kClosed, ErrorKind::kTimeout));
}

TEST(Fetch, EndpointThatNeverRepliesTimesOut) {
  const Outcome outcome = fetched_from({{.parts = {}, .then = kHang}}, milliseconds(100));
  EXPECT_EQ(outcome.error().kind, ErrorKind::kTimeout);
  EXPECT_LE(outcome.requests.size(), 1U);
}

TEST(Fetch, EndpointThatStopsInTheMiddleTimesOut) {
  for (const std::string part : {"HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}) {
    EXPECT_EQ(fetched_from({{.parts = {part}, .then = kHang}}, milliseconds(100)).error().kind,
              ErrorKind::kTimeout);
  }
}

TEST(Fetch, ReplyCutInTheMiddleIsClosedAndNotRetried) {
  for (const std::string& part :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), std::string("HTTP/1.1 2"),
        std::string("HTTP/1.1 200 OK\r\nContent-Le"), chunked("9\r\nabc"),
        chunked("3\r\nabc\r\n")}) {
    for (const auto then : {kClose, kReset}) {
      const Outcome outcome = fetched_from({{.parts = {part}, .then = then}, says(ok_reply("x"))});
      if (then == kReset && outcome.fetched.requests == 2)
        continue;  // the part was lost on the way
      EXPECT_EQ(outcome.error().kind, ErrorKind::kClosed) << part;
      EXPECT_EQ(outcome.message(), "the connection was closed in the middle of the reply");
      EXPECT_EQ(outcome.requests.size(), 1U);
    }
  }
}

TEST(Fetch, WhatIsNotHttpIsAnError) {
  for (const std::string reply :
       {"hello\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"}) {
    const Outcome outcome = fetched_from({says(reply), says(ok_reply("x"))});
    EXPECT_EQ(outcome.error().kind, ErrorKind::kShape) << outcome.error().message;
    EXPECT_THAT(outcome.message(), StartsWith("not an HTTP reply: "));
    EXPECT_EQ(outcome.requests.size(), 1U);
  }
}

TEST(Fetch, BadChunkIsNotHttp) {
  EXPECT_EQ(fetched_from(chunked("zz\r\nabc\r\n0\r\n\r\n")).error().kind, ErrorKind::kShape);
}

TEST(Fetch, RefusedConnectionIsAnErrorOfOneRequest) {
  const std::uint16_t port = closed_port();
  const Outcome outcome = fetched_at("127.0.0.1", port);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kConnect);
  EXPECT_EQ(outcome.error().message,
            "http://127.0.0.1:" + std::to_string(port) + "/: cannot connect: Connection refused");
  EXPECT_EQ(outcome.fetched.requests, 1U);
}

TEST(Fetch, Ipv6HostStandsInBrackets) {
  const std::uint16_t port = closed_port();
  EXPECT_THAT(fetched_at("::1", port).error().message,
              StartsWith("http://[::1]:" + std::to_string(port) + "/: "));
}

TEST(Fetch, LocalhostIsTheLoopbackInterface) {
  asio::io_context io;
  FakeEndpoint endpoint(io, {says(ok_reply("x"))});
  run(io, [&]() -> Async {
    const Fetched fetched = co_await fetch(get("localhost", endpoint.port(), "/"));
    EXPECT_EQ(fetched.body.value_or("none"), "x");
  }());
}

TEST(Fetch, NameThatCannotBeResolvedIsAnError) {
  const Outcome outcome = fetched_at("name.invalid", 80, milliseconds(200));
  EXPECT_THAT(outcome.error().kind, AnyOf(ErrorKind::kConnect, ErrorKind::kTimeout));
  EXPECT_THAT(outcome.message(), HasSubstr("resolve"));
  EXPECT_EQ(outcome.fetched.requests, 1U);
}

// Fetches one after the other that keep their connection.
class KeptFetches {
 public:
  explicit KeptFetches(std::vector<Scripted> script) : endpoint_(io_, std::move(script)) {}

  // The bodies of as many fetches as there are times, which each may take; an error's name where
  // there is none.
  std::vector<std::string> bodies(std::vector<std::chrono::nanoseconds> times) {
    std::vector<std::string> out;
    run(io_, [&]() -> Async {
      for (const auto time : times) {
        const Fetched fetched =
            co_await fetch(get("127.0.0.1", endpoint_.port(), "/", time), &kept_);
        requests_ += fetched.requests;
        out.push_back(fetched.body ? *fetched.body
                                   : std::string(reason(fetched.body.error().kind)));
        co_await settle();  // what the endpoint does next has arrived
      }
    }());
    return out;
  }
  const std::vector<std::string>& requests() const { return endpoint_.requests(); }
  std::size_t connections() const { return endpoint_.connections(); }
  unsigned counted() const { return requests_; }

 private:
  asio::io_context io_;
  FakeEndpoint endpoint_;
  KeptConnection kept_;
  unsigned requests_ = 0;
};

Scripted then(std::string reply, Scripted::Then next) {
  return {.parts = {std::move(reply)}, .then = next};
}

TEST(KeptConnection, CarriesTheNextRequest) {
  KeptFetches fetches({then(ok_reply("a"), kNextRequest), then(ok_reply("b"), kNextRequest),
                       then(chunked("1\r\nc\r\n0\r\n\r\n"), kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20), seconds(20), seconds(20)}),
              ElementsAre("a", "b", "c", "c"));
  EXPECT_EQ(fetches.connections(), 1U);
  EXPECT_THAT(fetches.requests(), testing::Each(testing::Not(HasSubstr("Connection:"))));
}

TEST(KeptConnection, ThatTheEndpointHasClosedIsReplaced) {
  for (const auto next : {kClose, kReset}) {
    KeptFetches fetches({then(ok_reply("a"), next)});
    EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("a", "a"));
    EXPECT_EQ(fetches.connections(), 2U);
    EXPECT_EQ(fetches.counted(), 2U);
  }
}

TEST(KeptConnection, IsNotKeptAgainstTheEndpointsWord) {
  KeptFetches fetches(
      {then("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("", ""));
  EXPECT_EQ(fetches.connections(), 2U);
}

TEST(KeptConnection, OnWhichMoreCameThanAReplyIsReplaced) {
  KeptFetches fetches({then(ok_reply("a") + ok_reply("b"), kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("a", "a"));
  EXPECT_EQ(fetches.connections(), 2U);
}

TEST(KeptConnection, OnWhichMoreComesLaterIsReplaced) {
  KeptFetches fetches({{.parts = {ok_reply("a"), ok_reply("b")}, .then = kNextRequest}});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("a", "a"));
  EXPECT_EQ(fetches.connections(), 2U);
}

TEST(KeptConnection, ClosedOnTheNextRequestIsAskedAnewAtOnce) {
  KeptFetches fetches({then(ok_reply("a"), kNextRequest), {}, then(ok_reply("c"), kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("a", "c"));
  EXPECT_EQ(fetches.connections(), 2U);
  EXPECT_EQ(fetches.counted(), 3U);
}

TEST(KeptConnection, NewOneThatIsClosedTooIsTheSecondTryAndTheLast) {
  KeptFetches fetches(
      {then(ok_reply("a"), kNextRequest), {}, {}, then(ok_reply("c"), kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("a", "closed"));
  EXPECT_EQ(fetches.requests().size(), 3U);
  EXPECT_EQ(fetches.counted(), 3U);
}

TEST(KeptConnection, CarriesErrorsToo) {
  KeptFetches fetches(
      {then(status("404 Not Found"), kNextRequest), then(ok_reply("b"), kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), seconds(20)}), ElementsAre("status", "b"));
  EXPECT_EQ(fetches.connections(), 1U);
}

TEST(Fetch, WaitsLongerWhereTheDeadlineIsPutOff) {
  asio::io_context io;
  FakeEndpoint endpoint(io, [](const std::string&) -> asio::awaitable<Scripted> {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(300));
    co_await timer.async_wait(kAwait);
    co_return says(ok_reply("late"));
  });
  const auto deadline = std::make_shared<std::chrono::steady_clock::time_point>(
      std::chrono::steady_clock::now() + milliseconds(100));
  run(io, [&]() -> Async {
    FetchRequest request = get("127.0.0.1", endpoint.port(), "/", seconds(0));
    request.deadline = deadline;
    asio::co_spawn(
        io,
        [&]() -> Async {
          co_await until([&] { return endpoint.requests().size() == 1; });
          *deadline += seconds(20);
        },
        [](const std::exception_ptr&) {});
    EXPECT_EQ((co_await fetch(std::move(request))).body, "late");
  }());
}

TEST(KeptConnection, EndsAtTheDeadline) {
  KeptFetches fetches(
      {then(ok_reply("a"), kNextRequest), {.then = kHang}, then(ok_reply("c"), kNextRequest)});
  EXPECT_THAT(fetches.bodies({seconds(20), milliseconds(100), seconds(20)}),
              ElementsAre("a", "timeout", "c"));
  EXPECT_EQ(fetches.connections(), 2U);
}

}  // namespace
}  // namespace ecs_exporter
