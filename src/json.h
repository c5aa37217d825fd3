// Reads JSON straight into plain values. The one room that knows the JSON library.
//
// A struct lists its members once, and a text is read into it without a document in between:
//
//   struct Limits { std::optional<std::uint64_t> memory_mib; };
//   template <>
//   struct Members<Limits> {
//     static constexpr Member kList[] = {field<&Limits::memory_mib>("Memory")};
//   };
//   Limits limits;
//   Result<Misfits> read = read_json(R"({"Memory": 64, "Other": [1]})", place(limits));
//
// Unknown members are skipped and cost nothing. `null` is absent. So is a value of the wrong type,
// which is a misfit, and harms nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "error.h"
#include "timestamp.h"

namespace ecs_exporter {

class Place;

/// A member of an object: its key, and where its value goes, given the address of the struct.
struct Member {
  std::string_view key;
  Place (*place)(void* object);
};

/// Specialised for each struct that is read: `static constexpr Member kList[]`, and if the members
/// that are not listed are wanted too, `static constexpr auto kRest`, a pointer to the member (a
/// vector of pairs) that takes them.
template <class T>
struct Members;

/// Where a JSON value goes. Holds the address of the value: it must outlive the reading.
class Place {
 public:
  struct Nowhere {};
  /// An object whose keys are not known: `append` adds an entry and says where its value goes.
  struct Map {
    void* target;
    Place (*append)(void* target, std::string_view key);
    std::size_t entry_size;
  };
  struct Object {
    void* target;
    std::span<const Member> members;
    Map (*rest)(void* target);  // where members that are not listed go; null for nowhere
  };
  struct Array {
    void* target;
    Place (*append)(void* target);
    std::size_t element_size;
  };
  /// A text also takes a number, as it would be written; an optional text does not.
  using Target = std::variant<Nowhere, std::string*, std::optional<std::string>*,
                              std::optional<std::uint64_t>*, std::optional<std::int64_t>*,
                              std::optional<double>*, std::optional<bool>*,
                              std::optional<Timestamp>*, Object, Map, Array>;

  Place() = default;
  explicit Place(Target target) : target_(target) {}

  const Target& target() const { return target_; }

 private:
  Target target_ = Nowhere{};
};

template <class T>
Place place(T& value);
template <class T>
Place place(std::vector<T>& list);
template <class T>
Place place(std::vector<std::pair<std::string, T>>& map);

namespace json_detail {

template <class T>
struct IsOptionalStruct : std::false_type {};
template <class T>
struct IsOptionalStruct<std::optional<T>>
    : std::bool_constant<std::is_class_v<T> && !std::is_same_v<T, Timestamp> &&
                         !std::is_same_v<T, std::string>> {};

template <class T>
Place::Map map_of(std::vector<std::pair<std::string, T>>& map) {
  using Map = std::vector<std::pair<std::string, T>>;
  return {&map,
          [](void* target, std::string_view key) -> Place {
            return place(static_cast<Map*>(target)->emplace_back(key, T{}).second);
          },
          sizeof(typename Map::value_type)};
}

template <class>
struct MemberPointer;
template <class Class, class Value>
struct MemberPointer<Value Class::*> {
  using Owner = Class;
};

}  // namespace json_detail

/// The place of one value: a text, number, truth value, time, struct with `Members`, or an
/// optional struct (which is there once its key was). Empties it, so that of two members with the
/// same key nothing of the first is left.
template <class T>
Place place(T& value) {
  value = T{};
  if constexpr (json_detail::IsOptionalStruct<T>::value) {
    return place(value.emplace());
  } else if constexpr (std::is_constructible_v<Place::Target, T*>) {
    return Place(&value);
  } else if constexpr (requires { Members<T>::kRest; }) {
    return Place(Place::Object{&value, Members<T>::kList, [](void* target) {
                                 return json_detail::map_of(
                                     static_cast<T*>(target)->*Members<T>::kRest);
                               }});
  } else {
    return Place(Place::Object{&value, Members<T>::kList, nullptr});
  }
}

/// The place of an array: each element is added to the end of `list`.
template <class T>
Place place(std::vector<T>& list) {
  list.clear();
  return Place(Place::Array{&list,
                            [](void* target) -> Place {
                              return place(static_cast<std::vector<T>*>(target)->emplace_back());
                            },
                            sizeof(T)});
}

/// The place of an object with any keys, in the order of the text.
template <class T>
Place place(std::vector<std::pair<std::string, T>>& map) {
  map.clear();
  return Place(json_detail::map_of(map));
}

/// A row of a `Members` list.
template <auto Pointer>
constexpr Member field(std::string_view key) {
  using Owner = typename json_detail::MemberPointer<decltype(Pointer)>::Owner;
  return {key, [](void* object) { return place(static_cast<Owner*>(object)->*Pointer); }};
}

/// The values that did not fit their place.
struct Misfits {
  std::size_t count = 0;
  std::string first;  // one sentence on the first of them, as `Limits.Memory is "x", not a number`
};

/// Reads the whole of `text` into `root`.
///
/// Invalid UTF-8 in what is kept becomes U+FFFD. Duplicate keys: the last one counts. An array with
/// one object in it is read as that object, if `root` is an object. Errors: kJson (not JSON, or
/// nested deeper than 32), kShape (another type than `root`), kTooLarge (what it says would take
/// many times more memory than the text; no real reply does). After an error the values under
/// `root` are in part read.
Result<Misfits> read_json(std::string_view text, const Place& root);

/// Reads an object whose values are all strings, as users write them into an option; in the order
/// of the text. Errors: kUsage, what is wrong with it.
Result<std::vector<std::pair<std::string, std::string>>> read_json_strings(std::string_view text);

}  // namespace ecs_exporter
