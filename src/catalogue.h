// The document of all metrics.
#pragma once

#include <string>

namespace ecs_exporter {

/// All metrics as a Markdown document: for each group a table of name, type, unit, labels, meaning,
/// source and when it is absent.
std::string metrics_catalogue();

}  // namespace ecs_exporter
