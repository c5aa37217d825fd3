// Boost.JSON's event parser, and the stack that finds the place of each event's value.
#include "json.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse_options.hpp>
#include <cmath>
#include <concepts>
#include <limits>

#include "quote.h"

namespace ecs_exporter {
namespace {

using boost::json::error_code;

constexpr std::size_t kMaxDepth = 32;
// What arrays and maps add may take twice the memory of the text, and 64 KiB: a real reply stays
// far below, and a hostile `[{},{},...]` cannot make hundreds of megabytes of four.
constexpr std::size_t kMaxGrowth = 2;
constexpr std::size_t kFreeGrowth = 64UZ * 1024;

std::string_view name_of(const Place::Target& target) {
  constexpr std::array<std::string_view, 11> kNames = {
      "nothing",        "a string",  "a string",      "a whole number from 0 to 2^64-1",
      "a whole number", "a number",  "true or false", "a time",
      "an object",      "an object", "an array"};
  static_assert(kNames.size() == std::variant_size_v<Place::Target>);
  return kNames[target.index()];
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

// assign(target, value): true if it fitted, or if it goes nowhere.
template <class Target, class Value>
bool assign(const Target&, const Value&) {
  return std::same_as<Target, Place::Nowhere>;
}
bool assign(std::string* target, const JsonText& value) {
  *target = well_formed(value.text);
  return true;
}
bool assign(std::optional<std::string>* target, const JsonText& value) {
  *target = well_formed(value.text);
  return true;
}
bool assign(std::optional<Timestamp>* target, const JsonText& value) {
  *target = parse_timestamp(value.text);
  return target->has_value() || value.text.empty();
}
bool assign(std::optional<bool>* target, const JsonBool& value) {
  *target = value.value;
  return true;
}
template <class Number>
bool assign(std::string* target, const JsonNumber<Number>& value) {
  // A 7 that is written as 7.0 is a 7.
  const auto whole = exactly<std::int64_t>(value.value);
  target->assign(whole ? std::to_string(*whole) : std::string(value.text));
  return true;
}
template <class T, class Number>
  requires(!std::same_as<T, bool> && std::is_arithmetic_v<T>)
bool assign(std::optional<T>* target, const JsonNumber<Number>& value) {
  *target = exactly<T>(value.value);
  return target->has_value();
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

  Reader(const Place& root, std::size_t text_size)
      : next_(root), room_(kMaxGrowth * text_size + kFreeGrowth) {}

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
    const Place::Target& target = place.target();
    const bool fits =
        std::holds_alternative<Place::Object>(target) || std::holds_alternative<Place::Map>(target);
    if (!fits) note_misfit(place, "an object");
    return enter(fits ? place : Place(), ec);
  }
  bool on_array_begin(error_code& ec) {
    // An array of one stands for its element where the reply as a whole should be an object.
    if (depth_ == 0 && std::holds_alternative<Place::Object>(next_.target())) {
      root_depth_ = 1;
      ++depth_;
      return true;
    }
    const Place place = take(ec);
    const bool fits = std::holds_alternative<Place::Array>(place.target());
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
    if (!parts_.empty()) {
      frame.unescaped = parts_.append(last_part);
      frame.key = frame.unescaped;
      parts_.clear();
    }
    if (const auto* object = std::get_if<Place::Object>(&frame.place.target())) {
      next_ = member(frame, *object, ec);
    } else if (const auto* map = std::get_if<Place::Map>(&frame.place.target())) {
      next_ = entry(*map, frame.key, ec);
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
    return put(JsonNumber<double>{value, text}, ec);
  }
  bool on_bool(bool value, error_code& ec) { return put(JsonBool{value}, ec); }
  bool on_null(error_code& ec) {
    const Place place = take(ec);
    if (depth_ == root_depth_) note_misfit(place, "null");
    return !ec;
  }
  bool on_comment_part(std::string_view, error_code&) { return true; }
  bool on_comment(std::string_view, error_code&) { return true; }

 private:
  // An open object or array.
  struct Frame {
    Place place;               // nowhere for one that is skipped
    std::size_t expected = 0;  // keys mostly come in the order in which they are listed
    std::size_t index = 0;     // the number of values so far
    std::string_view key;      // the last one, in an object
    std::string unescaped;     // what `key` points to if it was written with escapes
  };

  Place entry(const Place::Map& map, std::string_view key, error_code& ec) {
    return use(map.entry_size, ec) ? map.append(map.target, well_formed(key)) : Place();
  }

  Place member(Frame& frame, const Place::Object& object, error_code& ec) {
    const auto is_it = [&](const Member& member) {
      // What differs mostly does so in length or in the first letter.
      return member.key.size() == frame.key.size() && member.key.front() == frame.key.front() &&
             member.key == frame.key;
    };
    const auto begin = object.members.begin();
    const auto end = object.members.end();
    const auto expected = begin + static_cast<std::ptrdiff_t>(frame.expected);
    auto found = std::find_if(expected, end, is_it);
    if (found == end) {
      found = std::find_if(begin, expected, is_it);
      if (found == expected) found = end;
    }
    if (found != end) {
      frame.expected = static_cast<std::size_t>(found - begin) + 1;
      return found->place(object.target);
    }
    return object.rest == nullptr ? Place() : entry(object.rest(object.target), frame.key, ec);
  }

  // The place of the value that comes now: the next element's, or what the last key said.
  Place take(error_code& ec) {
    Frame& frame = frames_[depth_];
    ++frame.index;
    if (const auto* array = std::get_if<Place::Array>(&frame.place.target())) {
      return use(array->element_size, ec) ? array->append(array->target) : Place();
    }
    return std::exchange(next_, Place());
  }

  bool enter(const Place& place, error_code& ec) {
    if (depth_ == root_depth_) {
      root_read_ = !std::holds_alternative<Place::Nowhere>(place.target());
    }
    Frame& frame = frames_[++depth_];
    frame.place = place;
    frame.expected = 0;
    frame.index = 0;
    frame.key = {};
    return !ec;
  }

  template <class Value>
  bool put(const Value& value, error_code& ec) {
    const Place place = take(ec);
    const bool fits =
        std::visit([&](const auto& target) { return assign(target, value); }, place.target());
    if (!fits || depth_ == root_depth_) note_misfit(place, shown(value));
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
    if (std::holds_alternative<Place::Nowhere>(place.target())) return;
    if (misfits_.count++ > 0) return;
    misfits_.first = path();
    misfits_.first += " is ";
    misfits_.first += found;
    misfits_.first += ", not ";
    misfits_.first += name_of(place.target());
  }

  // Where the last value stood, as `Containers[1].Limits.Memory`.
  std::string path() const {
    std::string out;
    for (std::size_t i = root_depth_ + 1; i <= depth_; ++i) {
      const Frame& frame = frames_[i];
      if (std::holds_alternative<Place::Array>(frame.place.target())) {
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

}  // namespace

Result<Misfits> read_json(std::string_view text, const Place& root) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  options.allow_invalid_utf8 = true;
  boost::json::basic_parser<Reader> parser(options, root, text.size());
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
