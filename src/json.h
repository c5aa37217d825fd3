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

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "error.h"
#include "timestamp.h"

namespace ecs_exporter {

struct Shape;

/// Where a JSON value goes: the address of a value, which must outlive the reading, and what it
/// takes. The default is nowhere, for values that are skipped.
struct Place {
  void* target = nullptr;
  const Shape* shape = nullptr;
};

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

/// The listed members of a struct, found by key.
class MemberTable {
 public:
  static constexpr std::size_t kMost = 32;

  template <std::size_t Size>
  explicit constexpr MemberTable(const Member (&list)[Size]) : members_(list) {
    static_assert(Size <= kMost);
    for (std::size_t i = 0; i < Size; ++i) {
      std::size_t slot = first_slot(list[i].key);
      while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
      slots_[slot] = static_cast<std::uint8_t>(i + 1);
    }
  }

  /// The position of `key` in the list, or `kMost`.
  std::size_t find(std::string_view key) const {
    for (std::size_t slot = first_slot(key); slots_[slot] != 0; slot = (slot + 1) % slots_.size()) {
      const std::size_t position = slots_[slot] - 1U;
      const std::string_view found = members_[position].key;
      if (found.size() == key.size() && std::equal(key.begin(), key.end(), found.begin())) {
        return position;
      }
    }
    return kMost;
  }
  const Member& operator[](std::size_t position) const { return members_[position]; }

 private:
  static constexpr std::size_t first_slot(std::string_view key) {
    if (key.empty()) return 0;
    const auto first = static_cast<unsigned char>(key.front());
    const auto last = static_cast<unsigned char>(key.back());
    return (5 * key.size() + 3 * first + last) % (2 * kMost);
  }

  std::span<const Member> members_;
  std::array<std::uint8_t, 2 * kMost> slots_{};  // positions, from 1; 0 is free
};

/// What a type of value takes: one constant a type, `kShape<T>`.
struct Shape {
  /// A text also takes a number, as it would be written; an optional text does not.
  enum class Kind : std::uint8_t {
    kText,
    kOptionalText,
    kCount,
    kWhole,
    kReal,
    kTruth,
    kTime,
    kObject,  // a struct
    kMap,     // an object whose keys are not known
    kArray
  };
  Kind kind;
  void (*clear)(void* target);
  const MemberTable* members = nullptr;   // of a struct
  Place (*rest)(void* target) = nullptr;  // of a struct: the map of what is not listed, if wanted
  /// Of a struct that may be missing: makes it, and says where its members go.
  Place (*make)(void* target) = nullptr;
  /// Of a map or an array: adds an entry, and says where its value goes. An array has no keys.
  Place (*append)(void* target, std::string_view key) = nullptr;
  std::size_t element_size = 0;
};

namespace json_detail {

template <class T>
inline constexpr bool kIsOptionalStruct = false;
template <class T>
inline constexpr bool kIsOptionalStruct<std::optional<T>> =
    std::is_class_v<T> && !std::is_same_v<T, Timestamp> && !std::is_same_v<T, std::string>;

template <class>
struct MemberPointer;
template <class Class, class Value>
struct MemberPointer<Value Class::*> {
  using Owner = Class;
};

template <class Object, class Value, class... Inner>
auto& member_of(Object& object, Value Object::* member, Inner... inner) {
  if constexpr (sizeof...(Inner) == 0) {
    return object.*member;
  } else {
    return member_of(object.*member, inner...);
  }
}

template <class T>
void clear(void* target) {
  if constexpr (requires(T& value) { value.clear(); }) {
    static_cast<T*>(target)->clear();
  } else {
    *static_cast<T*>(target) = T{};
  }
}

template <class T>
Place fresh_place(T& value);

template <class T>
inline constexpr MemberTable kTable{Members<T>::kList};

template <class T>
constexpr Shape shape_of(std::type_identity<T>) {
  using Kind = Shape::Kind;
  Shape shape{.kind = Kind::kObject, .clear = clear<T>};
  if constexpr (std::is_same_v<T, std::string>) {
    shape.kind = Kind::kText;
  } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
    shape.kind = Kind::kOptionalText;
  } else if constexpr (std::is_same_v<T, std::optional<std::uint64_t>>) {
    shape.kind = Kind::kCount;
  } else if constexpr (std::is_same_v<T, std::optional<std::int64_t>>) {
    shape.kind = Kind::kWhole;
  } else if constexpr (std::is_same_v<T, std::optional<double>>) {
    shape.kind = Kind::kReal;
  } else if constexpr (std::is_same_v<T, std::optional<bool>>) {
    shape.kind = Kind::kTruth;
  } else if constexpr (std::is_same_v<T, std::optional<Timestamp>>) {
    shape.kind = Kind::kTime;
  } else if constexpr (kIsOptionalStruct<T>) {
    shape.make = [](void* target) { return fresh_place(static_cast<T*>(target)->emplace()); };
  } else if constexpr (requires(T& map) { map.add(std::string_view()); }) {
    shape.kind = Kind::kMap;
    shape.append = [](void* target, std::string_view key) {
      return fresh_place(static_cast<T*>(target)->add(key));
    };
    shape.element_size = 2 * sizeof(std::declval<T&>().add({}));
  } else {
    shape.members = &kTable<T>;
    if constexpr (requires { Members<T>::kRest; }) {
      shape.rest = [](void* target) {
        return fresh_place(static_cast<T*>(target)->*Members<T>::kRest);
      };
    }
  }
  return shape;
}
template <class T>
constexpr Shape shape_of(std::type_identity<std::vector<T>>) {
  return {.kind = Shape::Kind::kArray,
          .clear = clear<std::vector<T>>,
          .append =
              [](void* target, std::string_view) {
                return fresh_place(static_cast<std::vector<T>*>(target)->emplace_back());
              },
          .element_size = sizeof(T)};
}
template <class T>
constexpr Shape shape_of(std::type_identity<std::vector<std::pair<std::string, T>>>) {
  using Map = std::vector<std::pair<std::string, T>>;
  return {.kind = Shape::Kind::kMap,
          .clear = clear<Map>,
          .append =
              [](void* target, std::string_view key) {
                auto& entry = static_cast<Map*>(target)->emplace_back(
                    std::piecewise_construct, std::tuple(key), std::tuple());
                return fresh_place(entry.second);
              },
          .element_size = sizeof(typename Map::value_type)};
}

template <class T>
inline constexpr Shape kShape = shape_of(std::type_identity<T>());

// The place of a value that is as it was made.
template <class T>
Place fresh_place(T& value) {
  return {&value, &kShape<T>};
}

}  // namespace json_detail

/// The place of one value: a text, number, truth value, time, struct with `Members`, optional
/// struct (which is there once an object was), array (a vector, to whose end each element is added)
/// or object with any keys (a vector of pairs, or a class with `add(key)`, in the order of the
/// text). Empties it.
template <class T>
Place place(T& value) {
  const Place place = json_detail::fresh_place(value);
  place.shape->clear(place.target);
  return place;
}

/// A row of a `Members` list: the member, or a member of that one. An optional that holds an
/// optional number is there once its key was, whatever stood there.
template <auto Pointer, auto... Inner>
constexpr Member field(std::string_view key) {
  using Owner = typename json_detail::MemberPointer<decltype(Pointer)>::Owner;
  return {key, [](void* object) {
            auto& value = json_detail::member_of(*static_cast<Owner*>(object), Pointer, Inner...);
            if constexpr (requires { value->has_value(); }) {
              return json_detail::fresh_place(value.emplace());
            } else {
              return json_detail::fresh_place(value);
            }
          }};
}

/// The values that did not fit their place.
struct Misfits {
  std::size_t count = 0;
  std::string first;  // one sentence on the first of them, as `Limits.Memory is "x", not a number`
};

/// Reads the whole of `text` into `root`.
///
/// Invalid UTF-8 in what is kept becomes U+FFFD, and so does half a pair of surrogates. A real
/// number becomes the nearest double; one beyond all doubles fits nowhere. Duplicate keys: the last
/// one counts. An array with one object in it is read as that object, if `root` is an object.
/// Errors: kJson (not JSON, or nested deeper than 32), kShape (another type than `root`), kTooLarge
/// (what it says would take many times more memory than the text; no real reply does). After an
/// error the values under `root` are in part read.
Result<Misfits> read_json(std::string_view text, const Place& root);

/// Reads an object whose values are all strings, as users write them into an option; in the order
/// of the text. Errors: kUsage, what is wrong with it.
Result<std::vector<std::pair<std::string, std::string>>> read_json_strings(std::string_view text);

}  // namespace ecs_exporter
