// Who gets a place among those that wait for their hash, and what becomes of the others.
#include "basic_auth.h"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <memory>
#include <optional>
#include <string>

#include "loopback.h"
#include "password.h"

namespace ecs_exporter {
namespace {

using Verdict = BasicAuth::Verdict;

constexpr const char* kAlice = "Basic YWxpY2U6b3BlbiBzZXNhbWU=";        // alice:open sesame
constexpr const char* kBob = "Basic Ym9iOm9wZW4gc2VzYW1l";              // bob:open sesame
constexpr const char* kMallory = "Basic bWFsbG9yeTpvcGVuIHNlc2FtZQ==";  // mallory:open sesame
constexpr const char* kWrong = "Basic YWxpY2U6d3Jvbmc=";                // alice:wrong

class BasicAuthPlaces : public testing::Test {
 protected:
  /// The answer, if it comes without a wait for a hash.
  std::optional<Verdict> at_once(const std::string& authorization, const std::string& client,
                                 bool may_wait = true) {
    const auto verdict = std::make_shared<std::optional<Verdict>>();
    asio::co_spawn(
        io,
        [](BasicAuthPlaces& test, auto out, std::string given, std::string from,
           bool waits) -> Async {
          *out = co_await test.auth.check(test.users, given, from, waits);
        }(*this, verdict, authorization, client, may_wait),
        asio::detached);
    io.restart();
    io.poll();
    return *verdict;
  }

  /// Waits for all hashes that are to be computed.
  void finish() {
    io.restart();
    io.run_for(std::chrono::seconds(30));
    EXPECT_TRUE(io.stopped());
  }

  asio::io_context io;
  BasicAuth auth{io.get_executor()};
  BasicAuth::Users users = {
      // Of "open sesame".
      {"alice", "$2b$08$abcdefghijklmnopqrstuuvbcBqwD0vqGp5cw/xK4wy0Mtx9M8.Zy"},
      {"bob", "$2b$10$abcdefghijklmnopqrstuu4SuEsu2LsUrAYUpWQHLMMc4GV5pZTxK"}};
};

TEST_F(BasicAuthPlaces, WhoGuessesIsToldThatTooManyWaitAndOthersAreNot) {
  std::optional<Verdict> verdict;
  while (!verdict) verdict = at_once(kMallory, "guesser");
  EXPECT_EQ(verdict, Verdict::kBusy);
  EXPECT_EQ(at_once(kAlice, "other"), std::nullopt);
  finish();
  EXPECT_EQ(at_once(kAlice, "anybody"), Verdict::kAllowed);
}

TEST_F(BasicAuthPlaces, WhoMayNotWaitIsToldSoAndIsKnownTheNextTime) {
  EXPECT_EQ(at_once(kAlice, "client", false), Verdict::kBusy);
  finish();
  EXPECT_EQ(at_once(kAlice, "client", false), Verdict::kAllowed);
}

TEST_F(BasicAuthPlaces, ARightPasswordThatFoundNoPlaceAmongGuessersIsKnownTheNextTime) {
  std::optional<Verdict> verdict;
  while (verdict != Verdict::kBusy) verdict = at_once(kMallory, "nat");
  // It finds no place, or gets the one that has just come free.
  verdict = at_once(kBob, "nat");
  EXPECT_NE(verdict, Verdict::kRefused);
  // And who guesses goes on.
  for (int i = 0; i < 20; ++i) at_once(kMallory, "nat");
  finish();
  EXPECT_EQ(at_once(kBob, "nat", false), Verdict::kAllowed);
}

TEST_F(BasicAuthPlaces, OfANameTheNewestIsCheckedAndEachNameIs) {
  EXPECT_EQ(at_once(kWrong, "client", false), Verdict::kBusy);
  EXPECT_EQ(at_once(kBob, "client", false), Verdict::kBusy);
  EXPECT_EQ(at_once(kAlice, "client", false), Verdict::kBusy);
  finish();
  EXPECT_EQ(at_once(kAlice, "client", false), Verdict::kAllowed);
  EXPECT_EQ(at_once(kBob, "client", false), Verdict::kAllowed);
}

TEST_F(BasicAuthPlaces, ANameThatNobodyHasIsNeverRemembered) {
  EXPECT_EQ(at_once(kMallory, "client", false), Verdict::kBusy);
  EXPECT_EQ(at_once(kWrong, "client", false), Verdict::kBusy);
  finish();
  EXPECT_EQ(at_once(kMallory, "client", false), Verdict::kBusy);
  EXPECT_EQ(at_once(kWrong, "client", false), Verdict::kBusy);
  finish();
}

TEST(BcryptCost, IsWhatTheHashSays) {
  EXPECT_EQ(bcrypt_cost("$2b$08$abcdefghijklmnopqrstuuvbcBqwD0vqGp5cw/xK4wy0Mtx9M8.Zy"), 8);
  EXPECT_EQ(bcrypt_cost("$2y$31$abcdefghijklmnopqrstuuvbcBqwD0vqGp5cw/xK4wy0Mtx9M8.Zy"), 31);
}

}  // namespace
}  // namespace ecs_exporter
