// Reads an exposition as strictly as the strictest reader there is, and tells what is wrong.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "family.h"

namespace ecs_exporter::fuzz {

struct ReadExposition {
  /// Value by series: the sample's name, and its labels sorted and quoted, as `name{a="b"}`.
  std::map<std::string, std::string> samples;
  /// One sentence on the first thing that is wrong; "" if nothing is.
  std::string problem;
};

/// A problem is: a line that is none; metadata that is not HELP, TYPE and in OpenMetrics UNIT, in
/// this order, once for each family and right before its samples; names, labels or escapes that are
/// none; text that is not UTF-8; a series twice; a value that is not finite, or negative and of a
/// counter; in OpenMetrics another end than "# EOF".
ReadExposition read_exposition(std::string_view text, ExpositionFormat format);

/// The name of a series.
std::string_view name_of(std::string_view series);

/// The value of the label `name` of a series; "" if it has none.
std::string label_of(std::string_view series, std::string_view name);

}  // namespace ecs_exporter::fuzz
