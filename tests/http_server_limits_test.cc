// What a server does about clients that are slow, many or greedy, and how it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <string>

#include "serving.h"

namespace ecs_exporter {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

HttpLimits with_connections(std::size_t most) {
  HttpLimits limits = no_limits();
  limits.max_connections = most;
  return limits;
}
HttpLimits with_request_timeout(milliseconds time) {
  HttpLimits limits = no_limits();
  limits.request_timeout = time;
  return limits;
}
HttpLimits with_idle_timeout(milliseconds time) {
  HttpLimits limits = no_limits();
  limits.idle_timeout = time;
  return limits;
}
HttpLimits with_write_timeout(milliseconds time) {
  HttpLimits limits = no_limits();
  limits.write_timeout = time;
  return limits;
}

// Sends a bit of an endless header now and then, until the server hangs up.
Async trickle(Client& client, std::string bit = "x") {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  boost::system::error_code ec;
  while (!ec) {
    asio::write(client.socket(), asio::buffer(bit), ec);
    timer.expires_after(milliseconds(5));
    co_await timer.async_wait(kAwait);
  }
}

TEST(HttpServerLimits, AreTheDocumentedOnes) {
  const HttpLimits limits;
  EXPECT_EQ(limits.max_connections, 64U);
  EXPECT_EQ(limits.max_header_bytes, 8192U);
  EXPECT_EQ(limits.request_timeout, std::chrono::seconds(10));
  EXPECT_EQ(limits.idle_timeout, std::chrono::seconds(60));
  EXPECT_EQ(limits.write_timeout, std::chrono::seconds(10));
}

TEST(HttpServerLimits, HeaderOverTheLimitIsRefused) {
  for (const std::size_t size : {8192U, 20000U, 200000U}) {
    Serving serving;
    const std::string reply = serving.exchange(get("/", "X: " + std::string(size, 'x') + "\r\n"));
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n")) << size;
    EXPECT_THAT(reply, EndsWith("\r\n\r\nthe header is too large\n"));
    EXPECT_EQ(serving.handled, 0);
  }
}

TEST(HttpServerLimits, HeaderBelowTheLimitIsServed) {
  Serving serving;
  EXPECT_THAT(serving.exchange(get("/1", "X: " + std::string(8000, 'x') + "\r\n")),
              HasSubstr("GET /1"));
}

TEST(HttpServerLimits, HeaderOfTheLimitIsServedAndNoByteMore) {
  const std::size_t frame = get("/", "X: \r\n").size();
  for (const bool in_line : {true, false}) {
    for (const std::size_t size : {8192U, 8193U}) {
      const std::string filler(size - frame, 'x');
      Serving serving;
      EXPECT_THAT(serving.exchange(in_line ? get("/" + filler, "X: \r\n")
                                           : get("/", "X: " + filler + "\r\n")),
                  StartsWith(size > 8192 ? "HTTP/1.1 431 " : "HTTP/1.1 200 "));
    }
  }
}

TEST(HttpServerLimits, RequestLineAndFieldsShareTheLimit) {
  Serving serving;
  const std::string half(5000, 'x');
  EXPECT_THAT(serving.exchange(get("/" + half, "X: " + half + "\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(serving.handled, 0);
}

TEST(HttpServerLimits, BlankLinesWithoutEndAreCutOff) {
  Serving serving(with_request_timeout(milliseconds(100)));
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await trickle(client, "\r\n");
    EXPECT_EQ(serving.handled, 0);
  }());
}

TEST(HttpServerLimits, BlankLinesCountAsHeader) {
  std::string lines;
  while (lines.size() <= 8192) lines += "\r\n";
  Serving serving;
  EXPECT_THAT(serving.exchange(lines + get("/1")), StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(serving.handled, 0);
}

TEST(HttpServerLimits, RequestThatTricklesIsCutOff) {
  Serving serving(with_request_timeout(milliseconds(100)));
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send("GET / HTTP/1.1\r\nX: ");
    co_await trickle(client);
    EXPECT_EQ(serving.handled, 0);
  }());
}

TEST(HttpServerLimits, LaterRequestThatTricklesIsCutOffToo) {
  Serving serving(with_request_timeout(milliseconds(100)));
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get("/1"));
    co_await client.reply();
    co_await client.send("GET / HTTP/1.1\r\nX: ");
    co_await trickle(client);
    EXPECT_EQ(serving.handled, 1);
  }());
}

TEST(HttpServerLimits, ConnectionWithoutARequestIsClosed) {
  Serving serving(with_request_timeout(milliseconds(50)));
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    EXPECT_EQ(co_await client.rest(), "");
  }());
}

TEST(HttpServerLimits, IdleConnectionIsClosed) {
  Serving serving(with_idle_timeout(milliseconds(50)));
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get("/1"));
    co_await client.reply();
    EXPECT_EQ(co_await client.rest(), "");
  }());
}

TEST(HttpServerLimits, HandlerMayTakeLongerThanEveryLimit) {
  HttpLimits limits;
  limits.request_timeout = limits.idle_timeout = limits.write_timeout = milliseconds(20);
  Serving serving(limits);
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get("/wait"));
    for (int i = 0; i < 3; ++i) {
      Client silent(serving.io());  // is closed when the time of a request is over
      co_await silent.connect(serving.port());
      co_await silent.rest();
    }
    serving.release();
    EXPECT_THAT(co_await client.reply(), HasSubstr("GET /wait"));
  }());
}

TEST(HttpServerLimits, ClientThatNeverReadsIsCutOff) {
  HttpLimits limits = with_write_timeout(milliseconds(100));
  limits.max_connections = 1;
  Serving serving(limits);
  run(serving.io(), [&]() -> Async {
    Client greedy(serving.io());
    co_await greedy.connect(serving.port());
    co_await greedy.send(get("/large"));
    co_await until([&] { return serving.handled == 1; });
    Client next(serving.io());  // waits for the only place
    co_await next.connect(serving.port());
    co_await next.send(get("/1"));
    EXPECT_THAT(co_await next.reply(), HasSubstr("GET /1"));
    EXPECT_LT((co_await greedy.rest()).size(), 64UZ * 1024 * 1024);
  }());
}

TEST(HttpServerLimits, ConnectionOverTheLimitClosesTheOneThatWaitedLongest) {
  Serving serving(with_connections(2));
  run(serving.io(), [&]() -> Async {
    Client first(serving.io());
    Client second(serving.io());
    Client third(serving.io());
    co_await first.connect(serving.port());
    co_await second.connect(serving.port());
    co_await first.send(get("/1"));
    co_await second.send(get("/2"));
    co_await first.reply();
    co_await second.reply();
    co_await third.connect(serving.port());
    co_await third.send(get("/3"));
    EXPECT_THAT(co_await third.reply(), HasSubstr("GET /3"));
    EXPECT_EQ(co_await first.rest(), "");
    co_await second.send(get("/4"));
    EXPECT_THAT(co_await second.reply(), HasSubstr("GET /4"));
  }());
}

// Clients whose requests are all being handled.
asio::awaitable<std::list<Client>> handled_clients(Serving& serving, int count,
                                                   const std::string& path) {
  std::list<Client> clients;
  for (int i = 1; i <= count; ++i) {
    Client& client = clients.emplace_back(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get(path));
    co_await until([&] { return serving.handled == i; });
  }
  co_return clients;
}

TEST(HttpServerLimits, WhatNeedNotWaitIsServedWhileAllPlacesHoldRequestsThatWait) {
  for (const int places : {1, 3, 24}) {
    Serving serving(with_connections(static_cast<std::size_t>(places)));
    run(serving.io(), [&]() -> Async {
      std::list<Client> clients = co_await handled_clients(serving, places, "/endpoint");
      for (int i = 0; i < 10; ++i) {  // more than the reserve
        Client& next = clients.emplace_back(serving.io());
        co_await next.connect(serving.port());
        co_await next.send(get("/endpoint"));
        EXPECT_THAT(co_await next.reply(), StartsWith("HTTP/1.1 503 "));
        co_await next.send(get("/1"));
        EXPECT_THAT(co_await next.reply(), HasSubstr("GET /1"));
      }
      serving.release();
      for (int i = 0; i < places; ++i, clients.pop_front()) {
        EXPECT_THAT(co_await clients.front().reply(), HasSubstr("GET /endpoint"));
      }
      co_await clients.back().send(get("/endpoint"));
      co_await settle();
      serving.release();
      EXPECT_THAT(co_await clients.back().reply(), HasSubstr("GET /endpoint"));
    }());
  }
}

TEST(HttpServerLimits, ConnectionThatCameWhileAllOthersWereHandledIsServedAfterThem) {
  Serving serving(with_connections(1));
  run(serving.io(), [&]() -> Async {
    // A handler that waits where it may not has the reserve as well.
    std::list<Client> clients = co_await handled_clients(serving, 2, "/wait");
    Client second(serving.io());
    co_await second.connect(serving.port());
    co_await second.send(get("/2"));
    co_await settle();
    serving.release();
    for (Client& client : clients) {
      EXPECT_THAT(co_await client.reply(), HasSubstr("GET /wait"));  // one stays connected
    }
    EXPECT_THAT(co_await second.reply(), HasSubstr("GET /2"));
  }());
}

TEST(HttpServerLimits, AndAlsoIfTheyTakeNothingOfTheirReplies) {
  Serving serving(with_connections(1));
  run(serving.io(), [&]() -> Async {
    const std::list<Client> greedy = co_await handled_clients(serving, 2, "/wait-large");
    Client second(serving.io());
    co_await second.connect(serving.port());
    co_await second.send(get("/2"));
    co_await settle();
    serving.release();
    EXPECT_THAT(co_await second.reply(), HasSubstr("GET /2"));
  }());
}

TEST(HttpServerLimits, AFloodFromOneAddressClosesNoneOfAnother) {
  Serving serving(with_connections(5));
  run(serving.io(), [&]() -> Async {
    Client idle(serving.io());
    co_await idle.connect(serving.port());
    co_await idle.send(get("/1"));
    co_await idle.reply();
    Client silent(serving.io());
    co_await silent.connect(serving.port());
    std::list<Client> flood;
    for (int i = 0; i < 20; ++i) {
      co_await flood.emplace_back(serving.io()).connect(serving.port(), "127.0.0.1", "127.0.0.2");
      co_await settle();
    }
    for (Client* client : {&idle, &silent}) {
      co_await client->send(get("/2"));
      EXPECT_THAT(co_await client->reply(), HasSubstr("GET /2"));
    }
  }());
}

TEST(HttpServerLimits, OfOneAddressThoseWhoLoseTheLeastAreClosedFirst) {
  Serving serving(with_connections(3));
  run(serving.io(), [&]() -> Async {
    Client talking(serving.io());
    co_await talking.connect(serving.port());
    co_await talking.send("GET / HTTP/1.1\r\n");
    co_await settle();
    Client silent(serving.io());
    co_await silent.connect(serving.port());
    Client idle(serving.io());
    co_await idle.connect(serving.port());
    co_await idle.send(get("/1"));
    co_await idle.reply();
    Client fourth(serving.io());
    co_await fourth.connect(serving.port());
    EXPECT_EQ(co_await idle.rest(), "");
    Client fifth(serving.io());
    co_await fifth.connect(serving.port());
    EXPECT_EQ(co_await silent.rest(), "");
    co_await talking.send("Host: x\r\n\r\n");
    EXPECT_THAT(co_await talking.reply(), HasSubstr("GET /"));
  }());
}

TEST(NetworkOf, IsWhatAClientCanChooseItsAddressesFrom) {
  const auto of = [](const char* text) { return network_of(asio::ip::make_address(text)); };
  EXPECT_EQ(of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(of("2001:db8:1:2::"), "2001:db8:1:2::/64");
  EXPECT_EQ(of("::1"), "::/64");
}

TEST(HttpServerLimits, OneClientDoesNotHoldUpAnother) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client slow(serving.io());
    Client quick(serving.io());
    co_await slow.connect(serving.port());
    co_await quick.connect(serving.port());
    co_await slow.send(get("/wait"));
    co_await quick.send(get("/1"));
    EXPECT_THAT(co_await quick.reply(), HasSubstr("GET /1"));
    serving.release();
    EXPECT_THAT(co_await slow.reply(), HasSubstr("GET /wait"));
  }());
}

TEST(HttpServerStop, ClosesWhatIsIdle) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client fresh(serving.io());
    Client used(serving.io());
    co_await used.connect(serving.port());
    co_await used.send(get("/1"));
    co_await used.reply();
    co_await fresh.connect(serving.port());
    co_await settle();
    serving.server.stop();
    EXPECT_EQ(co_await used.rest(), "");
    EXPECT_EQ(co_await fresh.rest(), "");
  }());
}

TEST(HttpServerStop, FinishesWhatIsInFlight) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get("/wait") + get("/2"));
    co_await until([&] { return serving.handled == 1; });
    serving.server.stop();
    co_await settle();
    serving.release();
    const std::string reply = co_await client.rest();
    EXPECT_THAT(reply, EndsWith("GET /wait  \n"));
    EXPECT_THAT(reply, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(serving.handled, 1);
  }());
}

TEST(HttpServerStop, AcceptsNobodyAnymore) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    serving.server.stop();
    tcp::socket socket(serving.io());
    const auto [ec] =
        co_await socket.async_connect({asio::ip::address_v4::loopback(), serving.port()}, kAwait);
    EXPECT_EQ(ec, asio::error::connection_refused);
  }());
}

TEST(HttpServerStop, LeavesNoWorkBehind) {
  Serving serving;
  serving.exchange(get("/1"));
  serving.server.stop();
  serving.io().restart();
  serving.io().run_for(std::chrono::seconds(20));
  EXPECT_TRUE(serving.io().stopped());
}

}  // namespace
}  // namespace ecs_exporter
