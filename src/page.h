// The page at `/`, for people: src/page.html, which asks for the metrics and draws them.
#pragma once

#include <string>
#include <string_view>

namespace ecs_exporter {

/// The document, complete in itself. `telemetry_path` ("/metrics") stands in it relative to the
/// page, so that it also works where a proxy puts a prefix before both.
std::string page_html(std::string_view telemetry_path);

/// The header lines that go with it, each ending in CRLF: it may run its own style and script and
/// nothing else, and ask this exporter and no one else.
std::string page_headers();

}  // namespace ecs_exporter
