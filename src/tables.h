// The tables of metrics.
#pragma once

#include <cstddef>
#include <vector>

#include "metric.h"

namespace ecs_exporter {

// The groups, each a table a kind of subject.
extern const Table<ContainerSubject> kCoreContainerTable;
extern const Table<Snapshot> kCoreTaskTable;
extern const Table<ContainerSubject> kCpuContainerTable;
extern const Table<Task> kCpuTaskTable;
extern const Table<ContainerSubject> kMemoryTable;
extern const Table<InterfaceSubject> kTaskNetworkTable;
extern const Table<InterfaceSubject> kContainerNetworkTable;
extern const Table<DeviceTraffic> kDiskTable;
extern const Table<ContainerSubject> kContainerTable;
extern const Table<Task> kTaskInfoTable;  // with all labels of the task
extern const Table<Task> kTaskTable;
extern const Table<SelfUse> kSelfTable;
extern const Table<EndpointSubject> kSelfEndpointTable;
extern const Table<CountSubject> kSelfErrorTable;
extern const Table<CountSubject> kSelfReplyTable;
extern const Table<ProcessUsage> kProcessTable;
extern const Table<MemoryNumber> kMemoryBytesTable;
extern const Table<MemoryNumber> kMemoryEventsTable;
extern const Table<CoreTime> kCpuCoreTable;
extern const Table<ContainerSubject> kCpuThrottlingTable;
extern const Table<BlockIoNumber> kDiskDetailTable;
extern const Table<BlockIoNumber> kDiskQueueTable;

/// All labels of the task, as `ecs_task_info` has them: first those that may stand on every series,
/// and of these first those that do by default.
extern const LabelNames kTaskLabelNames;
inline constexpr std::size_t kTaskLabelsToChoose = 11;
inline constexpr std::size_t kTaskLabelsByDefault = 5;
LabelValues task_label_values(const Task& task);

/// Every label name that can stand on a series of these tables, some of them more than once.
std::vector<LabelName> all_label_names();
/// The same of those about the exporter itself.
std::vector<LabelName> self_label_names();

}  // namespace ecs_exporter
