// Families to text.
#include "exposition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace ecs_exporter {
namespace {

std::string text_of(const Families& families) {
  return exposition(families, ExpositionFormat::kText);
}

// The text of one gauge `g` with one sample.
std::string text_of(Value value, std::vector<Label> labels = {}) {
  return text_of({.label_sets = {{.labels = std::move(labels)}},
                  .families = {{"g", FamilyType::kGauge, "Help.", {{0, value}}}}});
}

// What stands after the name and labels.
std::string printed(Value value) {
  const std::string text = text_of(value);
  return text.substr(text.rfind(' ') + 1);
}

std::string printed_label(std::string_view value) {
  const std::string text = text_of(1UL, {{"L", std::string(value)}});
  return text.substr(text.find("g{") + 1);
}

TEST(Exposition, OfNothingIsEmpty) { EXPECT_EQ(exposition({}, ExpositionFormat::kText), ""); }

TEST(Exposition, FamilyHasHelpTypeAndSamples) {
  EXPECT_EQ(text_of(1UL), "# HELP g Help.\n# TYPE g gauge\ng 1\n");
}

TEST(Exposition, CountersAreCalledSo) {
  EXPECT_EQ(text_of({.label_sets = {{}},
                     .families = {{"c_total", FamilyType::kCounter, "C.", {{0, 2UL}}}}}),
            "# HELP c_total C.\n# TYPE c_total counter\nc_total 2\n");
}

TEST(Exposition, FamiliesAndSamplesKeepTheirOrder) {
  EXPECT_EQ(text_of({.label_sets = {{.labels = {{"A", "1"}}}, {.labels = {{"A", "0"}}}},
                     .families = {{"z", FamilyType::kGauge, "Z.", {{0, 1UL}, {1, 2UL}}},
                                  {"a", FamilyType::kGauge, "A.", {{1, 3UL}}}}}),
            "# HELP z Z.\n# TYPE z gauge\nz{A=\"1\"} 1\nz{A=\"0\"} 2\n"
            "# HELP a A.\n# TYPE a gauge\na{A=\"0\"} 3\n");
}

TEST(Exposition, LabelsOfTheParentComeFirst) {
  EXPECT_EQ(text_of({.label_sets = {{.labels = {{"T", "t"}}},
                                    {.parent = 0, .labels = {{"C", "c"}}},
                                    {.parent = 1, .labels = {{"I", "i"}}}},
                     .families = {{"g", FamilyType::kGauge, "Help.", {{2, 1UL}}}}}),
            "# HELP g Help.\n# TYPE g gauge\ng{T=\"t\",C=\"c\",I=\"i\"} 1\n");
}

TEST(Exposition, LabelWithAnEmptyValueIsLeftOut) {
  EXPECT_EQ(text_of(1UL, {{"A", ""}}), "# HELP g Help.\n# TYPE g gauge\ng 1\n");
  EXPECT_EQ(text_of(1UL, {{"A", ""}, {"B", "b"}, {"C", ""}}),
            "# HELP g Help.\n# TYPE g gauge\ng{B=\"b\"} 1\n");
}

TEST(Exposition, LabelValuesAreEscaped) {
  EXPECT_EQ(printed_label("a\\b\"c\nd"), "{L=\"a\\\\b\\\"c\\nd\"} 1\n");
  EXPECT_EQ(printed_label("tab\tand {braces}, =\r"), "{L=\"tab\tand {braces}, =\r\"} 1\n");
  EXPECT_EQ(printed_label("Größe 💡"), "{L=\"Größe 💡\"} 1\n");
}

TEST(Exposition, BadUtf8BecomesAReplacementCharacter) {
  EXPECT_EQ(printed_label("a\xFF\xE2\x82z"), "{L=\"a\uFFFD\uFFFD\uFFFDz\"} 1\n");
}

TEST(Exposition, HelpEscapesBackslashAndNewlineButNoQuotes) {
  EXPECT_EQ(text_of({.label_sets = {{}},
                     .families = {{"g", FamilyType::kGauge, "a\\b\nc \"d\".", {{0, 1UL}}}}}),
            "# HELP g a\\\\b\\nc \"d\".\n# TYPE g gauge\ng 1\n");
}

TEST(Exposition, WholeNumbersLoseNoDigits) {
  EXPECT_EQ(printed(0UL), "0\n");
  EXPECT_EQ(printed(9007199254740993UL), "9007199254740993\n");
  EXPECT_EQ(printed(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615\n");
}

TEST(Exposition, RealNumbersArePrintedShortest) {
  EXPECT_EQ(printed(0.1), "0.1\n");
  EXPECT_EQ(printed(932439492 / 1e9), "0.932439492\n");
  EXPECT_EQ(printed(1.0), "1\n");
  EXPECT_EQ(printed(0.0), "0\n");
  EXPECT_EQ(printed(-0.5), "-0.5\n");
  EXPECT_EQ(printed(1e-9), "1e-09\n");
  EXPECT_EQ(printed(1e300), "1e+300\n");
  EXPECT_EQ(printed(1.0 / 3), "0.3333333333333333\n");
}

TEST(Exposition, LongestRealNumberFits) {
  EXPECT_EQ(printed(-std::nextafter(1.0, 2.0) * 1e-300).size(), 25U);
  EXPECT_EQ(printed(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308\n");
}

// A family of one sample as OpenMetrics has it.
std::string openmetrics_of(const char* name, FamilyType type) {
  return exposition({.label_sets = {{}}, .families = {{name, type, "Of \"it\".", {{0, 1UL}}}}},
                    ExpositionFormat::kOpenMetrics);
}

TEST(OpenMetrics, OfNothingIsItsEnd) {
  EXPECT_EQ(exposition({}, ExpositionFormat::kOpenMetrics), "# EOF\n");
}

TEST(OpenMetrics, CounterIsCalledWithoutTotalButInItsSamples) {
  EXPECT_EQ(openmetrics_of("c_total", FamilyType::kCounter),
            "# HELP c Of \\\"it\\\".\n# TYPE c counter\nc_total 1\n# EOF\n");
}

TEST(OpenMetrics, UnitStandsWhereTheNameEndsInIt) {
  EXPECT_EQ(openmetrics_of("c_seconds_total", FamilyType::kCounter),
            "# HELP c_seconds Of \\\"it\\\".\n# TYPE c_seconds counter\n"
            "# UNIT c_seconds seconds\nc_seconds_total 1\n# EOF\n");
  EXPECT_EQ(openmetrics_of("g_bytes", FamilyType::kGauge),
            "# HELP g_bytes Of \\\"it\\\".\n# TYPE g_bytes gauge\n# UNIT g_bytes bytes\ng_bytes 1\n"
            "# EOF\n");
  EXPECT_EQ(
      openmetrics_of("g_bytes_free", FamilyType::kGauge),
      "# HELP g_bytes_free Of \\\"it\\\".\n# TYPE g_bytes_free gauge\ng_bytes_free 1\n# EOF\n");
}

TEST(OpenMetrics, InfoIsATypeAndCalledWithoutInfo) {
  EXPECT_EQ(openmetrics_of("t_info", FamilyType::kGauge),
            "# HELP t Of \\\"it\\\".\n# TYPE t info\nt_info 1\n# EOF\n");
}

}  // namespace
}  // namespace ecs_exporter
