// What a client may be answered: Accept and Accept-Encoding to a format. Pure.
#pragma once

#include <string>
#include <string_view>

#include "family.h"

namespace ecs_exporter {

struct Negotiated {
  ExpositionFormat format = ExpositionFormat::kText;
  std::string content_type;
  bool gzip = false;
};

/// The format for a request with these headers ("" for one that it does not have).
///
/// The clause of `accept` with the highest q that can be served wins; of equal ones the first.
/// OpenMetrics is served where a clause names its version 1.0.0, and the text format for anything
/// else: there is always an answer. A clause's `escaping` changes nothing for names as ours, and is
/// echoed (one that is not known, as `underscores`). `gzip` is true where `accept_encoding` names
/// it with a q over 0. (RFC 9110, section 12.5;
/// https://prometheus.io/docs/instrumenting/content_negotiation/)
Negotiated negotiate(std::string_view accept, std::string_view accept_encoding);

}  // namespace ecs_exporter
