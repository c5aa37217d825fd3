// The metrics of prometheus-community/ecs_exporter 0.4, for those who come from it: its names,
// labels, types and units, from our model.
#pragma once

#include <span>

#include "metric.h"
#include "model.h"

namespace ecs_exporter {

extern const std::span<const Metric<Task>> kProfileTaskTable;
extern const std::span<const Metric<ContainerSubject>> kProfileContainerTable;
extern const std::span<const Metric<InterfaceSubject>> kProfileNetworkTable;

}  // namespace ecs_exporter
