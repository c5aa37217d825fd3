// Requests and replies over real sockets. Limits and shutdown stand in http_server_limits_test.cc.
#include "http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "serving.h"

namespace ecs_exporter {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

std::string listen_error(std::string_view text) {
  const auto address = parse_listen_address(text);
  EXPECT_FALSE(address) << text;
  if (address) return {};
  EXPECT_EQ(address.error().kind, ErrorKind::kUsage);
  return address.error().message;
}

TEST(ReasonPhrase, IsTheStandardOne) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "");
}

TEST(MakeReply, HasALengthADateAndItsHeaders) {
  const HttpReply reply = make_reply(405, "text/x", "abc", "Allow: GET\r\n");
  EXPECT_THAT(reply.head,
              MatchesRegex("HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/x\r\n"
                           "Content-Length: 3\r\nDate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] "
                           "[0-9][0-9][0-9][0-9] [0-9:]+ GMT\r\nAllow: GET\r\n"));
  EXPECT_EQ(*reply.body, "abc");
}

TEST(MakeReply, WithoutABodyHasLengthZero) {
  EXPECT_THAT(make_reply(200, "t", std::shared_ptr<const std::string>()).head,
              HasSubstr("\r\nContent-Length: 0\r\n"));
}

TEST(ListenAddress, HasAHostAndAPort) {
  EXPECT_EQ(parse_listen_address(":9659")->host, "");
  EXPECT_EQ(parse_listen_address(":9659")->port, 9659);
  EXPECT_EQ(parse_listen_address("127.0.0.1:0")->host, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("[::1]:65535")->host, "::1");
  EXPECT_EQ(parse_listen_address("[::1]:65535")->port, 65535);
}

TEST(ListenAddress, BadOneSaysWhy) {
  EXPECT_EQ(listen_error("9659"), R"("9659" is no address to listen on: it has no ":" and port)");
  for (const std::string_view text : {":", ":65536", ":-1", ":http", "127.0.0.1:80 ", ":+1"}) {
    EXPECT_THAT(listen_error(text), EndsWith(": the port is not a number from 0 to 65535"));
  }
  for (const std::string_view text :
       {"localhost:80", "::1:80", "[127.0.0.1]:80", "[::1:80", "1.2.3:80"}) {
    EXPECT_THAT(
        listen_error(text),
        EndsWith(
            ": the host is neither empty nor an IPv4 address nor an IPv6 address in brackets"));
  }
}

TEST(ListenAddress, EmptyBracketsAreNone) { EXPECT_NE(listen_error("[]:80"), ""); }

TEST(HttpServer, HandlerSeesTheRequest) {
  Serving serving;
  EXPECT_THAT(serving.exchange(get("/a/%20b?c=d?e", "x-echo: yes\r\nX-Echo: no\r\n")),
              EndsWith("\r\n\r\nGET /a/%20b c=d?e yes\n"));
  EXPECT_EQ(serving.last_remote_address, "127.0.0.1");
}

TEST(HttpServer, HeaderThatIsNotThereIsEmpty) {
  Serving serving;
  EXPECT_THAT(serving.exchange(get("/")), EndsWith("\r\n\r\nGET /  \n"));
}

TEST(HttpServer, ConnectionServesManyRequests) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    for (const char* const path : {"/1", "/2", "/3"}) {
      co_await client.send(get(path));
      const std::string reply = co_await client.reply();
      EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
      EXPECT_THAT(reply, HasSubstr(path));
      EXPECT_THAT(reply, Not(HasSubstr("Connection:")));
    }
  }());
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  Serving serving;
  const std::string replies = serving.exchange(get("/1") + get("/2") + get("/3"));
  EXPECT_EQ(count(replies, "HTTP/1.1 200 OK"), 3U);
  EXPECT_LT(replies.find("GET /1"), replies.find("GET /2"));
  EXPECT_LT(replies.find("GET /2"), replies.find("GET /3"));
}

TEST(HttpServer, HalfClosedClientIsStillAnswered) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get("/wait"));
    client.half_close();
    co_await until([&] { return serving.handled == 1; });
    co_await settle();
    serving.release();
    const std::string reply = co_await client.rest();
    EXPECT_THAT(reply, EndsWith("GET /wait  \n"));
  }());
}

TEST(HttpServer, HeadHasTheLengthButNoBody) {
  Serving serving;
  const std::string reply = serving.exchange("HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Length: 10\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, ReplyAfterAHeadBeginsAtOnce) {
  Serving serving;
  const std::string replies = serving.exchange("HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\n" + get("/2"));
  EXPECT_EQ(count(replies, "\r\n\r\nHTTP/1.1 200 OK"), 1U);
}

TEST(HttpServer, OldHttpClosesAfterAReply) {
  Serving serving;
  const std::string replies = serving.exchange("GET /1 HTTP/1.0\r\n\r\n" + get("/2"));
  EXPECT_EQ(serving.handled, 1);
  EXPECT_THAT(replies, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(replies, EndsWith("GET /1  \n"));
}

TEST(HttpServer, OldHttpClosesEvenIfItIsAskedNotTo) {
  // It would have to say that it does not: a client may wait for the end of the connection.
  Serving serving;
  EXPECT_THAT(serving.exchange("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get("/2")),
              EndsWith("GET /1  \n"));
}

TEST(HttpServer, RequestWithoutOneHostIsRefused) {
  for (const std::string hosts : {"", "Host: x\r\nHost: y\r\n"}) {
    Serving serving;
    const std::string reply = serving.exchange("GET /1 HTTP/1.1\r\n" + hosts + "\r\n" + get("/2"));
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_EQ(serving.handled, 0);
  }
}

TEST(HttpServer, TargetMayBeAWholeUri) {
  Serving serving;
  EXPECT_THAT(serving.exchange(get("http://x:9659/1?a=http://b")),
              EndsWith("GET /1 a=http://b \n"));
  EXPECT_THAT(serving.exchange(get("http://x")), EndsWith("GET /  \n"));
  EXPECT_THAT(serving.exchange(get("http://x?a=/b")), EndsWith("GET / a=/b \n"));
  EXPECT_THAT(serving.exchange(get("/http://x/1")), EndsWith("GET /http://x/1  \n"));
}

TEST(HttpServer, ClientMayAskForTheEnd) {
  Serving serving;
  const std::string replies = serving.exchange(get("/1", "Connection: close\r\n") + get("/2"));
  EXPECT_EQ(serving.handled, 1);
  EXPECT_THAT(replies, HasSubstr("\r\nConnection: close\r\n"));
}

TEST(HttpServer, HandlerMayAskForTheEnd) {
  Serving serving;
  EXPECT_THAT(serving.exchange(get("/close") + get("/2")), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(serving.handled, 1);
}

TEST(HttpServer, HandlerMayCloseWithoutAWord) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    co_await client.send(get("/silent"));
    const std::string reply = co_await client.rest();
    EXPECT_EQ(reply, "");
  }());
}

TEST(HttpServer, HandlerThatThrowsCostsOnlyItsConnection) {
  Serving serving;
  EXPECT_EQ(serving.exchange(get("/throw")), "");
  EXPECT_THAT(serving.log.lines(), testing::ElementsAre(HasSubstr("error=\"thrown on purpose\"")));
  EXPECT_THAT(serving.exchange(get("/1")), HasSubstr("GET /1"));
}

TEST(HttpServer, GetWithABodyIsRefused) {
  for (const std::string headers :
       {"Content-Length: 3\r\n", "Content-Length: 5000000000\r\n", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 0\r\n"}) {
    Serving serving;
    const std::string reply = serving.exchange(get("/1", headers) + "abc");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(reply, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(reply, EndsWith("\r\n\r\na GET with a body\n"));
    EXPECT_EQ(serving.handled, 0);
  }
}

TEST(HttpServer, GetWithLengthZeroIsServed) {
  Serving serving;
  EXPECT_THAT(serving.exchange(get("/1", "Content-Length: 0\r\n") + get("/2")),
              HasSubstr("GET /2"));
}

TEST(HttpServer, PostWithABodyReachesTheHandlerAndIsTheLast) {
  Serving serving;
  const std::string replies =
      serving.exchange("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + get("/2"));
  EXPECT_EQ(serving.handled, 1);
  EXPECT_THAT(replies, EndsWith("POST /1  \n"));
  EXPECT_THAT(replies, HasSubstr("\r\nConnection: close\r\n"));
}

TEST(HttpServer, WhatFollowsABodyOfAnyCodingIsNoRequest) {
  Serving serving;
  serving.exchange("POST /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n" +
                   get("/2"));
  EXPECT_EQ(serving.handled, 1);
}

TEST(HttpServer, WhatIsNotHttpIsRefused) {
  for (const std::string bytes :
       {"hello\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/3.0\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"}) {
    Serving serving;
    const std::string reply = serving.exchange(bytes);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bytes;
    EXPECT_THAT(reply, HasSubstr("\r\n\r\nnot an HTTP request: "));
    EXPECT_EQ(serving.handled, 0);
  }
}

TEST(HttpServer, BlankLinesBeforeARequestAreIgnored) {
  Serving serving;
  EXPECT_EQ(count(serving.exchange("\r\n" + get("/1") + "\r\n\r\n" + get("/2")), "200 OK"), 2U);
  EXPECT_EQ(serving.handled, 2);
}

TEST(HttpServer, BlankLineMayComeByteByByte) {
  Serving serving;
  run(serving.io(), [&]() -> Async {
    Client client(serving.io());
    co_await client.connect(serving.port());
    for (const std::string part : {"\r", "\n", "\r", "\nG"}) {
      co_await client.send(part);
      co_await settle();
    }
    co_await client.send(get("/1").substr(1));
    EXPECT_THAT(co_await client.reply(), HasSubstr("GET /1"));
  }());
}

TEST(HttpServer, BlankLineInsideARequestIsItsEnd) {
  Serving serving;
  EXPECT_THAT(serving.exchange("\rGET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(serving.exchange(get("/1") + "X: y\r\n\r\n"), HasSubstr("GET /1"));
  EXPECT_EQ(serving.handled, 1);
}

TEST(HttpServer, ClientThatLeavesEarlyIsNoTrouble) {
  for (const std::string bytes : {"", "G", "\r", "\r\n", "GET / HTTP/1.1\r\nHost"}) {
    Serving serving;
    EXPECT_EQ(serving.exchange(bytes), "");
    EXPECT_THAT(serving.log.lines(), testing::IsEmpty());
  }
}

TEST(HttpServer, Ipv4ClientReachesTheEmptyAddress) {
  Serving serving(no_limits(), {.host = ""});
  EXPECT_THAT(serving.exchange(get("/1")), HasSubstr("GET /1"));
}

TEST(HttpServer, PortZeroIsARealPort) {
  Serving serving;
  EXPECT_THAT(serving.listening_on, StartsWith("127.0.0.1:"));
  EXPECT_NE(serving.port(), 0);
}

TEST(HttpServer, PortInUseIsAnErrorWithASentence) {
  Serving serving;
  const auto again = serving.server.listen({.host = "127.0.0.1", .port = serving.port()});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kSystem);
  EXPECT_EQ(again.error().message, "cannot listen on 127.0.0.1:" + std::to_string(serving.port()) +
                                       ": Address already in use");
}

TEST(HttpServer, AddressOfAnotherMachineIsAnError) {
  Serving serving;
  EXPECT_THAT(serving.server.listen({.host = "192.0.2.1"}).error().message,
              StartsWith("cannot listen on 192.0.2.1:0: "));
}

TEST(HttpServer, MayListenOnSeveralAddresses) {
  Serving serving;
  const auto second = serving.server.listen({.host = "127.0.0.2"});
  ASSERT_TRUE(second);
  EXPECT_THAT(*second, StartsWith("127.0.0.2:"));
  EXPECT_THAT(serving.exchange(get("/1")), HasSubstr("GET /1"));
}

}  // namespace
}  // namespace ecs_exporter
