// Recorded replies to text, byte for byte. UPDATE_GOLDEN=1 (make golden) rewrites what is expected.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "configured.h"
#include "parse.h"
#include "scrape.h"

namespace ecs_exporter {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// The lines that only one of the two has: "-" for what was expected, "+" for what came.
std::string difference(const std::string& expected, const std::string& actual) {
  std::map<std::string, int> counts;
  for (const std::string& line : lines_of(expected)) --counts[line];
  for (const std::string& line : lines_of(actual)) ++counts[line];
  std::string out;
  for (const std::string& line : lines_of(expected)) {
    if (counts[line] < 0 && counts[line]++ < 0) out += "- " + line + "\n";
  }
  for (const std::string& line : lines_of(actual)) {
    if (counts[line] > 0 && counts[line]-- > 0) out += "+ " + line + "\n";
  }
  return out.empty() ? "the same lines in another order or with another end\n" : out;
}

void expect_golden(const fs::path& path, const std::string& actual) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  const std::string expected = read_file(path);
  if (actual == expected) return;
  ADD_FAILURE() << fs::relative(path, TESTDATA_DIR).string() << " differs:\n"
                << difference(expected, actual)
                << "If this is what it should say: make golden, and read the change.";
}

std::vector<fs::path> sorted(std::vector<fs::path> paths) {
  std::ranges::sort(paths);
  return paths;
}

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(TESTDATA_DIR)) {
    const fs::path& folder = entry.path();
    if (fs::exists(folder / "task.json") && fs::exists(folder / "stats.json"))
      found.push_back(folder);
  }
  return sorted(std::move(found));
}

std::vector<fs::path> bad_replies(const std::string& of) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(fs::path(TESTDATA_DIR) / "bad" / of)) {
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  }
  return sorted(std::move(found));
}

// GoogleTest allows only letters, digits and underscores.
std::string case_name(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string answer(std::string task, std::string stats,
                   const MetricsConfig& config = core_config()) {
  return *answer_from({.task = std::move(task), .stats = std::move(stats)}, config)
              .answer.body(ExpositionFormat::kText, false);
}

const MetricsConfig& all_config() {
  static const MetricsConfig config = configured({.groups = {"all"}});
  return config;
}

const MetricsConfig& profile_config() {
  static const MetricsConfig config = configured({.ecs_exporter_profile = true});
  return config;
}

class GoldenCase : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenCase, AnswersWithAllGroupsAsRecorded) {
  const fs::path& folder = GetParam();
  const std::string task = read_file(folder / "task.json");
  const std::string stats = read_file(folder / "stats.json");
  expect_golden(folder / "metrics.txt", answer(task, stats, all_config()));
  expect_golden(folder / "ecs_exporter.txt", answer(task, stats, profile_config()));
}

TEST_P(GoldenCase, AnswersAsRecorded) {
  const fs::path& folder = GetParam();
  expect_golden(folder / "core.txt",
                answer(read_file(folder / "task.json"), read_file(folder / "stats.json")));
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenCase, testing::ValuesIn(cases()), case_name);

TEST(Golden, ThereAreCases) {
  EXPECT_GE(cases().size(), 21U);
  EXPECT_GE(bad_replies("task").size(), 9U);
  EXPECT_GE(bad_replies("stats").size(), 9U);
}

class GoldenBadTask : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenBadTask, SaysWhy) {
  const auto reply = parse_task(read_file(GetParam()));
  ASSERT_FALSE(reply);
  expect_golden(fs::path(GetParam()).replace_extension(".error"), reply.error().message + "\n");
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenBadTask, testing::ValuesIn(bad_replies("task")), case_name);

class GoldenBadStats : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenBadStats, SaysWhy) {
  const auto reply = parse_stats(read_file(GetParam()));
  ASSERT_FALSE(reply);
  expect_golden(fs::path(GetParam()).replace_extension(".error"), reply.error().message + "\n");
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenBadStats, testing::ValuesIn(bad_replies("stats")),
                         case_name);

// ---- order -------------------------------------------------------------------------------------

using Random = std::minstd_rand;

// The members of every object in another order; of arrays only the containers, as the order of no
// other is free.
boost::json::value shuffled(const boost::json::value& value, Random& random,
                            bool containers = false) {
  if (const auto* array = value.if_array()) {
    boost::json::array out;
    for (const auto& element : *array) out.push_back(shuffled(element, random));
    if (containers) std::shuffle(out.begin(), out.end(), random);
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  std::vector<boost::json::key_value_pair> members(object->begin(), object->end());
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  boost::json::object out;
  for (const std::size_t i : order) {
    out.emplace(members[i].key(),
                shuffled(members[i].value(), random, members[i].key() == "Containers"));
  }
  return out;
}

boost::json::value document(const std::string& text) {
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  return boost::json::parse(text, {}, options);
}

std::string through_document(const std::string& text) {
  return boost::json::serialize(document(text));
}

std::string shuffled_text(const std::string& text, Random& random) {
  return boost::json::serialize(shuffled(document(text), random));
}

class Order : public testing::TestWithParam<fs::path> {};

TEST_P(Order, DoesNotMatter) {
  const fs::path& folder = GetParam();
  const std::string task = read_file(folder / "task.json");
  const std::string stats = read_file(folder / "stats.json");
  // Both through a document, which does not keep numbers to the last digit.
  const std::string expected =
      answer(through_document(task), through_document(stats), all_config());
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U}) {
    Random random(seed);
    const std::string text =
        answer(shuffled_text(task, random), shuffled_text(stats, random), all_config());
    EXPECT_EQ(text, expected) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, Order, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace ecs_exporter
