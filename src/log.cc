// Log lines, and how they are written without waiting.
#include "log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <ctime>
#include <utility>

#include "quote.h"

namespace ecs_exporter {

// Where lines go. A pipe, a terminal or a socket whose reader has stopped would block a write for
// ever, and with it the one thread that serves.
class LogOutput {
 public:
  explicit LogOutput(int descriptor);
  ~LogOutput() {
    if (own_ >= 0) ::close(own_);
  }
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  std::int64_t dropped() const { return dropped_; }
  void write(std::string line);

 private:
  bool write_rest();
  ssize_t write_some(std::string_view part) const;

  int descriptor_;
  int own_ = -1;  // the same pipe or terminal, opened anew
  bool is_socket_ = false;
  bool may_block_ = false;
  std::string rest_;  // of a line that was written in part
  std::int64_t dropped_ = 0;
};

LogOutput::LogOutput(int descriptor) : descriptor_(descriptor) {
  struct stat what{};
  if (::fstat(descriptor, &what) != 0) return;
  is_socket_ = S_ISSOCK(what.st_mode);
  if (!S_ISFIFO(what.st_mode) && !S_ISCHR(what.st_mode)) return;
  // O_NONBLOCK would hold for all processes that share this descriptor, a shell among them. One
  // that is opened anew is shared with nobody.
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  own_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  may_block_ = own_ < 0;
}

// -1 and errno EAGAIN where nothing can be written now.
ssize_t LogOutput::write_some(std::string_view part) const {
  if (is_socket_) {
    return ::send(descriptor_, part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  // Not more: a pipe takes so much whole or not at all, and once poll() says that it can be
  // written to it has room for so much.
  part = part.substr(0, PIPE_BUF);
  pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  if (may_block_ && ::poll(&ready, 1, 0) != 1) {
    errno = EAGAIN;
    return -1;
  }
  return ::write(own_ >= 0 ? own_ : descriptor_, part.data(), part.size());
}

// True if nothing is left of a line that was begun.
bool LogOutput::write_rest() {
  while (!rest_.empty()) {
    const ssize_t size = write_some(rest_);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    rest_.erase(0, static_cast<std::size_t>(size));
  }
  return true;
}

void LogOutput::write(std::string line) {
  if (!write_rest()) {
    ++dropped_;
    return;
  }
  const std::size_t size = line.size();
  rest_ = std::move(line);
  if (write_rest() || rest_.size() < size) {
    dropped_ = 0;  // it said so
    return;
  }
  rest_.clear();
  ++dropped_;
}

namespace {

constexpr std::string_view kDropped = "dropped_lines";
constexpr std::array<std::string_view, 4> kOwnKeys = {"time", "level", "msg", kDropped};

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
      output_(std::make_shared<LogOutput>(file_descriptor)) {
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
  if (const std::int64_t dropped = output_->dropped(); dropped > 0) {
    append_field(line, format_, {kDropped, dropped});
  }
  for (const auto& [key, value] : fields_) append_field(line, format_, {key, value});
  if (format_ == LogFormat::kJson) {
    line.insert(0, 1, '{');
    line += '}';
  }
  line += '\n';
  output_->write(std::move(line));
}

void print_to_stderr(std::string_view message) {
  LogOutput(STDERR_FILENO).write("ecs-task-metadata-exporter: " + one_line(message) + '\n');
}

}  // namespace ecs_exporter
