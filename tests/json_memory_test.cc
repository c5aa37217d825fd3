// JSON into plain values: what a hostile text can cost. This file counts what the program
// allocates.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json.h"

namespace {

std::atomic<std::size_t> bytes_now = 0;
std::atomic<std::size_t> bytes_peak = 0;

void* allocate(std::size_t size) {
  void* const memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) std::abort();
  const std::size_t now = bytes_now += malloc_usable_size(memory);
  if (now > bytes_peak) bytes_peak = now;
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) bytes_now -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

// The sanitizer replaces every form, so each has to be replaced again.
void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }

namespace ecs_exporter {
namespace {

constexpr std::size_t kMib = 1024UZ * 1024;
constexpr std::size_t kLargest = 4 * kMib;  // the largest reply that is read by default

struct Large {
  std::string first;
  std::string second;
  std::optional<std::uint64_t> count;
};
struct Root {
  std::vector<Large> list;
  std::vector<std::pair<std::string, Large>> map;
  std::vector<std::vector<std::vector<std::string>>> deep;
};

}  // namespace

template <>
struct Members<Large> {
  static constexpr Member kList[] = {field<&Large::first>("first"), field<&Large::count>("count")};
};
template <>
struct Members<Root> {
  static constexpr Member kList[] = {field<&Root::list>("list"), field<&Root::map>("map"),
                                     field<&Root::deep>("deep")};
};

namespace {

std::string repeated(std::string_view front, std::string_view part, std::string_view back,
                     std::size_t size = kLargest) {
  std::string text(front);
  text.reserve(size + part.size() + back.size());
  while (text.size() < size) {
    text += part;
    text += ',';
  }
  text.pop_back();
  return text += back;
}

struct Cost {
  Result<Misfits> read;
  std::size_t bytes;
};

Cost cost_of(std::string_view text) {
  Root root;
  const std::size_t before = bytes_now;
  bytes_peak = before;
  Result<Misfits> read = read_json(text, place(root));
  return {std::move(read), bytes_peak - before};
}

void expect_too_large_and_cheap(const std::string& text) {
  const Cost cost = cost_of(text);
  ASSERT_FALSE(cost.read);
  EXPECT_EQ(cost.read.error().kind, ErrorKind::kTooLarge);
  EXPECT_LE(cost.bytes, 24 * kMib + kMib / 4);
}

TEST(JsonMemory, IsCounted) {
  const std::size_t before = bytes_now;
  const std::vector<char> some(kMib);
  EXPECT_GE(bytes_now - before, kMib);
}

TEST(JsonMemory, ArrayOfManyObjectsIsTooLarge) {
  expect_too_large_and_cheap(repeated(R"({"list":[)", "{}", "]}"));
}

TEST(JsonMemory, ArrayOfManyNullsIsTooLarge) {
  expect_too_large_and_cheap(repeated(R"({"list":[)", "null", "]}"));
}

TEST(JsonMemory, MapOfManyEntriesIsTooLarge) {
  expect_too_large_and_cheap(repeated(R"({"map":{)", R"("":{})", "}}"));
}

TEST(JsonMemory, ArraysOfArraysAreTooLarge) {
  expect_too_large_and_cheap(repeated(R"({"deep":[)", R"([[""]])", "]}"));
}

TEST(JsonMemory, ListSentAgainAndAgainIsTooLarge) {
  expect_too_large_and_cheap(repeated("{", R"("list":[{},{},{},{}])", "}"));
}

TEST(JsonMemory, MessageSaysTheLimit) {
  const std::string text = repeated(R"({"list":[)", "{}", "]}");
  EXPECT_EQ(cost_of(text).read.error().message,
            "it has so many elements that they would take over " +
                std::to_string(2 * text.size() + 64 * 1024) + " bytes");
}

TEST(JsonMemory, SkippedValuesCostNothing) {
  const Cost cost = cost_of(repeated(R"({"x":[)", R"({"list":[{}],"map":{"a":[1]}})", "]}"));
  EXPECT_TRUE(cost.read);
  EXPECT_LE(cost.bytes, kMib / 16);
}

TEST(JsonMemory, OneLargeTextIsRead) {
  const Cost cost = cost_of(R"({"list":[{"first":")" + std::string(kLargest, 'x') + "\"}]}");
  EXPECT_TRUE(cost.read);
  EXPECT_LE(cost.bytes, 2 * kLargest);
}

TEST(JsonMemory, EscapedTextCostsNoMoreThanItsLength) {
  const Cost cost = cost_of(repeated(R"({"list":[{"first":"\n)", R"(\n)", "\"}]}"));
  EXPECT_TRUE(cost.read);
  EXPECT_LE(cost.bytes, 4 * kLargest);
}

TEST(JsonMemory, ShortTextMayTakeManyTimesItsLength) {
  EXPECT_TRUE(cost_of(repeated(R"({"list":[)", "{}", "]}", 1024)).read);
}

}  // namespace
}  // namespace ecs_exporter
