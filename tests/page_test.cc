// The page and its headers as texts; tests/page_test.mjs has a browser judge them.
#include "page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs_exporter {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Page, IsOneDocumentThatAsksForTheMetrics) {
  const std::string html = page_html("/metrics");
  EXPECT_THAT(html, StartsWith("<!doctype html>\n"));
  EXPECT_THAT(html, EndsWith("</html>\n"));
  EXPECT_THAT(html, HasSubstr("<a id=\"metrics\" href=\"./metrics\">"));
  EXPECT_THAT(html, Not(HasSubstr("@METRICS@")));
}

TEST(Page, PathCannotLeaveItsAttributeOrTheHost) {
  EXPECT_THAT(page_html("/a\"><b>&amp;"), HasSubstr("href=\"./a&quot;&gt;&lt;b&gt;&amp;amp;\""));
  EXPECT_THAT(page_html("//host/x"), HasSubstr("href=\".//host/x\""));
}

TEST(Page, HeadersAllowItsOwnStyleAndScriptAndNothingElse) {
  const std::string headers = page_headers();
  EXPECT_THAT(headers,
              StartsWith("Content-Security-Policy: default-src 'none'; connect-src 'self'; "
                         "style-src 'sha256-"));
  EXPECT_THAT(headers, HasSubstr("='; script-src 'sha256-"));
  EXPECT_THAT(headers, HasSubstr("frame-ancestors 'none'\r\n"));
  EXPECT_THAT(headers, Not(HasSubstr("unsafe")));
  EXPECT_THAT(headers, EndsWith("\r\n"));
}

}  // namespace
}  // namespace ecs_exporter
