// Who may ask, and how: the web configuration that holds now, read again when it changes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "basic_auth.h"
#include "error.h"
#include "http_server.h"
#include "log.h"
#include "rarely.h"
#include "web_config.h"

namespace ecs_exporter {

class WebAccess {
 public:
  /// Errors: kUsage, what is wrong with the configuration.
  static Result<std::unique_ptr<WebAccess>> open(boost::asio::any_io_executor executor,
                                                 WebSource source, const Log& log);

  /// The TLS of a new connection; null for plain HTTP.
  std::shared_ptr<ssl_ctx_st> tls();

  /// Answers a request by `handler`, with the headers that the configuration adds: 401 instead
  /// without a right name and password where it has users, 503 where too many hashes wait.
  boost::asio::awaitable<HttpReply> answer(const HttpRequest& request, const HttpHandler& handler);

 private:
  WebAccess(boost::asio::any_io_executor executor, WebSource source, const Log& log);
  void refresh();
  Result<void> take(Result<WebConfig> config);
  boost::asio::awaitable<HttpReply> judged(const HttpRequest& request, const HttpHandler& handler);

  WebSource source_;
  const Log& log_;
  BasicAuth basic_auth_;
  std::shared_ptr<const WebConfig> config_;  // null before the first
  std::shared_ptr<ssl_ctx_st> tls_;
  std::chrono::steady_clock::time_point refreshed_;
  std::string last_error_;
  Rarely wrong_passwords_;
  Rarely unchecked_passwords_;
};

}  // namespace ecs_exporter
