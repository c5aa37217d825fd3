// What the exporter knows of itself, as plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "error.h"
#include "process.h"

namespace ecs_exporter {

/// One of the two requests of a round, and all that were like it.
struct EndpointUse {
  bool up = false;             // the last one was answered, and the answer understood
  double request_seconds = 0;  // that the last one took, with a retry
  std::uint64_t requests = 0;  // so far
  // So far. All that a round can meet are there from the start, so that increase() sees the first.
  std::map<ErrorKind, std::uint64_t> errors = {
      {ErrorKind::kConnect, 0}, {ErrorKind::kTimeout, 0},   {ErrorKind::kClosed, 0},
      {ErrorKind::kStatus, 0},  {ErrorKind::kThrottled, 0}, {ErrorKind::kTooLarge, 0},
      {ErrorKind::kJson, 0},    {ErrorKind::kShape, 0}};
};

struct SelfUse {
  double round_seconds = 0;  // from the first request to the answer
  EndpointUse task;
  EndpointUse stats;
  bool asks_for_stats = true;                 // false: `stats` says nothing
  std::map<unsigned, std::uint64_t> replies;  // of this server, by status
  std::optional<ProcessUsage> process;        // absent: not looked up
};

}  // namespace ecs_exporter
