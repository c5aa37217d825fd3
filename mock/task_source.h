// Where the bodies come from: the built-in sample or a folder's files, advancing or frozen.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "advance.h"
#include "error.h"
#include "log.h"

namespace ecs_exporter::mock {

/// The body of /task or /task/stats. At least one of the two is there.
struct Document {
  std::optional<std::string> verbatim;        // to be sent byte by byte, whatever the version
  std::optional<boost::json::object> object;  // absent if it is not one
};

class TaskSource {
 public:
  /// `dir`: the folder of task.json and stats.json, or "" for the sample, whose task started a few
  /// minutes ago. `frozen`: files verbatim, and the sample as it is written, which does not advance
  /// and has the times of one day in the past. `log` must outlive the source.
  /// Errors: kSystem (a file that cannot be read).
  static Result<TaskSource> open(const std::string& dir, bool frozen, const Log& log);

  /// The metadata as it is now: files are read again each time.
  /// Errors: kSystem (a file that cannot be read any more).
  Result<Document> task();

  /// The next sample of the stats. A file that is not a JSON object is there verbatim, with a
  /// warning. Errors: kSystem, as above.
  Result<Document> stats();

 private:
  struct Input {
    std::string path;       // "" for the sample
    std::string_view text;  // the sample's
    bool complained = false;
  };
  TaskSource(const std::string& dir, bool frozen, const Log& log);
  Result<Document> read(Input& input) const;

  Input task_;
  Input stats_;
  std::optional<boost::json::object> living_sample_;  // its task, with the times of this start
  bool frozen_;
  FrameClock clock_;
  const Log* log_;
};

}  // namespace ecs_exporter::mock
