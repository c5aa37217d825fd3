// The numbers of a task as functions of time, so that no state but the time is needed.
#include "advance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "advance_parts.h"
#include "timestamp.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;
using std::chrono::nanoseconds;

// As Go writes it: UTC, the fraction without trailing zeros.
std::string time_text(std::chrono::sys_time<nanoseconds> time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  std::array<char, 64> text{};
  std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  std::string trimmed = text.data();
  trimmed.erase(trimmed.find_last_not_of('0') + 1);
  if (trimmed.ends_with('.')) trimmed.pop_back();
  return trimmed + "Z";
}

std::optional<Timestamp> time_at(const json::object& object, std::string_view key) {
  const json::value* text = object.if_contains(key);
  if (!text || !text->is_string()) return std::nullopt;
  const auto time = parse_timestamp(text->get_string());
  return time && !is_never(*time) ? time : std::nullopt;
}

void advance_times(json::object& stats, const json::object& first, const Frame& frame) {
  stats["read"] = time_text(frame.start + frame.elapsed);
  if (frame.previous) {
    stats["preread"] = time_text(frame.start + *frame.previous);
  } else if (const auto window = first_window_s(first)) {
    stats["preread"] = time_text(frame.start - nanoseconds(std::llround(*window * kNsPerSecond)));
  }
}

json::object advance_container(const json::object& first, std::size_t index, const Frame& frame) {
  json::object stats = first;
  if (!time_at(first, "read")) return stats;  // no sample
  advance_times(stats, first, frame);
  advance_cpu(stats, first, index, frame);
  advance_memory(stats, index, frame);
  advance_networks(stats, frame);
  advance_disk(stats, index, frame);
  return stats;
}

}  // namespace

std::optional<double> first_window_s(const json::object& first) {
  const auto read = time_at(first, "read");
  const auto preread = time_at(first, "preread");
  if (!read || !preread || !(*preread < *read)) return std::nullopt;
  constexpr double kLongest = 86400;  // more is a broken file
  const double window_s = seconds_between(*preread, *read);
  return window_s < kLongest ? std::optional(window_s) : std::nullopt;
}

json::object advance(const json::object& first, const Frame& frame) {
  json::object out;
  std::size_t index = 0;
  for (const auto& [id, stats] : first) {
    const json::object* container = stats.if_object();
    out[id] = container ? json::value(advance_container(*container, index, frame)) : stats;
    ++index;
  }
  return out;
}

Frame FrameClock::next() {
  const auto now = std::chrono::steady_clock::now();
  if (!last_) {
    started_ = now;
    last_ = Frame{.start = std::chrono::system_clock::now()};
    return *last_;
  }
  constexpr nanoseconds kLeastStep = std::chrono::milliseconds(10);
  last_->previous = last_->elapsed;
  last_->elapsed = std::max<nanoseconds>(now - started_, last_->elapsed + kLeastStep);
  return *last_;
}

}  // namespace ecs_exporter::mock
