// How the mock lets a task live on.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "advance.h"
#include "sample.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

json::object sample() { return json::parse(kSampleStats).get_object(); }

// The stats at each of these moments, the first of which is the first request.
std::vector<json::object> samples_at(const json::object& first,
                                     const std::vector<milliseconds>& moments) {
  std::vector<json::object> out;
  Frame frame{.start = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)};
  for (const nanoseconds moment : moments) {
    if (!out.empty()) frame.previous = frame.elapsed;
    frame.elapsed = moment;
    out.push_back(advance(first, {}, frame));
  }
  return out;
}

// Steps from 10 ms, the least there is, to a minute, over more than a wave of every container.
std::vector<milliseconds> many_moments() {
  std::vector<milliseconds> out = {milliseconds(0)};
  for (const int step : {10, 10, 10, 250, 1000, 10'000, 15'000, 60'000}) {
    for (int i = 0; i < 8; ++i) out.push_back(out.back() + milliseconds(step));
  }
  return out;
}

std::uint64_t number(const json::value& value, const std::string& pointer) {
  return value.at_pointer(pointer).to_number<std::uint64_t>();
}

json::value web(const json::object& stats) { return stats.begin()->value(); }

// Every whole number under `value`, with its path.
void numbers_under(const json::value& value, const std::string& path,
                   std::vector<std::pair<std::string, std::uint64_t>>& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      numbers_under(member, path + "/" + std::string(key), out);
    }
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      numbers_under((*array)[i], path + "/" + std::to_string(i), out);
    }
  } else if (value.is_int64() || value.is_uint64()) {
    out.emplace_back(path, value.to_number<std::uint64_t>());
  }
}

bool is_gauge(const std::string& path) {
  return path.contains("/memory_stats/") && !path.contains("/max_") && !path.contains("pg");
}

TEST(MockAdvance, NoCounterGoesBack) {
  const auto samples = samples_at(sample(), many_moments());
  for (std::size_t i = 1; i < samples.size(); ++i) {
    std::vector<std::pair<std::string, std::uint64_t>> before;
    std::vector<std::pair<std::string, std::uint64_t>> after;
    numbers_under(samples[i - 1], "", before);
    numbers_under(samples[i], "", after);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t n = 0; n < before.size(); ++n) {
      ASSERT_EQ(before[n].first, after[n].first);
      if (!is_gauge(before[n].first)) {
        EXPECT_LE(before[n].second, after[n].second) << before[n].first << ", sample " << i;
      }
    }
  }
}

TEST(MockAdvance, EveryKindOfCounterGrows) {
  const auto samples = samples_at(sample(), {milliseconds(0), milliseconds(10'000)});
  const json::value before = web(samples[0]);
  const json::value after = web(samples[1]);
  for (const char* counter :
       {"/cpu_stats/cpu_usage/total_usage", "/cpu_stats/cpu_usage/usage_in_kernelmode",
        "/cpu_stats/cpu_usage/usage_in_usermode", "/cpu_stats/cpu_usage/percpu_usage/1",
        "/cpu_stats/system_cpu_usage", "/networks/eth1/rx_bytes", "/networks/eth1/tx_packets",
        "/blkio_stats/io_service_bytes_recursive/0/value",
        "/blkio_stats/io_serviced_recursive/5/value", "/memory_stats/stats/pgfault"}) {
    EXPECT_LT(number(before, counter), number(after, counter)) << counter;
  }
}

TEST(MockAdvance, TheFirstSampleIsTheFilesButForItsTime) {
  json::object first = samples_at(sample(), {milliseconds(0)})[0];
  for (auto& [id, stats] : first) {
    if (stats.get_object().empty()) continue;
    EXPECT_EQ(stats.at("read"), "2026-03-01T00:00:00Z");
    EXPECT_EQ(stats.at("preread"), "2026-02-28T23:59:49.999989238Z");
    stats.get_object()["read"] = sample().at(id).at("read");
    stats.get_object()["preread"] = sample().at(id).at("preread");
  }
  EXPECT_EQ(first, sample());
}

TEST(MockAdvance, APreviousSampleIsTheOneBefore) {
  const auto samples = samples_at(sample(), many_moments());
  for (std::size_t i = 1; i < samples.size(); ++i) {
    for (const auto& [id, stats] : samples[i]) {
      if (stats.get_object().empty()) continue;
      EXPECT_EQ(stats.at("precpu_stats"), samples[i - 1].at(id).at("cpu_stats"));
      EXPECT_EQ(stats.at("preread"), samples[i - 1].at(id).at("read"));
    }
  }
}

TEST(MockAdvance, TheTimesAreThoseOfTheRequests) {
  const auto samples = samples_at(sample(), {milliseconds(0), milliseconds(1500)});
  EXPECT_EQ(web(samples[1]).at("read"), "2026-03-01T00:00:01.5Z");
}

TEST(MockAdvance, TheCpuShareStaysBetweenZeroAndOneAndVaries) {
  json::object busy = sample();  // all but all of both CPUs
  json::value& stats = busy.begin()->value();
  stats.at_pointer("/precpu_stats/system_cpu_usage") =
      number(stats, "/cpu_stats/system_cpu_usage") - 1000;
  stats.at_pointer("/precpu_stats/cpu_usage/total_usage") =
      number(stats, "/cpu_stats/cpu_usage/total_usage") - 999;
  for (const json::object& first : {sample(), busy}) {
    std::vector<double> shares;
    for (const json::object& at : samples_at(first, many_moments())) {
      const json::value now = web(at);
      const auto delta = [&](const std::string& key) {
        return static_cast<double>(number(now, "/cpu_stats" + key) -
                                   number(now, "/precpu_stats" + key));
      };
      shares.push_back(delta("/cpu_usage/total_usage") / delta("/system_cpu_usage"));
      EXPECT_GE(shares.back(), 0);
      EXPECT_LE(shares.back(), 1);
    }
    EXPECT_NE(shares.front(), shares.back());
  }
}

TEST(MockAdvance, MemoryInUseStaysUnderItsLimitAndMaximum) {
  json::object tight = sample();  // no room above, and no maximum yet
  json::value& memory = tight.begin()->value().at("memory_stats");
  memory.at("max_usage") = memory.at("usage");
  memory.at("stats").at("hierarchical_memory_limit") = number(memory, "/usage") + 1000;
  for (const json::object& first : {sample(), tight}) {
    bool changed = false;
    for (const json::object& at : samples_at(first, many_moments())) {
      const json::value now = web(at).at("memory_stats");
      EXPECT_LE(number(now, "/usage"), number(now, "/stats/hierarchical_memory_limit"));
      EXPECT_LE(number(now, "/usage"), number(now, "/max_usage"));
      changed = changed || number(now, "/usage") != number(web(first), "/memory_stats/usage");
    }
    EXPECT_TRUE(changed);
  }
}

TEST(MockAdvance, AllContainersOfATaskShowTheSameInterface) {
  for (const json::object& at : samples_at(sample(), many_moments())) {
    EXPECT_EQ(web(at).at("networks"), std::next(at.begin())->value().at("networks"));
  }
}

TEST(MockAdvance, TheNetworkRateIsThatOfTheCounters) {
  const auto samples = samples_at(sample(), {milliseconds(0), milliseconds(10'000)});
  const auto bytes = static_cast<double>(number(web(samples[1]), "/networks/eth1/rx_bytes") -
                                         number(web(samples[0]), "/networks/eth1/rx_bytes"));
  const double rate = web(samples[1]).at("network_rate_stats").at("rx_bytes_per_sec").get_double();
  EXPECT_NEAR(rate, bytes / 10, 0.1);
}

TEST(MockAdvance, WhatIsNoSampleStaysAsItIs) {
  const json::object first = json::parse(R"({
    "null": null, "empty": {}, "text": "no stats",
    "never": {"read": "0001-01-01T00:00:00Z", "cpu_stats": {"cpu_usage": {"total_usage": 0}}},
    "": {"name": "x"}})")
                                 .get_object();
  const auto samples = samples_at(first, {milliseconds(0), milliseconds(10'000)});
  EXPECT_EQ(samples[1], first);
}

TEST(MockAdvance, WhatIsMissingOrOddIsNotMadeUp) {
  const json::object first = json::parse(R"({"odd": {"read": "2026-02-01T10:00:00Z",
    "cpu_stats": {"cpu_usage": {"total_usage": "many", "usage_in_usermode": -5}},
    "memory_stats": {"stats": {"pgmajfault": 1.5}}, "networks": {"eth0": null},
    "blkio_stats": {"io_serviced_recursive": "None"}}})")
                                 .get_object();
  json::object expected = first;
  expected.begin()->value().get_object()["read"] = "2026-03-01T00:00:10Z";
  expected.begin()->value().get_object()["preread"] = "2026-03-01T00:00:00Z";
  expected.begin()->value().get_object()["precpu_stats"] = first.begin()->value().at("cpu_stats");
  EXPECT_EQ(samples_at(first, {milliseconds(0), milliseconds(10'000)})[1], expected);
}

TEST(MockAdvance, ACounterAtItsEndStaysThere) {
  const json::object first = json::parse(R"({"full": {"read": "2026-02-01T10:00:00Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 18446744073709551615}, "online_cpus": 1}}})")
                                 .get_object();
  const auto samples = samples_at(first, {milliseconds(0), milliseconds(10'000)});
  EXPECT_EQ(number(web(samples[1]), "/cpu_stats/cpu_usage/total_usage"), 18446744073709551615U);
}

TEST(MockAdvance, TheClockGoesOnWithEachFrame) {
  FrameClock clock;
  const Frame first = clock.next();
  EXPECT_EQ(first.elapsed.count(), 0);
  EXPECT_FALSE(first.previous);
  Frame before = first;
  for (int i = 0; i < 5; ++i) {
    const Frame next = clock.next();
    EXPECT_EQ(next.start, first.start);
    EXPECT_EQ(next.previous, before.elapsed);
    EXPECT_GT(next.elapsed, before.elapsed);
    before = next;
  }
}

}  // namespace
}  // namespace ecs_exporter::mock
