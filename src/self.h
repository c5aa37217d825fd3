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
  std::map<ErrorKind, std::uint64_t> errors;  // so far
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
