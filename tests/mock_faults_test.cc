// The mock's faults as words, its paths, and how it frames bodies.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "answer.h"
#include "faults.h"
#include "route.h"

namespace ecs_exporter::mock {
namespace {

TEST(MockFaults, AQueryHoldsTheWordsOfTheOptions) {
  // Of a longer text, so that reading past the end would show.
  const std::string_view text = "fail=task%3D503&delay=1.5s&only=stats&close&throttle=2%2C3#more";
  const auto faults = parse_faults(text.substr(0, text.find('#')));
  ASSERT_TRUE(faults) << faults.error().message;
  EXPECT_EQ(faults->fail_task, 503U);
  EXPECT_FALSE(faults->fail_stats);
  EXPECT_EQ(faults->delay, std::chrono::milliseconds(1500));
  EXPECT_FALSE(faults->concern(Subject::kTask));
  EXPECT_TRUE(faults->concern(Subject::kStats));
  EXPECT_TRUE(faults->close);
  EXPECT_FALSE(faults->truncate);
  ASSERT_TRUE(faults->throttle);
  EXPECT_EQ(faults->throttle->rate, 2);
  EXPECT_EQ(faults->throttle->burst, 3);
}

TEST(MockFaults, BothMeansTaskAndStats) {
  const auto faults = parse_faults("fail=both=404");
  ASSERT_TRUE(faults);
  EXPECT_EQ(faults->fail_task, 404U);
  EXPECT_EQ(faults->fail_stats, 404U);
}

TEST(MockFaults, AnEmptyQueryIsNoFault) {
  const auto faults = parse_faults("");
  ASSERT_TRUE(faults);
  EXPECT_FALSE(faults->fail_task || faults->fail_stats || faults->close || faults->throttle);
}

TEST(MockFaults, ABadWordIsRefusedByNameAndValue) {
  for (const char* query :
       {"fail=500", "fail=task=200", "fail=all=500", "delay=2", "delay=-1s", "delay=nans",
        "delay=9999999s", "throttle=1", "throttle=0,1", "throttle=1,0", "only=both", "close=yes"}) {
    const std::string text = query;
    const auto faults = parse_faults(text);
    ASSERT_FALSE(faults) << text;
    const std::size_t equals = text.find('=');
    EXPECT_TRUE(faults.error().message.starts_with("--" + text.substr(0, equals) + " is \"" +
                                                   text.substr(equals + 1) + "\", and must be "))
        << faults.error().message;
  }
  EXPECT_EQ(parse_faults("slow").error().message, "there is no fault \"slow\"");
  EXPECT_TRUE(parse_faults("delay=%zz").error().message.starts_with("--delay is \"%zz\""));
}

TEST(MockFaults, AThrottleCountsEachClientAndPathByItself) {
  TokenBuckets buckets;
  const Throttle throttle{.rate = 1e-6, .burst = 2};
  EXPECT_TRUE(buckets.take(throttle, "10.0.0.1", "/task"));
  EXPECT_TRUE(buckets.take(throttle, "10.0.0.1", "/task"));
  EXPECT_FALSE(buckets.take(throttle, "10.0.0.1", "/task"));
  EXPECT_TRUE(buckets.take(throttle, "10.0.0.1", "/task/stats"));
  EXPECT_TRUE(buckets.take(throttle, "10.0.0.2", "/task"));
}

TEST(MockRoute, EveryPathOfTheAgentIsKnown) {
  struct Case {
    std::string_view path;
    EndpointVersion version;
    Subject subject;
    bool whole_task;
    std::string_view id;
  };
  using enum EndpointVersion;
  using enum Subject;
  for (const Case& c : {Case{"/task", kV4, kTask, true, ""},
                        {"/task/stats", kV4, kStats, true, ""},
                        {"/v4/a-1", kV4, kTask, false, "a-1"},
                        {"/v4/a-1/task", kV4, kTask, true, "a-1"},
                        {"/v4/a-1/stats", kV4, kStats, false, "a-1"},
                        {"/v3/b/task/stats", kV3, kStats, true, "b"},
                        {"/v2/metadata", kV2, kTask, true, ""},
                        {"/v2/metadata/", kV2, kTask, true, ""},
                        {"/v2/stats/c", kV2, kStats, false, "c"}}) {
    const auto route = route_of(c.path);
    ASSERT_TRUE(route) << c.path;
    EXPECT_EQ(route->version, c.version) << c.path;
    EXPECT_EQ(route->subject, c.subject) << c.path;
    EXPECT_EQ(route->whole_task, c.whole_task) << c.path;
    EXPECT_EQ(route->id, c.id) << c.path;
  }
}

TEST(MockRoute, NoOtherPathIs) {
  for (const char* path : {"/", "/stats", "/tasks", "/v4/", "/v4//task", "/v4/a/", "/v4/a/task/",
                           "/v4/a/taskWithTags", "/v2/metadataWithTags", "/v2/stats/a/b"}) {
    EXPECT_FALSE(route_of(path)) << path;
  }
}

TEST(MockAnswer, ASmallBodyIsCountedAndALargeOneChunked) {
  const HttpReply small = framed({.body = std::string(2048, 'x')}, false);
  EXPECT_TRUE(small.head.ends_with("\r\nContent-Length: 2048\r\n"));
  EXPECT_EQ(small.body->size(), 2048U);
  const std::string text(5000, 'x');
  const HttpReply large = framed({.body = text}, false);
  EXPECT_TRUE(large.head.ends_with("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_EQ(*large.body, "1000\r\n" + text.substr(0, 4096) + "\r\n388\r\n" + text.substr(4096) +
                             "\r\n0\r\n\r\n");
}

TEST(MockAnswer, ATruncatedBodyIsHalfOfWhatIsAnnounced) {
  const HttpReply reply = framed({.body = "{\"a\":1}."}, true);
  EXPECT_TRUE(reply.head.contains("Content-Length: 8\r\n"));
  EXPECT_EQ(*reply.body, "{\"a\"");
  EXPECT_EQ(reply.then, HttpReply::Then::kClose);
}

}  // namespace
}  // namespace ecs_exporter::mock
