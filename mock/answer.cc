// Answer to bytes.
#include "answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "quote.h"

namespace ecs_exporter::mock {
namespace {

// Over this the agent's server does not count the bytes of a body, but chunks it.
constexpr std::size_t kLongestCounted = 2048;
// The agent sends one chunk for all. More of them show whether a client joins them.
constexpr std::size_t kChunk = 4096;

std::string chunked(std::string_view body) {
  std::string out;
  out.reserve(body.size() + body.size() / kChunk * 8 + 16);
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, kChunk);
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), chunk.size(), 16).ptr;
    out.append(size.data(), end).append("\r\n").append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return out.append("0\r\n\r\n");
}

}  // namespace

Answer error_answer(unsigned status, std::string_view text) {
  Answer answer{.status = status};
  append_quoted(answer.body, text);
  return answer;
}

HttpReply framed(const Answer& answer, bool truncated) {
  const bool counted = answer.body.size() <= kLongestCounted;
  std::string bytes = counted ? answer.body : chunked(answer.body);
  HttpReply reply;
  reply.head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  reply.head += reason_phrase(answer.status);
  reply.head += "\r\n";
  if (!answer.content_type.empty()) reply.head += "Content-Type: " + answer.content_type + "\r\n";
  reply.head += answer.headers;
  reply.head += counted ? "Content-Length: " + std::to_string(bytes.size()) + "\r\n"
                        : "Transfer-Encoding: chunked\r\n";
  if (truncated) {
    bytes.resize(bytes.size() / 2);
    reply.then = HttpReply::Then::kClose;
  }
  reply.body = std::make_shared<const std::string>(std::move(bytes));
  return reply;
}

}  // namespace ecs_exporter::mock
