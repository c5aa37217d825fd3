// What the mock says, and how the agent's server frames it: headers, chunks, cut short.
#pragma once

#include <string>
#include <string_view>

#include "http_server.h"

namespace ecs_exporter::mock {

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string headers;  // more lines, each ending in CRLF
};

/// `text` as the body of an error: a bare JSON string, as the agent has it.
Answer error_answer(unsigned status, std::string_view text);

/// As the agent's server sends it: a body over 2 kB in chunks, a smaller one with its length.
/// `truncated`: only half of what is announced, then the end.
HttpReply framed(const Answer& answer, bool truncated);

}  // namespace ecs_exporter::mock
