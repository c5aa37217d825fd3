// That the mock stays within its host and its limits for days, and how old its sample is.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advance.h"
#include "living.h"
#include "sample.h"
#include "task_source.h"
#include "times.h"
#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;
using std::chrono::nanoseconds;

struct Case {
  std::string name;
  json::object task;
  json::object stats;
};

std::optional<json::object> object_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  boost::system::error_code ec;
  json::value value = json::parse(std::string(std::istreambuf_iterator(file), {}), ec);
  if (ec || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

json::object object_of(std::string_view text) { return json::parse(text).get_object(); }

// A task whose containers would use more than it has, one by one and together.
Case tight_case() {
  Case tight{"tight", object_of(kSampleTask), object_of(kSampleStats)};
  tight.task["Limits"] = {{"CPU", 0.2}, {"Memory", 230}};
  tight.task.at("Containers").as_array()[0].as_object()["Limits"] = {{"Memory", 190}};
  return tight;
}

// Containers that each use most of the host, and have no limit.
Case busy_case() {
  Case busy{"busy", {}, object_of(kSampleStats)};
  for (auto& [id, stats] : busy.stats) {
    if (stats.get_object().empty()) continue;
    const auto before = stats.at_pointer("/precpu_stats/cpu_usage/total_usage").to_number<long>();
    stats.at_pointer("/cpu_stats/cpu_usage/total_usage") = before + 17'000'000'000;
  }
  return busy;
}

// Memory that is all page cache, which has no rss to give back.
Case cache_case() {
  Case cache{"cache", {}, object_of(kSampleStats)};
  json::value& memory = cache.stats.begin()->value().at("memory_stats");
  memory.at("stats").at("cache") = memory.at("usage");
  memory.at("stats").at("rss") = 0;
  return cache;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = {{"sample", object_of(kSampleTask), object_of(kSampleStats)},
                             tight_case(),
                             busy_case(),
                             cache_case()};
  for (const auto& entry : std::filesystem::directory_iterator(TESTDATA_DIR)) {
    auto task = object_of(entry.path() / "task.json");
    auto stats = object_of(entry.path() / "stats.json");
    if (task && stats) {
      cases.emplace_back(entry.path().filename().string(), std::move(*task), std::move(*stats));
    }
  }
  return cases;
}

// Frames over four days: short steps, and long ones that meet the waves, which have periods of
// minutes, in other phases each time.
std::vector<json::object> four_days(const Case& c) {
  std::vector<json::object> out;
  Frame frame{.start = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)};
  const auto add = [&](std::chrono::seconds step, int count) {
    for (int i = 0; i < count; ++i) {
      out.push_back(advance(c.stats, c.task, frame));
      frame.previous = frame.elapsed;
      frame.elapsed += step;
    }
  };
  add(std::chrono::seconds(13), 15);
  add(std::chrono::seconds(5189), 67);
  add(std::chrono::seconds(13), 15);
  return out;
}

std::optional<std::uint64_t> number(const json::value& value, std::string_view pointer) {
  boost::system::error_code ec;
  const json::value* found = value.find_pointer(pointer, ec);
  return found ? whole(*found) : std::nullopt;
}

double real(const json::value& value, std::string_view pointer) {
  return static_cast<double>(number(value, pointer).value_or(0));
}

std::optional<double> task_limit(const json::object& task, std::string_view key) {
  const json::object* limits = object_at(task, "Limits");
  return limits ? positive(*limits, key) : std::nullopt;
}

bool advances(const json::value& first) {
  return first.is_object() && time_at(first.get_object(), "read");
}

double host_cpus(const json::object& stats) {
  double most = 1;
  for (const auto& [id, first] : stats)
    most = std::max(most, real(first, "/cpu_stats/online_cpus"));
  return most;
}

TEST(MockLimits, TheContainersTogetherUseLessThanTheHostAndTheTaskHave) {
  const std::vector<Case> cases = all_cases();
  ASSERT_GT(cases.size(), 15U);
  constexpr std::string_view kTotal = "/cpu_stats/cpu_usage/total_usage";
  for (const Case& c : cases) {
    const double cpus = host_cpus(c.stats);
    const double most = std::min(cpus, task_limit(c.task, "CPU").value_or(cpus));
    const std::vector<json::object> samples = four_days(c);
    for (std::size_t i = 1; i < samples.size(); ++i) {
      double used_ns = 0;
      double window_ns = 0;
      for (const auto& [id, now] : samples[i]) {
        if (!advances(now)) continue;
        const json::value& before = samples[i - 1].at(id);
        const auto total = number(now, kTotal);
        if (total) used_ns += static_cast<double>(*total - number(before, kTotal).value());
        window_ns = 1e9 * seconds_between(*time_at(before.get_object(), "read"),
                                          *time_at(now.get_object(), "read"));
        if (!number(now, "/cpu_stats/system_cpu_usage")) continue;
        EXPECT_NEAR(
            real(now, "/cpu_stats/system_cpu_usage") - real(before, "/cpu_stats/system_cpu_usage"),
            cpus * window_ns, 1e4)
            << c.name;
      }
      ASSERT_LE(used_ns, 0.951 * most * window_ns) << c.name << ", sample " << i;
    }
  }
}

// The limit that task.json has of the container, in bytes.
std::optional<double> own_limit(const json::object& task, std::string_view id) {
  const json::value* list = task.if_contains("Containers");
  if (!list || !list->is_array()) return std::nullopt;
  for (const json::value& container : list->get_array()) {
    if (container.as_object().contains("DockerId") && container.at("DockerId").as_string() == id) {
      const auto mib = task_limit(container.get_object(), "Memory");
      return mib ? std::optional(*mib * 1048576) : std::nullopt;
    }
  }
  return std::nullopt;
}

// Fails if a number of the container's memory is more than it can be. What the file has over a
// limit is not the mock's doing: only more than that is.
void expect_within(const Case& c, std::string_view id, const json::value& now) {
  const json::value& first = c.stats.at(id);
  const double usage = real(now, "/memory_stats/usage");
  const double first_usage = real(first, "/memory_stats/usage");
  const double max = real(now, "/memory_stats/max_usage");
  const double first_max = std::max(real(first, "/memory_stats/max_usage"), first_usage);
  std::vector<double> limits;
  if (const auto own = own_limit(c.task, id)) limits.push_back(*own);
  for (const char* key : {"/memory_stats/limit", "/memory_stats/stats/hierarchical_memory_limit"}) {
    if (const auto limit = number(now, key)) limits.push_back(static_cast<double>(*limit));
  }
  for (const double limit : limits) {
    ASSERT_LE(usage, std::max(limit, first_usage)) << c.name << " " << id;
    ASSERT_LE(max, std::max(limit, first_max)) << c.name << " " << id;
  }
  ASSERT_LE(usage, number(now, "/memory_stats/max_usage") ? max : usage) << c.name << " " << id;
  const json::object* kinds = object_at(now.at("memory_stats").get_object(), "stats");
  if (!kinds) return;
  for (const auto& [key, kind] : *kinds) {
    const std::string name(key);
    if (name.contains("pg") || name.contains("limit") || name.contains("thp")) continue;
    ASSERT_LE(real(now, "/memory_stats/stats/" + name), usage)
        << c.name << " " << id << " " << name;
  }
  for (const auto& [a, b] : {std::pair("rss", "cache"), std::pair("anon", "file"),
                             std::pair("active_anon", "inactive_anon")}) {
    const std::string stats = "/memory_stats/stats/";
    ASSERT_LE(real(now, stats + a) + real(now, stats + b), usage + 1) << c.name << " " << id;
  }
}

TEST(MockLimits, MemoryStaysWithinTheLimitsOfContainersAndTask) {
  for (const Case& c : all_cases()) {
    const auto mib = task_limit(c.task, "Memory");
    for (const json::object& sample : four_days(c)) {
      double sum = 0;
      for (const auto& [id, now] : sample) {
        if (!advances(now) || !now.get_object().contains("memory_stats")) continue;
        sum += real(now, "/memory_stats/usage");
        expect_within(c, id, now);
        if (HasFatalFailure()) return;
        const double pids = real(now, "/pids_stats/current");
        ASSERT_LE(pids, number(now, "/pids_stats/limit") ? real(now, "/pids_stats/limit") : pids);
      }
      ASSERT_LE(sum, mib ? *mib * 1048576 : sum) << c.name;
    }
  }
}

TEST(MockLimits, MemoryVariesWhereThereIsRoom) {
  for (const Case& c : {Case{"sample", object_of(kSampleTask), object_of(kSampleStats)},
                        tight_case(), cache_case()}) {
    std::vector<double> usages;
    for (const json::object& sample : four_days(c)) {
      usages.push_back(real(sample.begin()->value(), "/memory_stats/usage"));
    }
    const auto [least, most] = std::ranges::minmax(usages);
    EXPECT_LT(least, usages.front()) << c.name;
    EXPECT_GT(most, least) << c.name;
  }
}

// Every time in `value`, in the order of the text.
void times_under(const json::value& value, std::vector<Timestamp>& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) times_under(member, out);
  } else if (const auto* array = value.if_array()) {
    for (const json::value& element : *array) times_under(element, out);
  } else if (const auto* text = value.if_string()) {
    if (const auto time = parse_timestamp(*text)) out.push_back(*time);
  }
}

std::vector<Timestamp> times_of(const json::value& value) {
  std::vector<Timestamp> out;
  times_under(value, out);
  return out;
}

TEST(MockLimits, TheSampleIsMinutesOldAndKeepsItsIntervals) {
  const Log log(LogLevel::kError, LogFormat::kJson);
  const auto before = std::chrono::system_clock::now();
  auto source = TaskSource::open("", false, log);
  ASSERT_TRUE(source);
  const auto written = times_of(json::parse(kSampleTask));
  const auto times = times_of(json::parse(living_answer(*source, {}).body));
  ASSERT_EQ(times.size(), written.size());
  ASSERT_EQ(times.size(), 11U);
  const Timestamp now{
      .seconds =
          std::chrono::duration_cast<std::chrono::seconds>(before.time_since_epoch()).count()};
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(seconds_between(times[0], times[i]), seconds_between(written[0], written[i]), 1e-6);
    EXPECT_GT(seconds_between(times[i], now), 0);
    EXPECT_LT(seconds_between(times[i], now), 600);
  }
}

TEST(MockLimits, TheFrozenSampleKeepsTheTimesAsWritten) {
  const Log log(LogLevel::kError, LogFormat::kJson);
  auto source = TaskSource::open("", true, log);
  ASSERT_TRUE(source);
  EXPECT_EQ(json::parse(living_answer(*source, {}).body), json::parse(kSampleTask));
}

TEST(MockLimits, TheCountersOfTheSampleFitItsAge) {
  const json::object task = object_of(kSampleTask);
  const json::object stats = object_of(kSampleStats);
  const double cpus = *task_limit(task, "CPU");
  for (const json::value& container : task.at("Containers").as_array()) {
    const json::value& first = stats.at(container.at("DockerId").as_string());
    if (!advances(first)) continue;
    const double age_s = seconds_between(*time_at(container.get_object(), "StartedAt"),
                                         *time_at(first.get_object(), "read"));
    EXPECT_GT(age_s, 120);
    EXPECT_LT(age_s, 600);
    EXPECT_LT(real(first, "/cpu_stats/cpu_usage/total_usage") / 1e9, cpus * age_s);
    for (const std::string way : {"rx", "tx"}) {
      const double rate =
          first.at("network_rate_stats").at(way + "_bytes_per_sec").to_number<double>();
      EXPECT_NEAR(real(first, "/networks/eth1/" + way + "_bytes") / age_s, rate, rate / 4);
    }
  }
}

// A file is read in another process's time: its times are its own.
TEST(MockLimits, TimesOfAFileStay) {
  const Log log(LogLevel::kError, LogFormat::kJson);
  const std::string dir = std::string(TESTDATA_DIR) + "/fargate";
  auto source = TaskSource::open(dir, false, log);
  ASSERT_TRUE(source);
  EXPECT_EQ(json::parse(living_answer(*source, {}).body),
            json::value(*object_of(std::filesystem::path(dir) / "task.json")));
}

}  // namespace
}  // namespace ecs_exporter::mock
