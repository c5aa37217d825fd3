// What a scrape answers, before it is text: metric families, their samples, their labels.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ecs_exporter {

enum class FamilyType { kGauge, kCounter };

/// A whole number stays whole up to the point of printing, so that none above 2^53 loses digits.
using Value = std::variant<std::uint64_t, double>;

/// Both live longer than the families, or among their `texts`.
struct Label {
  std::string_view name;
  std::string_view value;  // as it came: not escaped, perhaps not well-formed UTF-8
};

/// The labels of one subject (the task, a container): those of `parent`, then its own. Names are
/// distinct along the way; a label with an empty value is left out when printed.
struct LabelSet {
  static constexpr std::size_t kNoParent = static_cast<std::size_t>(-1);
  std::size_t parent = kNoParent;  // index of an earlier set
  std::vector<Label> labels;
};

struct Sample {
  std::size_t labels = 0;  // index of a label set
  Value value;
};

/// Name and help live in the table of metrics, and so for ever; they need no escaping.
struct Family {
  std::string_view name;
  FamilyType type = FamilyType::kGauge;
  std::string_view help;
  std::vector<Sample> samples;  // at least one; no two with the same labels
};

/// The formats in which families can be written.
enum class ExpositionFormat { kText, kOpenMetrics };

struct Families {
  std::vector<LabelSet> label_sets;
  std::vector<Family> families;
  std::deque<std::string> texts;  // that were made for label values
};

}  // namespace ecs_exporter
