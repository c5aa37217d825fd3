// Log lines.
#include "log.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "quote.h"

namespace ecs_exporter {
namespace {

constexpr std::array<std::string_view, 3> kOwnKeys = {"time", "level", "msg"};

std::string_view name_of(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

// The time now as RFC 3339 in UTC with milliseconds.
std::string now() {
  std::timespec time{};
  std::timespec_get(&time, TIME_UTC);
  std::tm utc{};
  gmtime_r(&time.tv_sec, &utc);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ",
                static_cast<int>(time.tv_nsec / 1'000'000));
  return text.data();
}

// In logfmt a plain word stands as it is.
bool is_plain(std::string_view text) {
  constexpr std::string_view kPunctuation = "-_.,:;/+@%()[]{}*!?#$&~^|<>";
  for (const char c : text) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && !kPunctuation.contains(c)) return false;
  }
  return !text.empty();
}

// A logfmt key has no quotes: what cannot stand in it becomes an underscore.
void append_key(std::string& line, std::string_view key) {
  for (const char c : key) line += c > ' ' && c != '=' && c != '"' && c < 0x7F ? c : '_';
}

void append_field(std::string& line, LogFormat format, const LogField& field) {
  const bool json = format == LogFormat::kJson;
  if (!line.empty()) line += json ? ',' : ' ';
  if (json) {
    append_quoted(line, field.key);
    line += ':';
  } else {
    append_key(line, field.key);
    line += '=';
  }
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    line += std::to_string(*number);
    return;
  }
  const auto text = std::get<std::string_view>(field.value);
  if (json || !is_plain(text)) {
    append_quoted(line, text);
  } else {
    line += text;
  }
}

}  // namespace

Log::Log(LogLevel level, LogFormat format, std::vector<std::pair<std::string, std::string>> fields,
         int file_descriptor)
    : level_(level),
      format_(format),
      fields_(std::move(fields)),
      file_descriptor_(file_descriptor) {
  std::erase_if(fields_, [](const auto& field) {
    for (const std::string_view own : kOwnKeys) {
      if (field.first == own) return true;
    }
    return false;
  });
}

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kDebug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kInfo, message, fields);
}
void Log::warn(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kWarn, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kError, message, fields);
}

void Log::write(LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields) const {
  if (level < level_) return;
  const std::string time = now();
  std::string line;
  append_field(line, format_, {"time", time});
  append_field(line, format_, {"level", name_of(level)});
  append_field(line, format_, {"msg", message});
  for (const LogField& field : fields) append_field(line, format_, field);
  for (const auto& [key, value] : fields_) append_field(line, format_, {key, value});
  if (format_ == LogFormat::kJson) {
    line.insert(0, 1, '{');
    line += '}';
  }
  line += '\n';
  // Where a log line cannot be written there is no better place to say so.
  [[maybe_unused]] const ssize_t written = ::write(file_descriptor_, line.data(), line.size());
}

}  // namespace ecs_exporter
