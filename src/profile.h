// The metrics of prometheus-community/ecs_exporter 0.4, for those who come from it, and those that
// its main branch has since: its names, labels, types and units, from our model.
#pragma once

#include <vector>

#include "metric.h"
#include "model.h"

namespace ecs_exporter {

extern const Table<Task> kProfileTaskTable;
extern const Table<ContainerSubject> kProfileContainerTable;
extern const Table<InterfaceSubject> kProfileNetworkTable;

/// Every label name that can stand on a series of these tables, some of them more than once.
std::vector<LabelName> profile_label_names();

}  // namespace ecs_exporter
