// POSIX extended regular expressions, as the C library has them.
#include "pattern.h"

#include <regex.h>

#include <array>

#include "quote.h"

namespace ecs_exporter {
namespace {

// A name in a task definition has at most 255 characters, and the time and memory of a match grow
// with the text.
constexpr std::size_t kLongestName = 1024;

}  // namespace

struct Pattern::Compiled {
  regex_t regex;
  ~Compiled() { regfree(&regex); }
};

Result<Pattern> Pattern::compile(const std::string& expression) {
  regex_t regex;
  const std::string whole = "^(" + expression + ")$";
  if (const int failed = regcomp(&regex, whole.c_str(), REG_EXTENDED | REG_NOSUB); failed != 0) {
    std::array<char, 128> why{};
    regerror(failed, &regex, why.data(), why.size());
    return std::unexpected(
        Error{ErrorKind::kUsage,
              excerpt(expression) + " is not a regular expression: " + std::string(why.data())});
  }
  Pattern pattern;
  pattern.compiled_ = std::make_shared<const Compiled>(regex);
  return pattern;
}

bool Pattern::matches(const std::string& text) const {
  return text.size() <= kLongestName &&
         regexec(&compiled_->regex, text.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace ecs_exporter
