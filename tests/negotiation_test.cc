// Accept and Accept-Encoding.
#include "negotiation.h"

#include <gtest/gtest.h>

namespace ecs_exporter {
namespace {

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

std::string type(std::string_view accept) { return negotiate(accept, "").content_type; }
bool gzip(std::string_view encoding) { return negotiate("", encoding).gzip; }

TEST(Negotiation, PrometheusTwoGetsOpenMetrics) {
  EXPECT_EQ(type("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version="
                 "0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpenMetrics);
}

TEST(Negotiation, PrometheusThreeGetsItsEscapingBack) {
  EXPECT_EQ(type("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                 "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
                 "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
            std::string(kOpenMetrics) + "; escaping=allow-utf-8");
}

TEST(Negotiation, UnknownEscapingIsUnderscores) {
  EXPECT_EQ(type("text/plain;escaping=dots"), std::string(kText) + "; escaping=underscores");
  EXPECT_EQ(type("text/plain;escaping=values"), std::string(kText) + "; escaping=values");
}

TEST(Negotiation, ThereIsAlwaysAnAnswer) {
  for (const std::string_view accept :
       {"", "*/*", "image/png", "application/json;q=1, ;;,", "text/*"}) {
    EXPECT_EQ(type(accept), kText) << accept;
  }
}

TEST(Negotiation, HighestQWinsAndTheFirstOfEqualOnes) {
  EXPECT_EQ(type("text/plain;q=0.9, application/openmetrics-text;version=1.0.0;q=0.8"), kText);
  EXPECT_EQ(type("text/plain;q=0.8, application/openmetrics-text;version=1.0.0;q=0.9"),
            kOpenMetrics);
  EXPECT_EQ(type("text/plain, application/openmetrics-text;version=1.0.0"), kText);
}

TEST(Negotiation, OpenMetricsMustNameItsVersion) {
  EXPECT_EQ(type("application/openmetrics-text"), kText);
  EXPECT_EQ(type("application/openmetrics-text;version=0.0.1"), kText);
  EXPECT_EQ(type("application/openmetrics-text; version=\"1.0.0\""), kOpenMetrics);
}

TEST(Negotiation, ClauseWithQZeroIsNotWanted) {
  EXPECT_EQ(type("application/openmetrics-text;version=1.0.0;q=0"), kText);
  EXPECT_EQ(type("application/openmetrics-text;version=1.0.0;q=x"), kText);
}

TEST(Negotiation, GzipOnlyWhereItIsNamed) {
  EXPECT_TRUE(gzip("gzip"));
  EXPECT_TRUE(gzip("deflate, GZIP;q=0.5"));
  EXPECT_FALSE(gzip(""));
  EXPECT_FALSE(gzip("identity, *"));
  EXPECT_FALSE(gzip("gzip;q=0"));
  EXPECT_FALSE(gzip("zstd, br"));
}

}  // namespace
}  // namespace ecs_exporter
