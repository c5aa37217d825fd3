// The tables of metrics.
#pragma once

#include <span>

#include "metric.h"

namespace ecs_exporter {

// The groups, each a table a kind of subject.
extern const std::span<const Metric<ContainerSubject>> kCoreContainerTable;
extern const std::span<const Metric<Snapshot>> kCoreTaskTable;
extern const std::span<const Metric<ContainerSubject>> kCpuContainerTable;
extern const std::span<const Metric<Task>> kCpuTaskTable;
extern const std::span<const Metric<ContainerSubject>> kMemoryTable;
extern const std::span<const Metric<InterfaceSubject>> kTaskNetworkTable;
extern const std::span<const Metric<InterfaceSubject>> kContainerNetworkTable;
extern const std::span<const Metric<DeviceTraffic>> kDiskTable;
extern const std::span<const Metric<ContainerSubject>> kContainerTable;
extern const std::span<const Metric<Task>> kTaskInfoTable;  // with all labels of the task
extern const std::span<const Metric<Task>> kTaskTable;
extern const std::span<const Metric<SelfUse>> kSelfTable;
extern const std::span<const Metric<EndpointSubject>> kSelfEndpointTable;
extern const std::span<const Metric<CountSubject>> kSelfErrorTable;
extern const std::span<const Metric<CountSubject>> kSelfReplyTable;
extern const std::span<const Metric<ProcessUsage>> kProcessTable;
extern const std::span<const Metric<MemoryNumber>> kMemoryBytesTable;
extern const std::span<const Metric<MemoryNumber>> kMemoryEventsTable;
extern const std::span<const Metric<CoreTime>> kCpuCoreTable;
extern const std::span<const Metric<ContainerSubject>> kCpuThrottlingTable;
extern const std::span<const Metric<BlockIoNumber>> kDiskDetailTable;
extern const std::span<const Metric<BlockIoNumber>> kDiskQueueTable;

/// All labels of the task, as `ecs_task_info` has them.
OwnLabels all_task_labels(const Task& task);

}  // namespace ecs_exporter
