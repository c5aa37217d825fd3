// What the mock does wrong on purpose, as the command line or a control request says.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "error.h"

namespace ecs_exporter::mock {

/// The two requests of an exporter: for metadata and for stats.
enum class Subject { kTask, kStats };

/// As the agent throttles: steady requests a second, and how many may come at once.
struct Throttle {
  double rate = 40;
  double burst = 60;
};

struct Faults {
  std::optional<unsigned> fail_task;   // status
  std::optional<unsigned> fail_stats;  // status
  std::chrono::milliseconds delay{0};
  bool close = false;
  bool truncate = false;
  bool garbage = false;
  bool huge = false;
  bool nan = false;
  bool redirect = false;
  std::optional<Throttle> throttle;
  std::optional<Subject> only;

  /// True where `only` does not spare `subject`.
  bool concern(Subject subject) const { return !only || *only == subject; }
  std::optional<unsigned> status(Subject subject) const {
    return subject == Subject::kTask ? fail_task : fail_stats;
  }
};

/// Sets the fault `name`, an option's name without the dashes; `value` is "" for those that are a
/// flag. Errors: kUsage, naming option and value.
Result<void> set_fault(Faults& faults, std::string_view name, std::string_view value);

/// Reads a query string such as "fail=task%3D500&delay=2s&close"; empty: no faults.
/// Errors: kUsage.
Result<Faults> parse_faults(std::string_view query);

/// Counts requests against a throttle, by client and path.
class TokenBuckets {
 public:
  /// True if the request may pass; it is counted then.
  bool take(const Throttle& throttle, std::string_view client, std::string_view path);
  void clear() { buckets_.clear(); }

 private:
  struct Bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point filled;
  };
  std::map<std::pair<std::string, std::string>, Bucket> buckets_;
};

}  // namespace ecs_exporter::mock
