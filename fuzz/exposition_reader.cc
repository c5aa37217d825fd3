// Line by line.
#include "exposition_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "quote.h"

namespace ecs_exporter::fuzz {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string_view until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

class Reader {
 public:
  Reader(std::string_view text, ExpositionFormat format)
      : rest_(text), openmetrics_(format == ExpositionFormat::kOpenMetrics) {}

  ReadExposition read() {
    if (!is_utf8(rest_)) complain("not UTF-8", rest_);
    if (!rest_.empty() && !rest_.ends_with('\n')) complain("no newline at the end", "");
    while (!rest_.empty() && out_.problem.empty() && !ended_) line(until(rest_, '\n'));
    if (openmetrics_ && !ended_) complain("no # EOF", "");
    if (!rest_.empty()) complain("more after the end", rest_);
    if (awaited_ != Awaited::kHelp && !has_samples_) complain("metadata without samples", family_);
    return std::move(out_);
  }

 private:
  enum class Awaited { kHelp, kType, kSamples };

  void complain(std::string_view what, std::string_view where) {
    if (!out_.problem.empty()) return;
    out_.problem = std::string(what) + ": " + std::string(where.substr(0, 300));
  }

  void line(std::string_view line) {
    const std::string_view whole = line;
    if (line == "# EOF" && openmetrics_) {
      ended_ = true;
    } else if (skip(line, "# HELP ")) {
      help(until(line, ' '), line);
    } else if (skip(line, "# TYPE ")) {
      type(until(line, ' '), line);
    } else if (skip(line, "# UNIT ") && openmetrics_) {
      const std::string_view name = until(line, ' ');
      const bool fits = name == family_ && name.ends_with("_" + std::string(line));
      if (awaited_ != Awaited::kSamples || has_samples_ || !fits) complain("a bad unit", whole);
    } else {
      sample(line);
    }
  }

  void help(std::string_view name, std::string_view text) {
    if (awaited_ == Awaited::kType || (awaited_ == Awaited::kSamples && !has_samples_)) {
      complain("a family without samples", family_);
    }
    if (!is_name(name) || !families_.emplace(name).second) complain("a bad family", name);
    if (!unescaped(text, openmetrics_)) complain("a bad help", text);
    family_ = name;
    awaited_ = Awaited::kType;
  }

  void type(std::string_view name, std::string_view type) {
    if (awaited_ != Awaited::kType || name != family_) complain("a misplaced type", name);
    counter_ = type == "counter";
    sample_name_ = name;
    if (openmetrics_ && counter_) sample_name_ += "_total";
    if (openmetrics_ && type == "info") sample_name_ += "_info";
    if (!counter_ && type != "gauge" && (type != "info" || !openmetrics_)) {
      complain("a bad type", type);
    }
    awaited_ = Awaited::kSamples;
    has_samples_ = false;
  }

  void sample(std::string_view line) {
    const std::string_view whole = line;
    const std::size_t end = std::min(line.find_first_of("{ "), line.size());
    const std::string_view name = line.substr(0, end);
    line.remove_prefix(end);
    if (awaited_ != Awaited::kSamples || name != sample_name_) {
      return complain("a sample in the wrong place", whole);
    }
    const auto labels = read_labels(line);
    if (!labels || !skip(line, " ")) return complain("bad labels", whole);
    if (!is_value(line)) return complain("a bad value", whole);
    const std::string series = std::string(name) + *labels;
    if (!out_.samples.emplace(series, line).second) return complain("a series twice", whole);
    has_samples_ = true;
  }

  // Sorted, as `{a="b",c="d"}`; absent if they are none.
  static std::optional<std::string> read_labels(std::string_view& line) {
    if (!skip(line, "{")) return "";
    std::map<std::string, std::string> labels;
    do {
      const std::string_view name = until(line, '=');
      if (!is_name(name) || !skip(line, "\"")) return std::nullopt;
      std::size_t end = 0;
      while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
      if (end >= line.size()) return std::nullopt;
      const auto value = unescaped(line.substr(0, end), true);
      line.remove_prefix(end + 1);
      if (!value || value->empty() || !labels.emplace(name, *value).second) return std::nullopt;
    } while (skip(line, ","));
    if (!skip(line, "}")) return std::nullopt;
    std::string out = "{";
    for (const auto& [name, value] : labels) {
      out += out.size() == 1 ? "" : ",";
      out += name;
      out += '=';
      append_quoted(out, value);
    }
    return out + "}";
  }

  // Absent if there is an escape that is none, or a quote that should be one.
  static std::optional<std::string> unescaped(std::string_view text, bool quotes) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"' && quotes) return std::nullopt;
      if (text[i] != '\\') {
        out += text[i];
        continue;
      }
      if (++i == text.size()) return std::nullopt;
      if (text[i] == 'n') {
        out += '\n';
      } else if (text[i] == '\\' || (text[i] == '"' && quotes)) {
        out += text[i];
      } else {
        return std::nullopt;
      }
    }
    return out;
  }

  bool is_value(std::string_view text) const {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc() && end == text.data() + text.size() && std::isfinite(value) &&
           (!counter_ || value >= 0);
  }

  std::string_view rest_;
  bool openmetrics_;
  ReadExposition out_;
  std::set<std::string, std::less<>> families_;
  Awaited awaited_ = Awaited::kHelp;
  std::string_view family_;
  std::string sample_name_;
  bool counter_ = false;
  bool has_samples_ = false;
  bool ended_ = false;
};

}  // namespace

ReadExposition read_exposition(std::string_view text, ExpositionFormat format) {
  return Reader(text, format).read();
}

std::string_view name_of(std::string_view series) { return series.substr(0, series.find('{')); }

std::string label_of(std::string_view series, std::string_view name) {
  const std::string start = std::string(name) + "=\"";
  for (const char before : {'{', ','}) {
    const std::size_t at = series.find(before + start);
    if (at == std::string_view::npos) continue;
    const std::string_view value = series.substr(at + 1 + start.size());
    return std::string(value.substr(0, value.find('"')));
  }
  return "";
}

}  // namespace ecs_exporter::fuzz
