// A regular expression over names. The one room that knows how they are matched.
#pragma once

#include <memory>
#include <string>

#include "error.h"

namespace ecs_exporter {

/// A POSIX extended regular expression (regex(7)).
class Pattern {
 public:
  /// Errors: kUsage, what is wrong with `expression`.
  static Result<Pattern> compile(const std::string& expression);

  /// True if the whole of `text` matches. False for one of over 1024 bytes, which is no name.
  bool matches(const std::string& text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace ecs_exporter
