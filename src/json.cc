// Boost.JSON's event parser, and the stack that finds the place of each event's value.
#include "json.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse_options.hpp>
#include <charconv>
#include <cmath>
#include <concepts>
#include <functional>
#include <limits>
#include <system_error>

#include "quote.h"

namespace ecs_exporter {
namespace {

using boost::json::error_code;
using Kind = Shape::Kind;

constexpr std::size_t kMaxDepth = 32;
// What arrays and maps add may take twice the memory of the text, and 64 KiB: a real reply stays
// far below, and a hostile `[{},{},...]` cannot make hundreds of megabytes of four.
constexpr std::size_t kMaxGrowth = 2;
constexpr std::size_t kFreeGrowth = 64UZ * 1024;

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 10> kNames = {
      "a string",       "a string",  "a whole number from 0 to 2^64-1",
      "a whole number", "a number",  "true or false",
      "a time",         "an object", "an object",
      "an array"};
  return kNames[static_cast<std::size_t>(kind)];
}

// The scalars of JSON, each a type of its own, so that `assign` can tell them apart.
struct JsonText {
  std::string_view text;
};
struct JsonBool {
  bool value;
};
template <class T>
struct JsonNumber {
  T value;
  std::string_view text;
};

// `value` as a `To`, if that changes nothing that anyone sends.
template <class To, class From>
std::optional<To> exactly(From value) {
  if constexpr (std::floating_point<To>) {
    if (std::isfinite(static_cast<To>(value))) return static_cast<To>(value);
  } else if constexpr (std::integral<From>) {
    if (std::in_range<To>(value)) return static_cast<To>(value);
  } else {
    // Powers of two, so exact as a double.
    const double end = std::ldexp(1.0, std::numeric_limits<To>::digits);
    const double begin = std::signed_integral<To> ? -end : 0.0;
    if (std::trunc(value) == value && value >= begin && value < end) return static_cast<To>(value);
  }
  return std::nullopt;
}

// The double that is nearest to a number of JSON. Boost's own, `rough`, is that for up to 15 digits
// only; it says enough of one that is too large or too small for a double.
double nearest(std::string_view number, double rough) {
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  return read.ec == std::errc() ? value : rough;
}

template <class T>
T& value_at(const Place& place) {
  return *static_cast<T*>(place.target);
}

// assign(place, value): true if it fitted.
bool assign(const Place& place, const JsonText& value) {
  switch (place.shape->kind) {
    case Kind::kText:
      value_at<std::string>(place) = well_formed(value.text);
      return true;
    case Kind::kOptionalText:
      value_at<std::optional<std::string>>(place) = well_formed(value.text);
      return true;
    case Kind::kTime: {
      const auto time = parse_timestamp(value.text);
      value_at<std::optional<Timestamp>>(place) = time;
      return time || value.text.empty();
    }
    default:
      return false;
  }
}
bool assign(const Place& place, const JsonBool& value) {
  if (place.shape->kind != Kind::kTruth) return false;
  value_at<std::optional<bool>>(place) = value.value;
  return true;
}
template <class T, class Number>
bool assign_exactly(const Place& place, Number value) {
  return (value_at<std::optional<T>>(place) = exactly<T>(value)).has_value();
}
template <class Number>
bool assign(const Place& place, const JsonNumber<Number>& value) {
  switch (place.shape->kind) {
    case Kind::kCount:
      return assign_exactly<std::uint64_t>(place, value.value);
    case Kind::kWhole:
      return assign_exactly<std::int64_t>(place, value.value);
    case Kind::kReal:
      return assign_exactly<double>(place, value.value);
    case Kind::kText: {
      // A 7 that is written as 7.0 is a 7.
      const auto whole = exactly<std::int64_t>(value.value);
      value_at<std::string>(place) = whole ? std::to_string(*whole) : std::string(value.text);
      return true;
    }
    default:
      return false;
  }
}

std::string shown(const JsonText& value) { return excerpt(value.text); }
std::string shown(const JsonBool& value) { return value.value ? "true" : "false"; }
template <class Number>
std::string shown(const JsonNumber<Number>& value) {
  return std::string(value.text.substr(0, 80));
}

// The handler of the event parser: the open objects and arrays are a stack, and each value goes
// to its place. Returning false with `ec` set ends the parsing.
class Reader {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  Reader(const Place& root, std::string_view text)
      : text_(text), next_(root), room_(kMaxGrowth * text.size() + kFreeGrowth) {}

  // What came out of it, once the text has ended.
  Result<Misfits> result() {
    if (error_) return std::unexpected(std::move(*error_));
    if (!root_read_) return std::unexpected(Error{ErrorKind::kShape, misfits_.first});
    return std::move(misfits_);
  }
  bool failed() const { return error_.has_value(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code& ec) {
    const Place place = take(ec);
    const bool fits = takes(place, Kind::kObject) || takes(place, Kind::kMap);
    if (!fits) note_misfit(place, "an object");
    const bool made = fits && place.shape->make != nullptr;
    return enter(made ? place.shape->make(place.target) : fits ? place : Place(), ec);
  }
  bool on_array_begin(error_code& ec) {
    // An array of one stands for its element where the reply as a whole should be an object.
    if (depth_ == 0 && takes(next_, Kind::kObject)) {
      root_depth_ = 1;
      ++depth_;
      return true;
    }
    const Place place = take(ec);
    const bool fits = takes(place, Kind::kArray);
    if (!fits) note_misfit(place, "an array");
    return enter(fits ? place : Place(), ec);
  }
  bool on_object_end(std::size_t, error_code&) {
    --depth_;
    return true;
  }
  bool on_array_end(std::size_t size, error_code& ec) {
    --depth_;
    if (depth_ > 0 || root_depth_ == 0 || size == 1) return true;
    return fail(ec, ErrorKind::kShape,
                "it is an array of " + std::to_string(size) + ", not an object");
  }

  bool on_key_part(std::string_view part, std::size_t, error_code&) {
    parts_ += part;
    return true;
  }
  bool on_key(std::string_view last_part, std::size_t, error_code& ec) {
    Frame& frame = frames_[depth_];
    frame.key = last_part;
    if (!parts_.empty() || !is_of_text(last_part)) {
      frame.unescaped = parts_.append(last_part);
      frame.key = frame.unescaped;
      parts_.clear();
    }
    if (takes(frame.place, Kind::kObject)) {
      next_ = member(frame, ec);
    } else if (takes(frame.place, Kind::kMap)) {
      next_ = add_to(frame.place, frame.key, ec);
    }
    return !ec;
  }

  bool on_string_part(std::string_view part, std::size_t, error_code&) {
    parts_ += part;
    return true;
  }
  bool on_string(std::string_view last_part, std::size_t, error_code& ec) {
    if (parts_.empty()) return put(JsonText{last_part}, ec);
    parts_ += last_part;
    const bool go_on = put(JsonText{parts_}, ec);
    parts_.clear();
    return go_on;
  }

  bool on_number_part(std::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, std::string_view text, error_code& ec) {
    return put(JsonNumber<std::int64_t>{value, text}, ec);
  }
  bool on_uint64(std::uint64_t value, std::string_view text, error_code& ec) {
    return put(JsonNumber<std::uint64_t>{value, text}, ec);
  }
  bool on_double(double value, std::string_view text, error_code& ec) {
    return put(JsonNumber<double>{nearest(text, value), text}, ec);
  }
  bool on_bool(bool value, error_code& ec) { return put(JsonBool{value}, ec); }
  bool on_null(error_code& ec) {
    const Place place = take(ec);
    if (place.shape != nullptr) place.shape->clear(place.target);
    if (depth_ == root_depth_) note_misfit(place, "null");
    return !ec;
  }
  bool on_comment_part(std::string_view, error_code&) { return true; }
  bool on_comment(std::string_view, error_code&) { return true; }

 private:
  // An open object or array.
  struct Frame {
    Place place;             // nowhere for one that is skipped
    std::uint32_t seen = 0;  // of a struct: a bit for each member that has come
    std::size_t index = 0;   // the number of values so far
    std::string_view key;    // the last one, in an object
    std::string unescaped;   // what `key` points to if it was written with escapes
  };

  // False for what was unescaped, which stands in memory of the parser that it uses again.
  bool is_of_text(std::string_view part) const {
    const std::less_equal<const char*> not_after;
    return not_after(text_.data(), part.data()) &&
           not_after(part.data() + part.size(), text_.data() + text_.size());
  }

  static bool takes(const Place& place, Kind kind) {
    return place.shape != nullptr && place.shape->kind == kind;
  }

  // Where the value of the member goes whose key has just come.
  Place member(Frame& frame, error_code& ec) {
    const Shape& shape = *frame.place.shape;
    const std::size_t position = shape.members->find(frame.key);
    if (position == MemberTable::kMost) {
      if (shape.rest == nullptr) return {};
      return add_to(shape.rest(frame.place.target), frame.key, ec);
    }
    const Place place = (*shape.members)[position].place(frame.place.target);
    const std::uint32_t bit = 1U << position;
    if ((frame.seen & bit) != 0) place.shape->clear(place.target);  // of two the last counts
    frame.seen |= bit;
    return place;
  }

  // Where the value of another element goes, of an array or of a map.
  Place add_to(const Place& list, std::string_view key, error_code& ec) {
    if (!use(list.shape->element_size, ec)) return {};
    if (is_ascii(key)) return list.shape->append(list.target, key);
    return list.shape->append(list.target, well_formed(key));
  }

  // The place of the value that comes now: the next element's, or what the last key said.
  Place take(error_code& ec) {
    Frame& frame = frames_[depth_];
    ++frame.index;
    if (takes(frame.place, Kind::kArray)) return add_to(frame.place, {}, ec);
    return std::exchange(next_, Place());
  }

  bool enter(const Place& place, error_code& ec) {
    if (depth_ == root_depth_) root_read_ = place.shape != nullptr;
    Frame& frame = frames_[++depth_];
    frame.place = place;
    frame.seen = 0;
    frame.index = 0;
    frame.key = {};
    return !ec;
  }

  template <class Value>
  bool put(const Value& value, error_code& ec) {
    const Place place = take(ec);
    if (place.shape == nullptr) return !ec;
    if (!assign(place, value) || depth_ == root_depth_) note_misfit(place, shown(value));
    return !ec;
  }

  // Counts the memory that arrays and maps take.
  bool use(std::size_t bytes, error_code& ec) {
    used_ += bytes;
    if (used_ <= room_) return true;
    return fail(
        ec, ErrorKind::kTooLarge,
        "it has so many elements that they would take over " + std::to_string(room_) + " bytes");
  }

  void note_misfit(const Place& place, std::string_view found) {
    if (place.shape == nullptr) return;
    place.shape->clear(place.target);  // what does not fit is absent, whatever it began as
    if (misfits_.count++ > 0) return;
    misfits_.first = path();
    misfits_.first += " is ";
    misfits_.first += found;
    misfits_.first += ", not ";
    misfits_.first += name_of(place.shape->kind);
  }

  // Where the last value stood, as `Containers[1].Limits.Memory`.
  std::string path() const {
    std::string out;
    for (std::size_t i = root_depth_ + 1; i <= depth_; ++i) {
      const Frame& frame = frames_[i];
      if (takes(frame.place, Kind::kArray)) {
        out += '[' + std::to_string(frame.index - 1) + ']';
      } else {
        if (!out.empty()) out += '.';
        out += frame.key.substr(0, 80);
      }
    }
    return out.empty() ? "it" : out;
  }

  bool fail(error_code& ec, ErrorKind kind, std::string message) {
    error_ = Error{kind, std::move(message)};
    ec = boost::json::error::exception;
    return false;
  }

  std::string_view text_;
  std::array<Frame, kMaxDepth + 2> frames_;
  std::size_t depth_ = 0;
  std::size_t root_depth_ = 0;  // 1 if the root is the element of an array
  bool root_read_ = false;
  Place next_;  // of the value after the last key; at the start, the root
  std::string parts_;
  std::size_t used_ = 0;
  std::size_t room_;
  Misfits misfits_;
  std::optional<Error> error_;
};

// ---- what the parser takes for no JSON, though it is
// ---------------------------------------------

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The code unit of the escape "\uXXXX" at the front of `text`; absent if there is none.
std::optional<unsigned> escaped_unit(std::string_view text) {
  constexpr std::size_t kLength = 6;
  if (text.size() < kLength || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const char* const end = text.data() + kLength;
  const auto read = std::from_chars(text.data() + 2, end, unit, 16);
  return read.ptr == end ? std::optional(unit) : std::nullopt;
}

// Brings `at`, which stands in `text` before a backslash, behind the escape. Half of a pair of
// surrogates, which is no character, becomes the replacement character.
void repair_escape(std::string& text, std::size_t& at) {
  const auto unit_at = [&](std::size_t where) {
    return escaped_unit(std::string_view(text).substr(std::min(where, text.size())));
  };
  const auto is_in = [](std::optional<unsigned> unit, unsigned first, unsigned last) {
    return unit && *unit >= first && *unit <= last;
  };
  const auto unit = unit_at(at);
  if (!unit) {
    at += 2;
  } else if (is_in(unit, 0xD800, 0xDBFF) && is_in(unit_at(at + 6), 0xDC00, 0xDFFF)) {
    at += 12;
  } else {
    if (is_in(unit, 0xD800, 0xDFFF)) text.replace(at, 6, "\\ufffd");
    at += 6;
  }
}

// Brings `at`, which stands in `text` at the E of a number, behind its exponent. One that may not
// fit into an int becomes another that no double has either.
void repair_exponent(std::string& text, std::size_t& at) {
  constexpr std::size_t kMostDigits = 9;
  if (++at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  while (at < text.size() && text[at] == '0') ++at;
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  const std::size_t digits = at - begin;
  if (digits <= kMostDigits) return;
  text.replace(begin, digits,
               std::string(digits - kMostDigits, '0') + std::string(kMostDigits, '9'));
}

// `text` without what the parser refuses in a field that nobody may read: half a pair of
// surrogates, an exponent that is larger than an int. As long as before. Absent if it has neither.
std::optional<std::string> repaired(std::string_view text) {
  std::string out(text);
  bool in_string = false;
  for (std::size_t at = 0; at < out.size();) {
    const char c = out[at];
    if (in_string && c == '\\') {
      repair_escape(out, at);
    } else if (!in_string && (c == 'e' || c == 'E') && at > 0 && is_digit(out[at - 1])) {
      repair_exponent(out, at);
    } else {
      if (c == '"') in_string = !in_string;
      ++at;
    }
  }
  if (out == text) return std::nullopt;
  return out;
}

Result<Misfits> read_once(std::string_view text, const Place& root) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  options.allow_invalid_utf8 = true;
  boost::json::basic_parser<Reader> parser(options, root, text);
  error_code ec;
  const std::size_t end = parser.write_some(false, text.data(), text.size(), ec);
  if (ec && !parser.handler().failed()) {
    return std::unexpected(
        Error{ErrorKind::kJson, "not JSON at byte " + std::to_string(end) + ": " + ec.message() +
                                    " in " + excerpt(text.substr(std::min(end, text.size())))});
  }
  if (!ec && end < text.size()) {
    return std::unexpected(
        Error{ErrorKind::kJson, "not JSON at byte " + std::to_string(end) +
                                    ": more after the end: " + excerpt(text.substr(end))});
  }
  return parser.handler().result();
}

}  // namespace

Result<Misfits> read_json(std::string_view text, const Place& root) {
  Result<Misfits> read = read_once(text, root);
  if (read || read.error().kind != ErrorKind::kJson) return read;
  root.shape->clear(root.target);
  const std::optional<std::string> other = repaired(text);
  return other ? read_once(*other, root) : std::move(read);
}

Result<std::vector<std::pair<std::string, std::string>>> read_json_strings(std::string_view text) {
  std::vector<std::pair<std::string, std::optional<std::string>>> read;
  const auto bad = [](const std::string& why) {
    return std::unexpected(Error{ErrorKind::kUsage, "not a JSON object of strings: " + why});
  };
  const Result<Misfits> misfits = read_json(text, place(read));
  if (!misfits) return bad(misfits.error().message);
  if (misfits->count > 0) return bad(misfits->first);
  std::vector<std::pair<std::string, std::string>> strings;
  for (auto& [key, value] : read) {
    if (!value) return bad(excerpt(key) + " is null, not a string");
    strings.emplace_back(std::move(key), std::move(*value));
  }
  return strings;
}

}  // namespace ecs_exporter
