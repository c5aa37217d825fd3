// Request to reply: count, throttle, fail or answer.
#include "agent.h"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "living.h"

namespace ecs_exporter::mock {
namespace {

namespace asio = boost::asio;

Answer text_answer(unsigned status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

Answer not_found() {
  Answer answer = text_answer(404, "404 page not found\n");
  answer.headers = "X-Content-Type-Options: nosniff\r\n";
  return answer;
}

Answer throttled() { return text_answer(429, "You have reached maximum request limit."); }

Answer redirect(std::string_view location) {
  return {
      .status = 301, .content_type = "", .headers = "Location: " + std::string(location) + "\r\n"};
}

// The path with one slash for several.
std::string cleaned(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return out;
}

// What the agent says where it answers with `status`.
Answer failure(const Route& route, unsigned status) {
  const bool for_stats = route.subject == Subject::kStats;
  if (status == 429) return throttled();
  if (status >= 500) {
    return error_answer(status, for_stats ? "failed to get stats" : "failed to get task metadata");
  }
  const std::string id(route.id);
  if (route.version == EndpointVersion::kV2) {
    return error_answer(status, "Unable to get task arn from request: no task for this address");
  }
  const std::string version = route.version == EndpointVersion::kV4 ? "V4" : "V3";
  const std::string what = for_stats ? "stats" : "metadata";
  return error_answer(status, version + " task " + what +
                                  " handler: unable to get task arn from request: unable to get "
                                  "task Arn from v3 endpoint ID: " +
                                  id);
}

HttpReply without_reply() {
  HttpReply reply;
  reply.then = HttpReply::Then::kClose;  // and no head: not a byte
  return reply;
}

// JSON of more than the 4 MiB that an exporter takes.
Answer huge() {
  constexpr std::size_t kBytes = 5UZ * 1024 * 1024;
  return {.body = R"({"Cluster":")" + std::string(kBytes, 'x') + R"("})"};
}

Answer garbage() { return {.body = std::string("<html>\x00\xFF\xFE{{]\x1F not JSON", 22)}; }

// The answer that the faults put in the place of the task's; absent if they do not.
std::optional<Answer> faulty_answer(const Route& route, const Faults& faults) {
  if (const auto status = faults.status(route.subject)) return failure(route, *status);
  if (faults.nan && route.subject == Subject::kStats) return Answer{.status = 500, .body = "{}"};
  if (!faults.concern(route.subject)) return std::nullopt;
  if (faults.garbage) return garbage();
  if (faults.huge) return huge();
  return std::nullopt;
}

}  // namespace

Agent::Agent(TaskSource source, const Faults& faults)
    : source_(std::move(source)), faults_(faults) {}

asio::awaitable<HttpReply> Agent::handle(const HttpRequest& request) {
  if (request.path.starts_with("/mock/")) co_return framed(control(request), false);
  const auto route = route_of(request.path);
  count(route);
  if (request.path.contains("//")) co_return framed(redirect(cleaned(request.path)), false);

  const Faults faults = faults_;  // those of now, also after a delay
  Answer answer = not_found();
  bool truncated = false;
  if (!passes_limiter(request)) {
    answer = throttled();
  } else if (route) {
    const bool concerned = faults.concern(route->subject);
    if (concerned && faults.delay.count() > 0) {
      asio::steady_timer timer(co_await asio::this_coro::executor, faults.delay);
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (concerned && faults.close) co_return without_reply();
    if (concerned && faults.redirect) co_return framed(redirect(request.path), false);
    auto faulty = faulty_answer(*route, faults);
    answer = faulty ? std::move(*faulty) : living_answer(source_, *route);
    truncated = concerned && faults.truncate;
  }
  answer.headers += limiter_headers(request);
  co_return framed(answer, truncated);
}

void Agent::count(const std::optional<Route>& route) {
  if (!route) {
    ++counts_.other;
  } else {
    ++(route->subject == Subject::kTask ? counts_.task : counts_.stats);
  }
}

bool Agent::passes_limiter(const HttpRequest& request) {
  return !faults_.throttle ||
         buckets_.take(*faults_.throttle, request.remote_address, request.path);
}

std::string Agent::limiter_headers(const HttpRequest& request) const {
  std::array<char, 32> rate{};
  std::snprintf(rate.data(), rate.size(), "%.2f", faults_.throttle.value_or(Throttle{}).rate);
  return "X-Rate-Limit-Duration: 1\r\nX-Rate-Limit-Limit: " + std::string(rate.data()) +
         "\r\nX-Rate-Limit-Request-Forwarded-For: \r\nX-Rate-Limit-Request-Remote-Addr: " +
         std::string(request.remote_address) + "\r\n";
}

// The mock's own paths, of which the agent knows nothing: no fault concerns them.
Answer Agent::control(const HttpRequest& request) {
  if (request.path == "/mock/requests") {
    return {.body = "{\"task\":" + std::to_string(counts_.task) +
                    ",\"stats\":" + std::to_string(counts_.stats) +
                    ",\"other\":" + std::to_string(counts_.other) + "}"};
  }
  return request.path == "/mock/faults" ? set_faults(request) : not_found();
}

Answer Agent::set_faults(const HttpRequest& request) {
  if (request.method != "POST" && request.method != "PUT") {
    Answer answer = text_answer(405, "POST or PUT the faults to have, as a query\n");
    answer.headers = "Allow: POST, PUT\r\n";
    return answer;
  }
  const auto faults = parse_faults(request.query);
  if (!faults) return text_answer(400, faults.error().message + "\n");
  faults_ = *faults;
  buckets_.clear();
  return text_answer(200, "ok\n");
}

}  // namespace ecs_exporter::mock
