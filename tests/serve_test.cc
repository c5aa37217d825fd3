// The commands as a whole, over a loopback socket and from files.
#include "serve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "captured_log.h"
#include "configured.h"
#include "loopback.h"

namespace ecs_exporter {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kTask = R"({"TaskARN": "arn:t", "Containers": []})";
constexpr std::string_view kUp = "\necs_container_exporter_up{TaskARN=\"arn:t\"} 1\n";

FakeEndpoint::Choose well() {
  return [](const std::string& request) -> asio::awaitable<Scripted> {
    co_return says(ok_reply(request.starts_with("GET /task ") ? kTask : "{}"));
  };
}

Endpoint endpoint_at(std::uint16_t port) {
  return {.host = "127.0.0.1",
          .port = std::to_string(port),
          .task_path = "/task",
          .stats_path = "/task/stats",
          .found_in = "test"};
}

// `serve` in a thread of its own, with an endpoint and clients in this one.
class Exporter {
 public:
  explicit Exporter(std::string telemetry_path = "/metrics") : endpoint_(io_, well()) {
    options_.listen_addresses = {"127.0.0.1:0"};
    options_.telemetry_path = std::move(telemetry_path);
    options_.sandbox = false;  // it would hold for the tests that come after
    thread_ = std::thread([this] {
      const auto served =
          serve(options_, core_config(), endpoint_at(endpoint_.port()), {}, log.log());
      EXPECT_TRUE(served) << served.error().message;
      ended_ = true;
    });
    ask("GET /-/healthy");  // once it answers, it listens for signals too
  }
  ~Exporter() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    std::raise(SIGTERM);
    run(io_, until([this] { return ended_.load(); }));
    thread_.join();
  }

  /// All that comes back for a request of `line` and `headers`.
  std::string ask(const std::string& line, const std::string& headers = "") {
    std::string out;
    run(io_, ask(line, headers, out));
    return out;
  }

  CapturedLog log{LogLevel::kInfo};

 private:
  Async ask(std::string line, std::string headers, std::string& out) {
    co_await until([this] { return port() != 0; });
    Client client(io_);
    co_await client.connect(port());
    co_await client.send(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
    out = co_await client.rest();
  }

  // From the line `... msg=listening address=127.0.0.1:1234 path=...`.
  std::uint16_t port() const {
    const std::string text = log.text();
    const std::size_t at = text.find("address=127.0.0.1:");
    if (at == std::string::npos || text.find('\n', at) == std::string::npos) return 0;
    return static_cast<std::uint16_t>(std::stoul(text.substr(at + 18)));
  }

  asio::io_context io_;
  FakeEndpoint endpoint_;
  Options options_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

TEST(Serve, MetricsAreTheTextFormat) {
  Exporter exporter;
  const std::string reply = exporter.ask("GET /metrics");
  EXPECT_THAT(
      reply,
      StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(reply, EndsWith(kUp));
}

TEST(Serve, PathOfTheMetricsCanBeChosen) {
  Exporter exporter("/m");
  EXPECT_THAT(exporter.ask("GET /m?x=y"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(exporter.ask("GET /metrics"), EndsWith("\r\n\r\nnot found; the metrics are at /m\n"));
}

TEST(Serve, HeadOfTheMetricsHasNoBody) {
  Exporter exporter;
  const std::string reply = exporter.ask("HEAD /metrics");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("Content-Length: 0\r\n")));
}

TEST(Serve, OtherPathsAreNotFound) {
  Exporter exporter;
  EXPECT_THAT(exporter.ask("GET /metrics/"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(exporter.ask("GET /Metrics"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
}

TEST(Serve, OtherMethodsAreNotAllowed) {
  Exporter exporter;
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    const std::string reply = exporter.ask(method + " /metrics");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
    EXPECT_THAT(reply, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  }
}

TEST(Serve, HealthyIsAlwaysHealthy) {
  Exporter exporter;
  EXPECT_THAT(exporter.ask("GET /-/healthy"), EndsWith("\r\n\r\nhealthy\n"));
}

TEST(Serve, AnyScrapeTimeoutIsServed) {
  Exporter exporter;
  for (const std::string value :
       {"10", "0.5", "15.000", "1e9", "inf", "nan", "-1", "0", "soon", ""}) {
    const std::string reply =
        exporter.ask("GET /metrics", "X-Prometheus-Scrape-Timeout-Seconds: " + value + "\r\n");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n")) << value;
    EXPECT_THAT(reply, EndsWith(kUp)) << value;
  }
}

TEST(Serve, LogsWhereItListensAndWhyItStops) {
  Exporter exporter;
  exporter.stop();
  EXPECT_THAT(exporter.log.lines(),
              ElementsAre(HasSubstr("msg=starting"), HasSubstr("msg=listening address=127.0.0.1:"),
                          HasSubstr("msg=stopping signal=SIGTERM")));
  EXPECT_THAT(exporter.log.lines().at(0), HasSubstr("/task found_in=test max_body_bytes="));
  EXPECT_THAT(exporter.log.lines().at(1), EndsWith(" path=/metrics scheme=http"));
}

TEST(ServeErrors, BadAddressIsUsage) {
  const CapturedLog log;
  const auto served =
      serve({.listen_addresses = {"nowhere:1"}}, core_config(), endpoint_at(1), {}, log.log());
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(served.error().message,
              StartsWith("--web.listen-address: \"nowhere:1\" is no address to listen on: "));
}

TEST(ServeErrors, AddressInUseIsNoUsage) {
  asio::io_context io;
  const tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
  const std::string address = "127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  const CapturedLog log;
  const auto served =
      serve({.listen_addresses = {address}}, core_config(), endpoint_at(1), {}, log.log());
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, ErrorKind::kSystem);
  EXPECT_EQ(served.error().message, "cannot listen on " + address + ": Address already in use");
}

TEST(ScrapeOnce, OfNobodyIsDownAndLogged) {
  const CapturedLog log(LogLevel::kInfo);
  const auto answer = scrape_once({}, core_config(), endpoint_at(closed_port()), log.log());
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->up);
  EXPECT_THAT(answer->text, EndsWith("\necs_container_exporter_up 0\n"));
  EXPECT_THAT(log.lines(), ElementsAre(HasSubstr("reason=connect")));
}

TEST(ScrapeFiles, AnswersFromTheFiles) {
  const std::filesystem::path folder = std::filesystem::path(TESTDATA_DIR) / "fargate";
  const CapturedLog log;
  const auto answer =
      scrape_files({.task_file = folder / "task.json", .stats_file = folder / "stats.json"},
                   core_config(), log.log());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->up);
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST(ScrapeFiles, FaultsAreLogged) {
  const std::filesystem::path folder(TESTDATA_DIR);
  const CapturedLog log;
  const auto answer = scrape_files({.task_file = folder / "fargate" / "task.json",
                                    .stats_file = folder / "bad" / "stats" / "number.json"},
                                   core_config(), log.log());
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->up);
  EXPECT_THAT(log.lines(), ElementsAre(HasSubstr("reason=shape")));
}

TEST(ScrapeFiles, MissingFileIsAnError) {
  const CapturedLog log;
  const auto answer = scrape_files({.task_file = "/no/such/file", .stats_file = "/no/such/file"},
                                   core_config(), log.log());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kSystem);
  EXPECT_EQ(answer.error().message,
            "--task: cannot read \"/no/such/file\": No such file or directory");
}

TEST(ScrapeFiles, FolderIsAnError) {
  const CapturedLog log;
  const auto answer = scrape_files({.task_file = TESTDATA_DIR, .stats_file = TESTDATA_DIR},
                                   core_config(), log.log());
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, StartsWith("--task: cannot read "));
  EXPECT_THAT(answer.error().message, EndsWith(": Is a directory"));
}

TEST(Serve, ReadsNoMoreOfAReplyThanTheMemoryHasRoomFor) {
  constexpr std::uint64_t kKiB = 1024;
  EXPECT_EQ(default_max_body_bytes(std::nullopt), 4096 * kKiB);
  EXPECT_EQ(default_max_body_bytes(1024 * 1024 * kKiB), 4096 * kKiB);
  EXPECT_EQ(default_max_body_bytes(12 * 1024 * kKiB), 512 * kKiB);
  EXPECT_EQ(default_max_body_bytes(6 * 1024 * kKiB), 256 * kKiB);
}

}  // namespace
}  // namespace ecs_exporter
