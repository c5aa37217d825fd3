// Makes the numbers of a task's stats go on, as those of a living task do.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>

namespace ecs_exporter::mock {

/// One sample of the stats: when it is taken, and when the one before it was.
struct Frame {
  std::chrono::sys_time<std::chrono::nanoseconds> start;  // of the first frame
  std::chrono::nanoseconds elapsed{0};                    // from the first frame to this one
  std::optional<std::chrono::nanoseconds> previous;       // to the one before; none in the first
};

/// Numbers the frames of one task by the time that really goes by, and a little at the least.
class FrameClock {
 public:
  Frame next();

 private:
  std::optional<Frame> last_;
  std::chrono::steady_clock::time_point started_;
};

/// The stats at `frame`, where `first` is the body of /task/stats at the first one: container id to
/// stats. `task` is the body of /task, of which the limits count; {} if there is none.
/// Pure: the same arguments give the same numbers.
///
/// `read` is the time of the frame, `preread` and `precpu_stats` are the frame before it. Counters
/// never go back. The containers together use less CPU time than the host and the task's limit
/// have. Memory in use, and its kinds with it, goes up and down around its first value; at no
/// moment does it take a container or the task over its limit (a first value that is over it does
/// not rise). Whatever is missing, or not what it should be, stays so; so does a container without
/// a sample (null, {}, year 1).
boost::json::object advance(const boost::json::object& first, const boost::json::object& task,
                            const Frame& frame);

}  // namespace ecs_exporter::mock
