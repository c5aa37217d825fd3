// Text to gzip. The one room that knows the compression library.
#pragma once

#include <string>
#include <string_view>

namespace ecs_exporter {

/// `text` as one gzip member (RFC 1952), compressed fast rather than small.
std::string gzip(std::string_view text);

}  // namespace ecs_exporter
