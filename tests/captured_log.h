// A log whose lines a test can read.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "log.h"

namespace ecs_exporter {

class CapturedLog {
 public:
  explicit CapturedLog(LogLevel level = LogLevel::kDebug, LogFormat format = LogFormat::kLogfmt,
                       std::vector<std::pair<std::string, std::string>> fields = {})
      : file_(std::tmpfile()), log_(level, format, std::move(fields), fileno(file_)) {}
  ~CapturedLog() { std::fclose(file_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  const Log& log() const { return log_; }

  /// What was written so far, without `time="..." ` at the front of each line.
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::string rest = text();
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      if (line.starts_with("time=")) line.erase(0, line.find(' ') + 1);
      out.push_back(std::move(line));
    }
    EXPECT_EQ(rest, "") << "the last line does not end";
    return out;
  }

  /// What was written so far, as it is.
  std::string text() const {
    std::string out;
    char part[4096];
    for (;;) {
      const ssize_t size = pread(fileno(file_), part, sizeof(part), static_cast<off_t>(out.size()));
      if (size <= 0) return out;
      out.append(part, static_cast<std::size_t>(size));
    }
  }

 private:
  std::FILE* file_;
  Log log_;
};

}  // namespace ecs_exporter
