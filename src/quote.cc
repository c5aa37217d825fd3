// UTF-8 repair and JSON quoting.
#include "quote.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace ecs_exporter {
namespace {

// The code point of a sequence that is well-formed.
std::uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0);
  // The first byte has as many leading ones as there are bytes, and then a zero.
  std::uint32_t value = byte(0) & (0x7FU >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) value = value << 6U | (byte(i) & 0x3FU);
  return value;
}

// What is not shown but changes how the rest is: it ends a line, moves the cursor of a terminal, or
// turns the direction of the text, so that a line can be made to look like another.
bool is_control(std::uint32_t c) {
  constexpr std::uint32_t kRanges[][2] = {
      {0x00, 0x1F},                        // C0
      {0x7F, 0x9F},                        // delete, and C1
      {0x061C, 0x061C},                    // direction, as the next but one and the last but one
      {0x200E, 0x200F}, {0x2028, 0x2029},  // the ends of a line and a paragraph
      {0x202A, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},  // the byte order mark
  };
  return std::ranges::any_of(kRanges, [&](const auto& r) { return r[0] <= c && c <= r[1]; });
}

// `c`: of those that is_control names, all below U+10000.
void append_control_escape(std::string& out, std::uint32_t c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u";
      for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kHex[c >> shift & 0xFU];
  }
}

// Appends `text` in well-formed UTF-8, with its control characters as escapes, and a backslash
// before each character of `escaped`.
void append_safe(std::string& out, std::string_view text, std::string_view escaped) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(sequence.size());
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (const std::uint32_t c = code_point(sequence); is_control(c)) {
      append_control_escape(out, c);
    } else {
      if (length == 1 && escaped.contains(sequence.front())) out += '\\';
      out += sequence;
    }
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto in = [](unsigned b, unsigned low, unsigned high) { return b >= low && b <= high; };
  const auto tail = [&](std::size_t i) { return in(byte(i), 0x80, 0xBF); };

  if (text.empty()) return 0;
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (in(lead, 0xC2, 0xDF)) return tail(1) ? 2 : 0;
  if (in(lead, 0xE0, 0xEF)) {
    // Neither overlong forms nor surrogates.
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return in(byte(1), low, high) && tail(2) ? 3 : 0;
  }
  if (in(lead, 0xF0, 0xF4)) {
    // Neither overlong forms nor anything past U+10FFFF.
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return in(byte(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_ascii(std::string_view text) {
  // By words, as all text that comes in is looked at.
  std::uint64_t word = 0;
  for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
    std::memcpy(&word, text.data(), sizeof(word));
    if ((word & 0x8080808080808080) != 0) return false;
  }
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string well_formed(std::string_view text) {
  if (is_ascii(text)) return std::string(text);  // nearly always
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? kReplacementCharacter : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_safe(out, text, "\"\\");
  out += '"';
}

std::string one_line(std::string_view text) {
  std::string out;
  append_safe(out, text, "");
  return out;
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out;
  if (text.size() <= kLongest) {
    append_quoted(out, text);
    return out;
  }
  std::size_t cut = kLongest;
  while (cut > kLongest - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  append_quoted(out, text.substr(0, cut));
  out += "...";
  return out;
}

}  // namespace ecs_exporter
