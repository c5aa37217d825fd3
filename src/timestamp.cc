// RFC 3339 to seconds.
#include "timestamp.h"

#include <chrono>

namespace ecs_exporter {
namespace {

// Eats digits, signs and separators from the front of a text; once something did not fit, it
// stays failed, so that a caller checks once at the end.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    return value;
  }

  int digit() {
    if (!at_digit()) return fail();
    const int value = text_.front() - '0';
    text_.remove_prefix(1);
    return value;
  }

  // One of `accepted`, or '\0'.
  char one_of(std::string_view accepted) {
    if (text_.empty() || !accepted.contains(text_.front())) {
      fail();
      return '\0';
    }
    const char found = text_.front();
    text_.remove_prefix(1);
    return found;
  }

  bool at(char c) const { return !text_.empty() && text_.front() == c; }
  bool at_digit() const { return !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; }
  bool finished() const { return ok_ && text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

std::int32_t fraction_ns(Cursor& cursor) {
  std::int32_t ns = 0;
  std::int32_t scale = 100'000'000;
  cursor.one_of(".");
  ns += cursor.digit() * scale;
  while (cursor.at_digit()) {
    scale /= 10;
    ns += cursor.digit() * scale;
  }
  return ns;
}

// Absent for one of a day or more.
std::optional<int> offset_seconds(Cursor& cursor) {
  const char sign = cursor.one_of("Zz+-");
  if (sign != '+' && sign != '-') return 0;
  const int hours = cursor.number(2);
  cursor.one_of(":");
  const int minutes = cursor.number(2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  const int seconds = (hours * 60 + minutes) * 60;
  return sign == '+' ? seconds : -seconds;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Cursor cursor(text);
  const std::chrono::year year(cursor.number(4));
  cursor.one_of("-");
  const std::chrono::month month(static_cast<unsigned>(cursor.number(2)));
  cursor.one_of("-");
  const std::chrono::day day(static_cast<unsigned>(cursor.number(2)));
  cursor.one_of("Tt ");
  const int hour = cursor.number(2);
  cursor.one_of(":");
  const int minute = cursor.number(2);
  cursor.one_of(":");
  const int second = cursor.number(2);
  const std::int32_t ns = cursor.at('.') ? fraction_ns(cursor) : 0;
  const std::optional<int> offset = offset_seconds(cursor);

  const std::chrono::year_month_day date(year, month, day);
  if (!cursor.finished() || !offset || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Timestamp{.seconds = days * 86400 + hour * 3600 + minute * 60 + second - *offset,
                   .nanoseconds = ns};
}

bool is_never(const Timestamp& time) {
  constexpr std::int64_t kYearTwo = -62104060800;  // 0002-01-01T00:00:00Z
  return time.seconds < kYearTwo;
}

double unix_seconds(const Timestamp& time) {
  return static_cast<double>(time.seconds) + static_cast<double>(time.nanoseconds) / 1e9;
}

double seconds_between(const Timestamp& earlier, const Timestamp& later) {
  return static_cast<double>(later.seconds - earlier.seconds) +
         static_cast<double>(later.nanoseconds - earlier.nanoseconds) / 1e9;
}

}  // namespace ecs_exporter
