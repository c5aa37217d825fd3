// Families to text, gzipped or not. The one room that knows how labels are escaped and numbers
// written.
#pragma once

#include <string>
#include <variant>

#include "family.h"
#include "gzip_writer.h"

namespace ecs_exporter {

/// A text that is made of families, each with its metadata and samples, in the order in which they
/// come. What is not well-formed UTF-8 becomes U+FFFD. A copy goes on from where the other is.
///
/// kText: the Prometheus text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
/// kOpenMetrics: OpenMetrics 1.0
/// (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
class Exposition {
 public:
  Exposition(ExpositionFormat format, bool gzipped);
  Exposition(const Exposition& other);
  Exposition(Exposition&&) = default;
  Exposition& operator=(const Exposition&) = delete;
  Exposition& operator=(Exposition&&) = delete;
  ~Exposition() = default;

  void add(const Families& families);

  /// The text, or the text as one gzip member, which is made without it. Nothing can be added then.
  std::string finish();

 private:
  ExpositionFormat format_;
  std::variant<std::string, GzipWriter> out_;
};

/// One with `families` alone, as text.
std::string exposition(const Families& families, ExpositionFormat format);

}  // namespace ecs_exporter
