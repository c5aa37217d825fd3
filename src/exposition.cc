// The text format and OpenMetrics.
#include "exposition.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "quote.h"

namespace ecs_exporter {
namespace {

// True for what stands for itself wherever it is.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= ' ' && byte < 0x7F && c != '\\' && c != '"';
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    // Nearly always that is all.
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;

    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_value(std::string& out, const Value& value) {
  std::array<char, 32> digits{};
  const auto end = std::visit(
      [&](auto number) {
        return std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      },
      value);
  out.append(digits.data(), end);
}

// The sets as they stand between the braces, each once, however many samples have them.
std::vector<std::string> label_texts(const std::vector<LabelSet>& sets) {
  std::vector<std::string> texts;
  texts.reserve(sets.size());
  for (const LabelSet& set : sets) {
    std::string text = set.parent == LabelSet::kNoParent ? "" : texts[set.parent];
    for (const Label& label : set.labels) {
      if (label.value.empty()) continue;
      if (!text.empty()) text += ',';
      text += label.name;
      text += "=\"";
      append_escaped(text, label.value, true);
      text += '"';
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

// "# TYPE name gauge" and its like.
void append_metadata(std::string& out, std::string_view keyword, std::string_view name,
                     std::string_view text, bool quotes = false) {
  out += "# ";
  out += keyword;
  out += ' ';
  out += name;
  out += ' ';
  append_escaped(out, text, quotes);
  out += '\n';
}

void append_text_metadata(std::string& out, const Family& family) {
  append_metadata(out, "HELP", family.name, family.help);
  append_metadata(out, "TYPE", family.name,
                  family.type == FamilyType::kCounter ? "counter" : "gauge");
}

// In OpenMetrics the family's name is that of its samples without what the type adds to it.
void append_openmetrics_metadata(std::string& out, const Family& family) {
  std::string_view name = family.name;
  std::string_view type = "gauge";
  if (family.type == FamilyType::kCounter) {
    type = "counter";
    name.remove_suffix(std::string_view("_total").size());
  } else if (name.ends_with("_info")) {
    type = "info";
    name.remove_suffix(std::string_view("_info").size());
  }
  append_metadata(out, "HELP", name, family.help, true);
  append_metadata(out, "TYPE", name, type);
  for (const std::string_view unit : {"bytes", "seconds"}) {
    if (name.ends_with(unit)) append_metadata(out, "UNIT", name, unit);
  }
}

}  // namespace

std::string exposition(const Families& families, ExpositionFormat format) {
  const bool openmetrics = format == ExpositionFormat::kOpenMetrics;
  const std::vector<std::string> labels = label_texts(families.label_sets);
  std::string out;
  for (const Family& family : families.families) {
    if (openmetrics) {
      append_openmetrics_metadata(out, family);
    } else {
      append_text_metadata(out, family);
    }
    for (const Sample& sample : family.samples) {
      out += family.name;
      if (const std::string& text = labels[sample.labels]; !text.empty()) {
        out += '{';
        out += text;
        out += '}';
      }
      out += ' ';
      append_value(out, sample.value);
      out += '\n';
    }
  }
  if (openmetrics) out += "# EOF\n";
  return out;
}

}  // namespace ecs_exporter
