// Rounds shared by all that wait for them, against a fake endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "captured_log.h"
#include "configured.h"
#include "http_server.h"
#include "loopback.h"
#include "scrape.h"

namespace ecs_exporter {
namespace {

using namespace asio::experimental::awaitable_operators;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

using Shared = std::shared_ptr<const Answer>;

constexpr std::string_view kTask = R"({"TaskARN": "arn:t", "Containers": []})";

// What the endpoint does with every request, until it is told something else.
enum class Mood { kWell, kKeeping, kNotFound, kFailing, kClosing, kWaiting };

// A scraper of a fake endpoint that changes its mood.
class Scraping {
 public:
  explicit Scraping(nanoseconds min_interval = nanoseconds(0), nanoseconds timeout = seconds(20),
                    nanoseconds report_interval = hours(1),
                    const MetricsConfig& config = core_config())
      : endpoint_(io_, [this](const std::string& request) { return reply(request); }),
        scraper_(io_.get_executor(),
                 {.host = "127.0.0.1",
                  .port = std::to_string(endpoint_.port()),
                  .task_path = "/task",
                  .stats_path = "/task/stats",
                  .found_in = "test"},
                 {.timeout = timeout,
                  .min_interval = min_interval,
                  .max_body_bytes = 1000,
                  .report_interval = report_interval,
                  .settled_after = nanoseconds(0)},
                 config, replies_, log.log()) {}

  asio::awaitable<Shared> scrape(std::optional<nanoseconds> patience = std::nullopt) {
    return scraper_.scrape(patience);
  }
  asio::awaitable<Shared> scrape_when(Mood next) {
    mood = next;
    return scrape();
  }
  void forget_connections() { scraper_.forget_connections(); }
  bool ready() const { return scraper_.ready(); }
  std::vector<std::string> asked() const { return endpoint_.requests(); }
  std::size_t requests() const { return endpoint_.requests().size(); }
  std::size_t connections() const { return endpoint_.connections(); }
  asio::io_context& io() { return io_; }

  CapturedLog log{LogLevel::kInfo};
  Mood mood = Mood::kWell;

 private:
  asio::awaitable<Scripted> reply(const std::string& request) {
    co_await until([this] { return mood != Mood::kWaiting; });
    switch (mood) {
      case Mood::kNotFound:
        co_return says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      case Mood::kFailing:
        co_return says("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
      case Mood::kClosing:
        co_return Scripted();
      default:
        break;
    }
    Scripted scripted = says(ok_reply(request.starts_with("GET /task ") ? kTask : "{}"));
    if (mood == Mood::kKeeping) scripted.then = Scripted::Then::kNextRequest;
    co_return scripted;
  }

  asio::io_context io_;
  ReplyCounts replies_;
  FakeEndpoint endpoint_;
  Scraper scraper_;
};

constexpr std::string_view kUp = "\necs_container_exporter_up{TaskARN=\"arn:t\"} 1\n";
constexpr std::string_view kDown = "\necs_container_exporter_up{TaskARN=\"arn:t\"} 0\n";

TEST(Scraper, ARoundIsTwoRequests) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    const Shared answer = co_await scraping.scrape();
    EXPECT_TRUE(answer->up());
    EXPECT_THAT(*answer->body(ExpositionFormat::kText, false), testing::EndsWith(kUp));
    EXPECT_EQ(scraping.requests(), 2U);
  }());
}

TEST(Scraper, AHostWithoutStatsIsNotAskedForThem) {
  const MetricsConfig config = configured({.groups = {"core", "self"}, .stats = false});
  Scraping scraping(nanoseconds(0), seconds(20), hours(1), config);
  run(scraping.io(), [&]() -> Async {
    const Shared answer = co_await scraping.scrape();
    EXPECT_TRUE(answer->up());
    EXPECT_TRUE(scraping.ready());
    EXPECT_THAT(scraping.asked(), ElementsAre(testing::StartsWith("GET /task ")));
    const std::string text = *answer->body(ExpositionFormat::kText, false);
    EXPECT_THAT(text,
                HasSubstr("\necs_exporter_endpoint_up{TaskARN=\"arn:t\",Endpoint=\"task\"} 1\n"));
    EXPECT_THAT(text, testing::Not(HasSubstr("Endpoint=\"stats\"")));

    const Shared failed = co_await scraping.scrape_when(Mood::kNotFound);
    EXPECT_FALSE(failed->up());
  }());
}

TEST(Scraper, ConnectionsAreKeptFromRoundToRoundUntilTheyAreForgotten) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    co_await scraping.scrape_when(Mood::kKeeping);
    co_await scraping.scrape();
    EXPECT_EQ(scraping.connections(), 2U);
    scraping.forget_connections();
    co_await scraping.scrape();
    EXPECT_EQ(scraping.connections(), 4U);
  }());
}

TEST(Scraper, ConcurrentScrapesShareARound) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    const auto [a, b, c] = co_await (scraping.scrape() && scraping.scrape() && scraping.scrape());
    EXPECT_EQ(a, b);
    EXPECT_EQ(b, c);
    EXPECT_TRUE(a->up());
    EXPECT_EQ(scraping.requests(), 2U);
  }());
}

TEST(Scraper, ScrapeWithinTheIntervalGetsTheSameAnswer) {
  Scraping scraping(hours(1));
  run(scraping.io(), [&]() -> Async {
    const Shared first = co_await scraping.scrape();
    const Shared second = co_await scraping.scrape();
    EXPECT_EQ(first, second);
    EXPECT_EQ(scraping.requests(), 2U);
  }());
}

TEST(Scraper, FailedRoundIsSharedWithinTheIntervalToo) {
  Scraping scraping(hours(1));
  run(scraping.io(), [&]() -> Async {
    const Shared first = co_await scraping.scrape_when(Mood::kNotFound);
    const Shared second = co_await scraping.scrape_when(Mood::kWell);
    EXPECT_EQ(first, second);
    EXPECT_FALSE(second->up());
  }());
}

TEST(Scraper, ScrapeAfterTheIntervalMakesANewRound) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    const Shared first = co_await scraping.scrape();
    const Shared second = co_await scraping.scrape();
    EXPECT_NE(first, second);
    EXPECT_EQ(scraping.requests(), 4U);
  }());
}

TEST(Scraper, IntervalEnds) {
  Scraping scraping(milliseconds(20));
  run(scraping.io(), [&]() -> Async {
    const Shared first = co_await scraping.scrape();
    Shared next = first;
    while (next == first) {
      co_await settle();
      next = co_await scraping.scrape();
    }
    EXPECT_EQ(scraping.requests(), 4U);
  }());
}

// The time from the begin of a round to the first scrape that makes another.
asio::awaitable<nanoseconds> rest_after(Scraping& scraping, Mood mood) {
  const auto begin = std::chrono::steady_clock::now();
  const Shared first = co_await scraping.scrape_when(mood);
  scraping.mood = Mood::kWell;
  Shared next = first;
  while (next == first) {
    co_await settle();
    next = co_await scraping.scrape();
  }
  co_return std::chrono::steady_clock::now() - begin;
}

TEST(Scraper, RetriesMakeTheRestLonger) {
  Scraping scraping(milliseconds(200));
  run(scraping.io(), [&]() -> Async {
    // Four requests buy two intervals of rest; a slow machine can only make it longer.
    EXPECT_GE(co_await rest_after(scraping, Mood::kFailing), milliseconds(400));
  }());
}

TEST(Scraper, RetriesCountWhereTheConnectionWasClosed) {
  Scraping scraping(milliseconds(200));
  run(scraping.io(), [&]() -> Async {
    EXPECT_GE(co_await rest_after(scraping, Mood::kClosing), milliseconds(400));
  }());
}

TEST(Scraper, ImpatientScrapeDoesNotWaitForTheRound) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    co_await scraping.scrape();
    scraping.mood = Mood::kWaiting;
    Shared patient;
    asio::co_spawn(
        scraping.io(), [&]() -> Async { patient = co_await scraping.scrape(); },
        [](const std::exception_ptr&) {});
    co_await until([&] { return scraping.requests() == 4; });

    const Shared impatient = co_await scraping.scrape(milliseconds(20));
    EXPECT_FALSE(impatient->up());
    EXPECT_THAT(*impatient->body(ExpositionFormat::kText, false), testing::EndsWith(kDown));
    EXPECT_EQ(patient, nullptr);

    scraping.mood = Mood::kWell;
    co_await until([&] { return patient != nullptr; });
    EXPECT_TRUE(patient->up());
    EXPECT_EQ(scraping.requests(), 4U);
  }());
}

TEST(Scraper, RoundEndsAtTheTimeout) {
  Scraping scraping(nanoseconds(0), milliseconds(100));
  run(scraping.io(), [&]() -> Async {
    const Shared answer = co_await scraping.scrape_when(Mood::kWaiting);
    EXPECT_FALSE(answer->up());
    EXPECT_THAT(scraping.log.lines(), ElementsAre(HasSubstr("reason=timeout")));
  }());
}

TEST(Scraper, RoundThatEndedWhileTheProcessSleptIsTheAnswer) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    scraping.mood = Mood::kWaiting;
    std::optional<std::vector<std::string>> log_when_answered;
    asio::co_spawn(
        scraping.io(),
        [&]() -> Async {
          co_await scraping.scrape(milliseconds(600));
          log_when_answered = scraping.log.lines();
        },
        [](const std::exception_ptr&) {});
    co_await until([&] { return scraping.requests() == 2; });
    std::this_thread::sleep_for(milliseconds(900));  // nothing runs meanwhile
    co_await until([&] { return log_when_answered.has_value(); });
    EXPECT_THAT(*log_when_answered, ElementsAre(HasSubstr("reason=timeout")));
  }());
}

TEST(Scraper, OwnPatienceEndsTheRoundThatItBegan) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    scraping.mood = Mood::kWaiting;
    const Shared answer = co_await scraping.scrape(milliseconds(600));
    EXPECT_FALSE(answer->up());
    EXPECT_THAT(scraping.log.lines(), ElementsAre(HasSubstr("reason=timeout")));
  }());
}

// Spawns a scrape; its answer comes later.
void start_scrape(Scraping& scraping, Shared& answer,
                  std::optional<nanoseconds> patience = std::nullopt) {
  asio::co_spawn(
      scraping.io(),
      [&scraping, &answer, patience]() -> Async { answer = co_await scraping.scrape(patience); },
      [](const std::exception_ptr&) {});
}

TEST(Scraper, AMorePatientScrapeKeepsTheRoundGoing) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    scraping.mood = Mood::kWaiting;
    Shared hurried;
    Shared patient;
    start_scrape(scraping, hurried, milliseconds(200));
    co_await until([&] { return scraping.requests() == 2; });
    start_scrape(scraping, patient);
    co_await until([&] { return hurried != nullptr; });
    EXPECT_FALSE(hurried->up());
    EXPECT_EQ(patient, nullptr);
    scraping.mood = Mood::kWell;
    co_await until([&] { return patient != nullptr; });
    EXPECT_TRUE(patient->up());
    EXPECT_EQ(scraping.requests(), 2U);
  }());
}

TEST(Scraper, ARoundOutlivesAScrapeThatHasHardlyAnyTime) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    scraping.mood = Mood::kWaiting;
    EXPECT_FALSE((co_await scraping.scrape(nanoseconds(1)))->up());
    Shared patient;
    start_scrape(scraping, patient);
    co_await until([&] { return scraping.requests() == 2; });
    scraping.mood = Mood::kWell;
    co_await until([&] { return patient != nullptr; });
    EXPECT_TRUE(patient->up());
    EXPECT_EQ(scraping.requests(), 2U);
  }());
}

TEST(Scraper, ScrapesOfOnePatienceShareWhatARoundHasFoundInThatTime) {
  // Else the second would put off the end, and leave the first with nothing.
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    scraping.mood = Mood::kWaiting;
    Shared first;
    Shared second;
    start_scrape(scraping, first, milliseconds(700));
    co_await until([&] { return scraping.requests() == 2; });
    start_scrape(scraping, second, milliseconds(700));
    co_await until([&] { return first != nullptr && second != nullptr; });
    EXPECT_EQ(first, second);
    EXPECT_THAT(scraping.log.lines(), ElementsAre(HasSubstr("reason=timeout")));
  }());
}

TEST(Scraper, RoundThatWasTooShortIsSharedOnlyWithWhoHasNoMoreTime) {
  constexpr auto kShort = milliseconds(600);
  Scraping scraping(seconds(1));
  run(scraping.io(), [&]() -> Async {
    const auto begin = std::chrono::steady_clock::now();
    scraping.mood = Mood::kWaiting;
    co_await scraping.scrape(kShort);
    scraping.mood = Mood::kWell;
    EXPECT_FALSE((co_await scraping.scrape(kShort))->up());
    EXPECT_EQ(scraping.requests(), 2U);

    EXPECT_TRUE((co_await scraping.scrape())->up());
    // The endpoint had its rest; a slow machine can only make it longer.
    EXPECT_GE(std::chrono::steady_clock::now() - begin, kShort + seconds(1));
    EXPECT_EQ(scraping.requests(), 4U);
  }());
}

TEST(Scraper, ScrapesInAHurryDoNotMakeItUnready) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    co_await scraping.scrape();
    scraping.mood = Mood::kWaiting;
    for (int i = 0; i < 3; ++i) co_await scraping.scrape(milliseconds(600));
    EXPECT_THAT(scraping.log.lines(), ElementsAre(HasSubstr("reason=timeout")));
    EXPECT_TRUE(scraping.ready());
    scraping.mood = Mood::kNotFound;
    for (int i = 0; i < 3; ++i) co_await scraping.scrape();
    EXPECT_FALSE(scraping.ready());
  }());
}

TEST(Scraper, TimeoutsMakeItUnready) {
  Scraping scraping(milliseconds(500), milliseconds(100));
  run(scraping.io(), [&]() -> Async {
    while (!scraping.ready()) co_await scraping.scrape();
    scraping.mood = Mood::kWaiting;
    while (scraping.ready()) co_await scraping.scrape();
    const std::size_t requests = scraping.requests();
    EXPECT_FALSE((co_await scraping.scrape())->up());  // shares the round, as it has no more time
    EXPECT_EQ(scraping.requests(), requests);
  }());
}

TEST(Scraper, PatienceOverTheTimeoutChangesNothing) {
  Scraping scraping(nanoseconds(0), milliseconds(100));
  run(scraping.io(), [&]() -> Async {
    scraping.mood = Mood::kWaiting;
    const Shared answer = co_await scraping.scrape(hours(1));
    EXPECT_FALSE(answer->up());
  }());
}

TEST(Scraper, EachChangeIsOneLogLine) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    for (const Mood mood : {Mood::kWell, Mood::kNotFound, Mood::kNotFound, Mood::kNotFound,
                            Mood::kWell, Mood::kWell, Mood::kNotFound}) {
      co_await scraping.scrape_when(mood);
    }
    const auto began = MatchesRegex(
        "level=warn msg=\"the endpoint began to fail\" reason=status "
        "error=\"http://127.0.0.1:[0-9]+/task: status 404 .*\" errors=2 "
        "rounds=1 failed_rounds=1");
    EXPECT_THAT(scraping.log.lines(),
                ElementsAre(began,
                            "level=info msg=\"the endpoint is well again\" rounds=3 "
                            "failed_rounds=2",
                            began));
  }());
}

TEST(Scraper, TroubleThatLastsIsLoggedAgainWhenTheIntervalIsOver) {
  EXPECT_EQ(ScrapeOptions{}.report_interval, std::chrono::minutes(1));
  EXPECT_EQ(ScrapeOptions{}.settled_after, seconds(10));
  Scraping scraping(nanoseconds(0), seconds(20), nanoseconds(0));
  run(scraping.io(), [&]() -> Async {
    for (int i = 0; i < 3; ++i) co_await scraping.scrape_when(Mood::kNotFound);
    const auto still = HasSubstr("msg=\"the endpoint is still failing\" reason=status");
    EXPECT_THAT(scraping.log.lines(), ElementsAre(HasSubstr("began to fail"), still, still));
  }());
}

TEST(Scraper, AHealthyEndpointIsNotLogged) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    co_await scraping.scrape();
    co_await scraping.scrape();
    EXPECT_THAT(scraping.log.lines(), IsEmpty());
  }());
}

TEST(Scraper, LabelsOutliveTheEndpoint) {
  Scraping scraping;
  run(scraping.io(), [&]() -> Async {
    co_await scraping.scrape_when(Mood::kWell);
    const Shared answer = co_await scraping.scrape_when(Mood::kNotFound);
    EXPECT_THAT(*answer->body(ExpositionFormat::kText, false), testing::EndsWith(kDown));
  }());
}

}  // namespace
}  // namespace ecs_exporter
