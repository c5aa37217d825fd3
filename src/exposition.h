// Families to text. The one room that knows how labels are escaped and numbers written.
#pragma once

#include <string>

#include "family.h"

namespace ecs_exporter {

/// `families` in the given order, each with its metadata and samples. What is not well-formed UTF-8
/// becomes U+FFFD.
///
/// kText: the Prometheus text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
/// kOpenMetrics: OpenMetrics 1.0
/// (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
std::string exposition(const Families& families, ExpositionFormat format);

/// The same as one gzip member, made without the text.
std::string gzipped_exposition(const Families& families, ExpositionFormat format);

}  // namespace ecs_exporter
