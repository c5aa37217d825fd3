// The metrics: tables of rows, and the loop that turns a snapshot into families. The one room that
// knows names of metrics and labels.
#pragma once

#include "family.h"
#include "model.h"

namespace ecs_exporter {

/// What is to be said of `snapshot`: a pure function. A family without a sample is left out;
/// `ecs_container_exporter_up` always has one.
Families collect(const Snapshot& snapshot);

}  // namespace ecs_exporter
