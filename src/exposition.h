// Families to text. The one room that knows how labels are escaped and numbers written.
#pragma once

#include <string>

#include "family.h"

namespace ecs_exporter {

/// The Content-Type of the text format.
inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

/// The Prometheus text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/): HELP, TYPE and samples of each
/// family, in the given order. What is not well-formed UTF-8 becomes U+FFFD.
std::string exposition_text(const Families& families);

}  // namespace ecs_exporter
