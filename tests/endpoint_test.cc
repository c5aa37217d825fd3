// Which endpoint there is.
#include "endpoint.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace ecs_exporter {
namespace {

using Variables = std::map<std::string, std::string>;

Result<Endpoint> find(std::string_view uri, bool use_v2 = false, const Variables& variables = {}) {
  return find_endpoint(uri, use_v2, [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

Endpoint found(std::string_view uri, bool use_v2 = false, const Variables& variables = {}) {
  const auto endpoint = find(uri, use_v2, variables);
  EXPECT_TRUE(endpoint) << endpoint.error().message;
  return endpoint.value_or(Endpoint{});
}

std::string message(std::string_view uri, bool use_v2 = false, const Variables& variables = {}) {
  const auto endpoint = find(uri, use_v2, variables);
  EXPECT_FALSE(endpoint) << uri;
  if (endpoint) return {};
  EXPECT_EQ(endpoint.error().kind, ErrorKind::kUsage);
  return endpoint.error().message;
}

const Variables kBoth = {{"ECS_CONTAINER_METADATA_URI_V4", "http://10.0.0.4/v4/abc"},
                         {"ECS_CONTAINER_METADATA_URI", "http://10.0.0.3/v3/abc"}};

TEST(Endpoint, ConfiguredUriComesFirst) {
  const Endpoint endpoint = found("http://10.0.0.9:8080/v4/xyz", true, kBoth);
  EXPECT_EQ(endpoint.host, "10.0.0.9");
  EXPECT_EQ(endpoint.port, "8080");
  EXPECT_EQ(endpoint.task_path, "/v4/xyz/task");
  EXPECT_EQ(endpoint.stats_path, "/v4/xyz/task/stats");
  EXPECT_EQ(endpoint.found_in, "--ecs.metadata-uri");
}

TEST(Endpoint, VersionFourComesBeforeVersionThree) {
  EXPECT_EQ(found("", true, kBoth).host, "10.0.0.4");
  EXPECT_EQ(found("", true, kBoth).found_in, "ECS_CONTAINER_METADATA_URI_V4");
}

TEST(Endpoint, VersionThreeComesBeforeVersionTwo) {
  Variables variables = kBoth;
  variables.erase("ECS_CONTAINER_METADATA_URI_V4");
  const Endpoint endpoint = found("", true, variables);
  EXPECT_EQ(endpoint.task_path, "/v3/abc/task");
  EXPECT_EQ(endpoint.stats_path, "/v3/abc/task/stats");
  EXPECT_EQ(endpoint.found_in, "ECS_CONTAINER_METADATA_URI");
}

TEST(Endpoint, EmptyVariableIsNoVariable) {
  Variables variables = kBoth;
  variables["ECS_CONTAINER_METADATA_URI_V4"] = "";
  EXPECT_EQ(found("", false, variables).host, "10.0.0.3");
}

TEST(Endpoint, VersionTwoIsAtAFixedAddress) {
  const Endpoint endpoint = found("", true);
  EXPECT_EQ(endpoint.host, "169.254.170.2");
  EXPECT_EQ(endpoint.port, "80");
  EXPECT_EQ(endpoint.task_path, "/v2/metadata");
  EXPECT_EQ(endpoint.stats_path, "/v2/stats");
  EXPECT_EQ(endpoint.found_in, "--ecs.v2");
}

TEST(Endpoint, NoneIsAnErrorThatNamesTheVariables) {
  EXPECT_EQ(message(""),
            "no metadata endpoint: ECS sets ECS_CONTAINER_METADATA_URI_V4 or "
            "ECS_CONTAINER_METADATA_URI in each container; elsewhere give --ecs.metadata-uri or "
            "ECS_METADATA_URI");
}

TEST(Endpoint, PathOfVersionTwoHasItsOwnNames) {
  EXPECT_EQ(found("http://h/v2").task_path, "/v2/metadata");
  EXPECT_EQ(found("http://h/v2/").stats_path, "/v2/stats");
  EXPECT_EQ(found("http://h/x/v2").task_path, "/x/v2/task");
}

TEST(Endpoint, TrailingSlashIsDropped) {
  EXPECT_EQ(found("http://h/v4/abc/").task_path, "/v4/abc/task");
  EXPECT_EQ(found("http://h/").task_path, "/task");
  EXPECT_EQ(found("http://h").task_path, "/task");
}

TEST(Endpoint, HostMayBeIpv6) {
  EXPECT_EQ(found("http://[fd00:ec2::2]:81/v4/a").host, "fd00:ec2::2");
  EXPECT_EQ(found("http://[fd00:ec2::2]:81/v4/a").task_url(), "http://[fd00:ec2::2]:81/v4/a/task");
}

TEST(Endpoint, UrlForMessagesAlwaysHasAPort) {
  EXPECT_EQ(found("http://localhost/v4/a").task_url(), "http://localhost:80/v4/a/task");
}

TEST(Endpoint, BadUriIsAnErrorThatSaysWhyAndDoesNotShowIt) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"169.254.170.2/v4", "does not begin with http://"},
      {"http://h/v4\r\nX: y", "is not a URI"},
      {"http://fd00::1/v4", "has an IPv6 address without brackets around it"},
      {"http://a b/", "is not a URI"},
      {"https://h/v4", "does not begin with http://"},
      {"http:///v4", "has no host"},
      {"http:v4", "does not begin with http://"},
      {"http://user:secret@h/v4", "has a user or a password, which no endpoint asks for"},
      {"http://h/v4?token=secret", "has more than a host, a port and a path"},
      {"http://h/v4#f", "has more than a host, a port and a path"},
      {"http://user:secret/v4", "has a port that is not a number from 1 to 65535"},
  };
  for (const auto& [uri, why] : cases) {
    EXPECT_EQ(message(uri), "--ecs.metadata-uri: this " + std::string(why));
  }
}

TEST(Endpoint, BadPortIsAnError) {
  for (const std::string_view uri :
       {"http://h:0/", "http://h:65536/", "http://h:/", "http://h:99999999999999999999/"}) {
    EXPECT_EQ(message(uri),
              "--ecs.metadata-uri: this has a port that is not a number from 1 to 65535");
  }
}

TEST(Endpoint, DoubleSlashIsAnError) {
  for (const std::string_view uri :
       {"http://h/v4//a", "http://h//v4", "http://h/v4//", "http://h//"}) {
    EXPECT_EQ(message(uri), "--ecs.metadata-uri: this has an empty part in its path");
  }
}

TEST(Endpoint, BadVariableIsNamed) {
  EXPECT_EQ(message("", true, {{"ECS_CONTAINER_METADATA_URI", "ftp://h"}}),
            "ECS_CONTAINER_METADATA_URI: this does not begin with http://");
}

}  // namespace
}  // namespace ecs_exporter
