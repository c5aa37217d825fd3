// Lists with q values.
#include "negotiation.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace ecs_exporter {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  const std::size_t end = text.find_last_not_of(kSpace);
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// What comes before `separator` (outside of quotes); `text` goes on after it.
std::string_view next_part(std::string_view& text, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != separator); ++end) {
    if (text[end] == '"') quoted = !quoted;
  }
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

// One element of the list: "type;name=value;q=0.5".
struct Clause {
  std::string value;  // in lower case
  std::vector<std::pair<std::string, std::string>> parameters;
  double q = 1;

  std::string_view parameter(std::string_view name) const {
    for (const auto& [key, value_of_key] : parameters) {
      if (key == name) return value_of_key;
    }
    return {};
  }
};

double q_of(std::string_view text) {
  double q = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), q);
  const bool valid = ec == std::errc() && end == text.data() + text.size() && q >= 0 && q <= 1;
  return valid ? q : 0;
}

Clause read_clause(std::string_view text) {
  Clause clause{.value = lower(next_part(text, ';'))};
  while (!text.empty()) {
    std::string_view parameter = next_part(text, ';');
    const std::string name = lower(next_part(parameter, '='));
    std::string_view value = trimmed(parameter);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "q") {
      clause.q = q_of(value);
    } else if (!name.empty()) {
      clause.parameters.emplace_back(name, value);
    }
  }
  return clause;
}

// The clauses that are wanted at all, the most wanted first.
std::vector<Clause> read_list(std::string_view header) {
  std::vector<Clause> clauses;
  while (!header.empty()) {
    Clause clause = read_clause(next_part(header, ','));
    if (clause.q > 0 && !clause.value.empty()) clauses.push_back(std::move(clause));
  }
  std::ranges::stable_sort(clauses, std::ranges::greater(), &Clause::q);
  return clauses;
}

// The format that a clause asks for, if it is one of ours.
std::optional<ExpositionFormat> format_of(const Clause& clause) {
  const std::string_view version = clause.parameter("version");
  if (clause.value == "application/openmetrics-text" && version == "1.0.0") {
    return ExpositionFormat::kOpenMetrics;
  }
  const bool text = clause.value == "text/plain" && (version.empty() || version == "0.0.4");
  if (text || clause.value == "text/*" || clause.value == "*/*") return ExpositionFormat::kText;
  return std::nullopt;
}

std::string content_type(ExpositionFormat format, std::string_view escaping) {
  std::string type = format == ExpositionFormat::kOpenMetrics
                         ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                         : "text/plain; version=0.0.4; charset=utf-8";
  if (escaping.empty()) return type;
  const bool known = escaping == "allow-utf-8" || escaping == "underscores" || escaping == "values";
  type += "; escaping=";
  type += known ? escaping : "underscores";
  return type;
}

}  // namespace

Negotiated negotiate(std::string_view accept, std::string_view accept_encoding) {
  Negotiated answer{.content_type = content_type(ExpositionFormat::kText, {})};
  for (const Clause& clause : read_list(accept)) {
    const auto format = format_of(clause);
    if (!format) continue;
    answer.format = *format;
    answer.content_type = content_type(*format, clause.parameter("escaping"));
    break;
  }
  answer.gzip = std::ranges::any_of(read_list(accept_encoding),
                                    [](const Clause& clause) { return clause.value == "gzip"; });
  return answer;
}

}  // namespace ecs_exporter
