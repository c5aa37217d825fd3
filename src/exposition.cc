// The text format 0.0.4.
#include "exposition.h"

#include <array>
#include <charconv>

#include "quote.h"

namespace ecs_exporter {
namespace {

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
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

std::string_view name_of(FamilyType type) {
  return type == FamilyType::kCounter ? "counter" : "gauge";
}

}  // namespace

std::string exposition_text(const Families& families) {
  const std::vector<std::string> labels = label_texts(families.label_sets);
  std::string out;
  for (const Family& family : families.families) {
    out += "# HELP ";
    out += family.name;
    out += ' ';
    append_escaped(out, family.help, false);
    out += "\n# TYPE ";
    out += family.name;
    out += ' ';
    out += name_of(family.type);
    out += '\n';
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
  return out;
}

}  // namespace ecs_exporter
