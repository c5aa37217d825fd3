// A tokenizer with a stack of keys.
#include "json_zeros.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "timestamp.h"

namespace ecs_exporter::fuzz {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The string whose first quote is at `at`, which then stands behind it. Escapes of more than ASCII
// become '?': no key that matters has one.
std::string string_at(std::string_view text, std::size_t& at) {
  std::string out;
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    const char c = text[++at];
    if (c == 'u' && at + 4 < text.size()) {
      unsigned code = 0;
      std::from_chars(text.data() + at + 1, text.data() + at + 5, code, 16);
      out += code < 0x80 ? static_cast<char>(code) : '?';
      at += 4;
    } else {
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
  }
  ++at;
  return out;
}

bool is_epoch(std::string_view text) {
  const auto time = parse_timestamp(text);
  return time && time->seconds == 0 && time->nanoseconds == 0;
}

// The number at `at`, which then stands behind it.
bool is_zero_at(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
  const std::string number(text.substr(at, end - at));
  at = end;
  return std::abs(std::strtod(number.c_str(), nullptr)) < 1e-300;
}

}  // namespace

std::set<std::string, std::less<>> keys_of_zeros(std::string_view text) {
  std::set<std::string, std::less<>> zeros;
  std::vector<std::string> keys = {""};
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      std::string string = string_at(text, at);
      while (at < text.size() && is_space(text[at])) ++at;
      if (at < text.size() && text[at] == ':') {
        keys.back() = std::move(string);
      } else if (is_epoch(string)) {
        zeros.insert(keys.back());
      }
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      if (is_zero_at(text, at)) zeros.insert(keys.back());
    } else {
      if (c == '{' || c == '[') keys.push_back(keys.back());
      if ((c == '}' || c == ']') && keys.size() > 1) keys.pop_back();
      ++at;
    }
  }
  return zeros;
}

}  // namespace ecs_exporter::fuzz
