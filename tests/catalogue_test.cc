// The document of all metrics, and what holds for all rows of all tables.
#include "catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "configured.h"
#include "metrics.h"
#include "profile.h"
#include "scrape.h"

namespace ecs_exporter {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The names in the document, in order.
std::vector<std::string> names() {
  std::vector<std::string> out;
  std::istringstream lines(metrics_catalogue());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| `")) out.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  return out;
}

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(TESTDATA_DIR)) {
    if (fs::exists(entry.path() / "stats.json")) found.push_back(entry.path());
  }
  return found;
}

TEST(Catalogue, IsTheDocument) {
  const fs::path path = fs::path(TESTDATA_DIR).parent_path().parent_path() / "docs" / "metrics.md";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << metrics_catalogue();
  EXPECT_EQ(read_file(path), metrics_catalogue())
      << "docs/metrics.md is not up to date: make golden";
}

TEST(Catalogue, NamesNoMetricTwice) {
  const auto all = names();
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size());
  EXPECT_GT(all.size(), 80U);
}

template <class Subject>
void append_names(std::vector<std::string>& names, const Table<Subject>& table) {
  for (const Metric<Subject>& row : table.rows) names.emplace_back(row.name);
}

TEST(Catalogue, ThePageOnMigratingNamesEveryMetricOfTheProfile) {
  const std::string page = read_file(fs::path(TESTDATA_DIR).parent_path().parent_path() / "docs" /
                                     "migrating-from-ecs-exporter.md");
  std::vector<std::string> all;
  append_names(all, kProfileTaskTable);
  append_names(all, kProfileContainerTable);
  append_names(all, kProfileNetworkTable);
  EXPECT_EQ(all.size(), 39U);
  for (const std::string& name : all) EXPECT_TRUE(page.contains("\n| `" + name + "` |")) << name;
}

TEST(Catalogue, EveryMetricOfTheTaskStandsInAGoldenFile) {
  std::string golden;
  for (const fs::path& folder : cases()) golden += read_file(folder / "metrics.txt");
  for (const std::string& name : names()) {
    const bool of_exporter = name.starts_with("ecs_exporter_") || name.starts_with("process_");
    if (of_exporter) continue;  // differs from scrape to scrape: the end-to-end test looks at these
    EXPECT_TRUE(golden.contains("\n# TYPE " + name + " ")) << name;
  }
}

// Every 0 of the replies, and every value that is left out because it is 0, becomes a 7.
void without_zeros(json::value& value) {
  if (auto* object = value.if_object()) {
    const auto say = [&](std::string_view beside, std::initializer_list<std::string_view> keys) {
      if (!object->contains(beside)) return;
      for (const std::string_view key : keys) object->emplace(key, 7);
    };
    say("op", {"value"});
    say("total_usage", {"usage_in_usermode", "usage_in_kernelmode"});
    say("usage", {"failcnt"});
    say("rss", {"cache", "mapped_file", "inactive_file", "pgfault", "pgmajfault"});
    for (auto& member : *object) without_zeros(member.value());
  } else if (auto* array = value.if_array()) {
    for (json::value& element : *array) without_zeros(element);
  } else if (value.is_number() && value.to_number<double>() == 0) {
    value = 7;
  }
}

std::string without_zeros(const std::string& text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::value value = json::parse(text, {}, options);
  without_zeros(value);
  return json::serialize(value);
}

TEST(Catalogue, NoZeroIsPrintedThatTheRepliesDoNotHave) {
  // What is 0 for a reason: truth values, and differences of equal numbers.
  const std::set<std::string> may_be_zero = {"ecs_container_exporter_up",
                                             "ecs_container_running",
                                             "ecs_task_fault_injection_enabled",
                                             "ecs_task_clock_synchronized",
                                             "ecs_container_cpu_usage",
                                             "ecs_container_cpu_usage_cores",
                                             "ecs_container_mem_working_set_bytes"};
  const MetricsConfig all = configured({.groups = {"all"}});
  for (const fs::path& folder : cases()) {
    const Replies replies = {.task = without_zeros(read_file(folder / "task.json")),
                             .stats = without_zeros(read_file(folder / "stats.json"))};
    std::istringstream lines(
        *answer_from(replies, all).answer.body(ExpositionFormat::kText, false));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#') || !line.ends_with(" 0")) continue;
      const std::string name = line.substr(0, line.find_first_of("{ "));
      EXPECT_TRUE(may_be_zero.contains(name)) << folder.stem() << ": " << line;
    }
  }
}

TEST(Catalogue, NoSeriesIsPrintedTwice) {
  for (const fs::path& folder : cases()) {
    std::istringstream lines(read_file(folder / "metrics.txt"));
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second)
          << folder.stem() << ": " << line;
    }
  }
}

// The names of the labels on the samples.
std::set<std::string> label_names(const Families& families) {
  std::set<std::string> out;
  for (const Family& family : families.families) {
    for (const Sample& sample : family.samples) {
      for (std::size_t set = sample.labels; set != LabelSet::kNoParent;
           set = families.label_sets[set].parent) {
        for (const Label& label : families.label_sets[set].labels) out.emplace(label.name);
      }
    }
  }
  return out;
}

// Of every family, over all cases and of the exporter itself.
std::set<std::string> printed_label_names(const MetricsConfig& config) {
  SelfUse self{.replies = {{200, 1}}, .process = ProcessUsage{}};
  self.task.errors[ErrorKind::kTimeout] = 1;
  std::set<std::string> out = label_names(collect_self(self, {}, config));
  for (const fs::path& folder : cases()) {
    const Interpreter::Interpreted interpreted = Interpreter(config).interpret(
        {.task = read_file(folder / "task.json"), .stats = read_file(folder / "stats.json")});
    out.merge(label_names(collect(*interpreted.snapshot, config)));
  }
  return out;
}

TEST(Catalogue, NoLabelThatIsPrintedCanBeAStaticOneToo) {
  for (const bool snake_case : {false, true}) {
    for (const bool profile : {false, true}) {
      MetricsChoices choices{
          .groups = {"all"}, .snake_case = snake_case, .ecs_exporter_profile = profile};
      const std::set<std::string> printed = printed_label_names(configured(choices));
      EXPECT_EQ(printed.size(), profile ? 16U : 36U);
      for (const std::string& name : printed) {
        choices.static_labels = {{name, "x"}};
        const auto config = make_metrics_config(choices);
        ASSERT_FALSE(config) << name;
        EXPECT_THAT(config.error().message,
                    testing::StartsWith("--labels.static: \"" + name + "\" makes the label " +
                                        name + ", which is also a label of the "));
      }
    }
  }
}

}  // namespace
}  // namespace ecs_exporter
