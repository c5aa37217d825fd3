// Look-ups of names that take long. The resolver of the C library is replaced for one name.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <string>

#include "fetch.h"
#include "loopback.h"

namespace {

std::atomic<int> begun = 0;         // look-ups of "slow.test"
std::atomic<bool> answers = false;  // as long as it is not, they wait

}  // namespace

// Every other name is looked up as ever.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  static const auto real =
      reinterpret_cast<int (*)(const char*, const char*, const addrinfo*, addrinfo**)>(
          ::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || std::string(name) != "slow.test") {
    return real(name, service, hints, found);
  }
  ++begun;
  begun.notify_all();
  answers.wait(false);
  return real("127.0.0.1", service, hints, found);
}

namespace ecs_exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

FetchRequest get(std::uint16_t port, std::chrono::nanoseconds time) {
  return {.host = "slow.test",
          .port = std::to_string(port),
          .path = "/",
          .deadline = std::make_shared<const std::chrono::steady_clock::time_point>(
              std::chrono::steady_clock::now() + time),
          .max_body_bytes = 1000};
}

TEST(FetchOfAName, WaitsForTheLookUpThatIsUnderWay) {
  begun = 0;
  answers = false;
  asio::io_context io;
  FakeEndpoint endpoint(io, {says(ok_reply("x"))});
  int done = 0;
  run(io, [&]() -> Async {
    for (int i = 0; i < 5; ++i) {
      const Fetched fetched = co_await fetch(get(endpoint.port(), milliseconds(20)));
      EXPECT_EQ(fetched.body ? ErrorKind::kSystem : fetched.body.error().kind, ErrorKind::kTimeout);
    }
    for (int i = 0; i < 2; ++i) {
      asio::co_spawn(
          io,
          [&]() -> Async {
            FetchRequest request = get(endpoint.port(), seconds(20));
            const Fetched fetched = co_await fetch(std::move(request));
            EXPECT_EQ(fetched.body.value_or("none"), "x");
            ++done;
          },
          [](const std::exception_ptr&) {});
    }
    co_await settle();
    co_await until([] { return begun == 1; });
    answers = true;
    answers.notify_all();
    co_await until([&] { return done == 2; });
    EXPECT_EQ(begun, 1);
    FetchRequest request = get(endpoint.port(), seconds(20));
    const Fetched again = co_await fetch(std::move(request));
    EXPECT_EQ(again.body.value_or("none"), "x");
    EXPECT_EQ(begun, 2);  // what was found is not kept
  }());
  answers = true;  // also where the test failed: the resolver's thread is waited for
  answers.notify_all();
}

}  // namespace
}  // namespace ecs_exporter
