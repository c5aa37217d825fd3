// Text from outside, made safe to print: UTF-8 repaired, quoted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ecs_exporter {

/// U+FFFD, which stands for each byte that is not part of well-formed UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// The length in bytes, 1 to 4, of the well-formed UTF-8 sequence at the front of `text`; 0 if
/// there is none. (Unicode Standard, table 3-7.)
std::size_t utf8_length(std::string_view text);

/// True if each byte of `text` is below 0x80.
bool is_ascii(std::string_view text);

/// `text` with the replacement character for each byte that is not part of well-formed UTF-8.
std::string well_formed(std::string_view text);

/// Appends `text` as a JSON string, in quotes, in well-formed UTF-8. Control characters are
/// escaped: C0, delete, C1, and those that end a line or turn its direction.
void append_quoted(std::string& out, std::string_view text);

/// `text` in well-formed UTF-8, with its control characters as append_quoted writes them.
std::string one_line(std::string_view text);

/// `text` as a JSON string in quotes, cut after about 80 bytes: for messages.
std::string excerpt(std::string_view text);

}  // namespace ecs_exporter
