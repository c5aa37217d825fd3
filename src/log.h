// A log line: one line on stderr, as JSON or logfmt. Nothing here ever waits for who reads it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
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

class LogOutput;

/// Writes log lines, each with one write (of up to 4 KiB), so that lines never mix. A line that
/// cannot be written at once is dropped; the next one says how many were.
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
  std::shared_ptr<LogOutput> output_;  // of all copies
};

/// Writes one plain line to stderr, as a log would: for where the log's own options are not known.
void print_to_stderr(std::string_view message);

}  // namespace ecs_exporter
