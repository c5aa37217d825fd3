// Reads the file again where a connection or request wants it, at most once a second.
#include "web_access.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "tls_context.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool asks_clients_for_less(const TlsSettings& next, const TlsSettings& last) {
  return (requires_certificate(last.client_auth) && !requires_certificate(next.client_auth)) ||
         (verifies_certificate(last.client_auth) && !verifies_certificate(next.client_auth)) ||
         (!last.client_ca.name.empty() && next.client_ca.name.empty()) ||
         (!last.allowed_sans.empty() && next.allowed_sans.empty());
}

// The lines of a text in which each ends in CRLF, without that.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find("\r\n")));
    text.remove_prefix(std::min(lines.back().size() + 2, text.size()));
  }
  return lines;
}

// The first header that `next` does not have, or only the beginning of its value; "" if there is
// none.
std::string_view lost_header(std::string_view next, std::string_view last) {
  const auto lines = lines_of(next);
  for (const std::string_view line : lines_of(last)) {
    const std::string_view name = line.substr(0, line.find(':'));
    const auto now = std::ranges::find_if(
        lines, [&](std::string_view other) { return other.substr(0, other.find(':')) == name; });
    if (now == lines.end() || (now->size() < line.size() && line.starts_with(*now))) return name;
  }
  return {};
}

// A file that is just being written may end anywhere: what protects never goes away while the
// process lives, and a port that speaks one protocol does not begin to speak another. What is named
// anew, as another suite, name or value, was meant so by somebody.
Result<void> may_follow(const WebConfig& next, const WebConfig& last) {
  const auto& now = next.tls;
  const auto& was = last.tls;
  const bool tls = now && was;
  const std::string_view header = lost_header(next.headers, last.headers);
  const std::pair<bool, std::string> changes[] = {
      {now && !was, "TLS begins"},
      {!now && was, "TLS ends"},
      {tls && now->min_version < was->min_version, "older versions of TLS are spoken"},
      {tls && now->cipher_suites.empty() && !was->cipher_suites.empty(), "cipher_suites end"},
      {tls && now->curves.empty() && !was->curves.empty(), "curve_preferences end"},
      {tls && asks_clients_for_less(*now, *was), "less is asked of the certificates of clients"},
      {next.users.empty() && !last.users.empty(), "passwords are no longer asked for"},
      {!header.empty(), "the header " + std::string(header) + " ends or is cut short"}};
  for (const auto& [is_so, change] : changes) {
    if (!is_so) continue;
    return std::unexpected(Error{ErrorKind::kUsage, change + " only after a restart"});
  }
  return {};
}

}  // namespace

WebAccess::WebAccess(asio::any_io_executor executor, WebSource source, const Log& log)
    : source_(std::move(source)), log_(log), basic_auth_(std::move(executor)) {}

Result<std::unique_ptr<WebAccess>> WebAccess::open(asio::any_io_executor executor, WebSource source,
                                                   const Log& log) {
  std::unique_ptr<WebAccess> access(new WebAccess(std::move(executor), std::move(source), log));
  if (auto taken = access->take(read_web_config(access->source_)); !taken) {
    return std::unexpected(std::move(taken.error()));
  }
  access->refreshed_ = Clock::now();
  if (access->config_->http2) log.info("http2 is ignored: HTTP/1.1 is all there is");
  return access;
}

// Makes `config` the one that holds, or changes nothing.
Result<void> WebAccess::take(Result<WebConfig> config) {
  if (!config) return std::unexpected(std::move(config.error()));
  if (config_ && *config == *config_) return {};
  if (config_) {
    if (auto allowed = may_follow(*config, *config_); !allowed) return allowed;
  }
  std::shared_ptr<ssl_ctx_st> tls;
  if (config->tls) {
    auto made = make_tls_context(*config->tls);
    if (!made) return std::unexpected(std::move(made.error()));
    tls = std::move(*made);
  }
  if (config_) log_.info("the web configuration has changed");
  tls_ = std::move(tls);  // connections that have begun keep theirs
  config_ = std::make_shared<const WebConfig>(std::move(*config));
  return {};
}

void WebAccess::refresh() {
  constexpr auto kPeriod = std::chrono::seconds(1);
  const auto now = Clock::now();
  if (source_.file.empty() || now - refreshed_ < kPeriod) return;
  refreshed_ = now;
  const auto taken = take(read_web_config(source_));
  const std::string error = taken ? "" : taken.error().message;
  if (error == last_error_) return;
  last_error_ = error;
  if (!taken) {
    log_.error("the web configuration is broken, the last good one goes on", {{"error", error}});
  }
}

std::shared_ptr<ssl_ctx_st> WebAccess::tls() {
  refresh();
  return tls_;
}

asio::awaitable<HttpReply> WebAccess::answer(const HttpRequest& request,
                                             const HttpHandler& handler) {
  refresh();
  const auto config = config_;
  HttpReply reply = co_await judged(request, handler);
  if (!reply.head.empty()) reply.head += config->headers;
  co_return reply;
}

asio::awaitable<HttpReply> WebAccess::judged(const HttpRequest& request,
                                             const HttpHandler& handler) {
  const auto config = config_;
  if (config->users.empty()) co_return co_await handler(request);
  const std::string_view authorization = request.header("Authorization");
  const auto note = [&](Rarely& events, std::string_view message) {
    const auto times = events.happened();
    if (!times) return;
    log_.warn(message, {{"remote_address", request.remote_address}, {"times", *times}});
  };
  switch (co_await basic_auth_.check(config->users, authorization,
                                     std::string(request.remote_network), request.may_wait)) {
    case BasicAuth::Verdict::kAllowed:
      co_return co_await handler(request);
    case BasicAuth::Verdict::kRefused:
      // Who gives none, as a browser does at first, does not guess.
      if (!authorization.empty()) note(wrong_passwords_, "a wrong name or password");
      co_return make_reply(401, kPlainText, "unauthorized\n", "WWW-Authenticate: Basic\r\n");
    case BasicAuth::Verdict::kBusy:
      break;
  }
  note(unchecked_passwords_, "too many passwords wait to be checked");
  co_return make_reply(503, kPlainText, "too many passwords wait to be checked\n",
                       "Retry-After: 1\r\n");
}

}  // namespace ecs_exporter
