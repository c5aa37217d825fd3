// Conversions.
#include "units.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace ecs_exporter {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(SecondsFromNs, AbsentStaysAbsent) { EXPECT_EQ(seconds_from_ns(std::nullopt), std::nullopt); }

TEST(SecondsFromNs, ZeroIsZero) { EXPECT_EQ(seconds_from_ns(0), 0.0); }

TEST(SecondsFromNs, IsTheNearestNumberToTheQuotient) {
  EXPECT_EQ(seconds_from_ns(932439492), 0.932439492);
  EXPECT_EQ(seconds_from_ns(1), 1e-9);
}

TEST(BytesFromMib, AbsentStaysAbsent) { EXPECT_EQ(bytes_from_mib(std::nullopt), std::nullopt); }

TEST(BytesFromMib, MultipliesByTwoToTheTwenty) {
  EXPECT_EQ(bytes_from_mib(0), 0U);
  EXPECT_EQ(bytes_from_mib(512), 536870912U);
}

TEST(BytesFromMib, WhatDoesNotFitIsAbsent) {
  EXPECT_EQ(bytes_from_mib(kMost >> 20U), kMost - 0xFFFFF);
  EXPECT_EQ(bytes_from_mib((kMost >> 20U) + 1), std::nullopt);
  EXPECT_EQ(bytes_from_mib(kMost), std::nullopt);
}

}  // namespace
}  // namespace ecs_exporter
