// A log line: one line on stderr, as JSON or logfmt.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ecs_exporter {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kJson, kLogfmt };

/// A field of a log line: a key and a text or whole number.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t> value;
};

/// Writes log lines, each with one write, so that lines never mix.
class Log {
 public:
  /// `fields` stand on every line, after `time`, `level` and `msg`, which they cannot replace.
  Log(LogLevel level, LogFormat format,
      std::vector<std::pair<std::string, std::string>> fields = {}, int file_descriptor = 2);

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) const;

  LogLevel level_;
  LogFormat format_;
  std::vector<std::pair<std::string, std::string>> fields_;
  int file_descriptor_;
};

}  // namespace ecs_exporter
