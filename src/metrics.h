// From a snapshot to families: the one loop over all tables.
#pragma once

#include "family.h"
#include "metrics_config.h"
#include "model.h"
#include "self.h"

namespace ecs_exporter {

/// What is to be said of `snapshot`: a pure function. A family without a sample is left out;
/// `ecs_container_exporter_up` always has one, unless the filter names others. What comes
/// back refers to `snapshot` and `config`.
Families collect(const Snapshot& snapshot, const MetricsConfig& config,
                 const MetricsFilter& filter = {});

/// What is to be said of this exporter, which has other families; `task` is for its labels.
Families collect_self(const SelfUse& self, const Task& task, const MetricsConfig& config,
                      const MetricsFilter& filter = {});

}  // namespace ecs_exporter
