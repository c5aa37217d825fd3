// The tables of metrics: a metric is a row. Here is what a row is; the rows are in tables.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "derive.h"
#include "family.h"
#include "model.h"
#include "self.h"

namespace ecs_exporter {

/// A label name in the two styles.
struct LabelName {
  std::string_view camel;
  std::string_view snake;
};

namespace label {
inline constexpr LabelName kCluster{"Cluster", "cluster"};
inline constexpr LabelName kTaskArn{"TaskARN", "task_arn"};
inline constexpr LabelName kFamily{"TaskDefinitionFamily", "task_definition_family"};
inline constexpr LabelName kRevision{"TaskDefinitionRevision", "task_definition_revision"};
inline constexpr LabelName kZone{"AvailabilityZone", "availability_zone"};
inline constexpr LabelName kTaskId{"TaskID", "task_id"};
inline constexpr LabelName kClusterName{"ClusterName", "cluster_name"};
inline constexpr LabelName kServiceName{"ServiceName", "service_name"};
inline constexpr LabelName kLaunchType{"LaunchType", "launch_type"};
inline constexpr LabelName kRegion{"Region", "region"};
inline constexpr LabelName kAccountId{"AccountID", "account_id"};
inline constexpr LabelName kZoneId{"AvailabilityZoneID", "availability_zone_id"};
inline constexpr LabelName kVpcId{"VPCID", "vpc_id"};
inline constexpr LabelName kGroup{"Group", "group"};
inline constexpr LabelName kNetworkMode{"NetworkMode", "network_mode"};
inline constexpr LabelName kContainerName{"ContainerName", "container_name"};
inline constexpr LabelName kImage{"Image", "image"};
inline constexpr LabelName kImageId{"ImageID", "image_id"};
inline constexpr LabelName kDockerId{"DockerID", "docker_id"};
inline constexpr LabelName kDockerName{"DockerName", "docker_name"};
inline constexpr LabelName kContainerArn{"ContainerARN", "container_arn"};
inline constexpr LabelName kLogDriver{"LogDriver", "log_driver"};
inline constexpr LabelName kSnapshotter{"Snapshotter", "snapshotter"};
inline constexpr LabelName kStatus{"Status", "status"};
inline constexpr LabelName kInterface{"Interface", "interface"};
inline constexpr LabelName kDevice{"Device", "device"};
inline constexpr LabelName kOp{"Op", "op"};
inline constexpr LabelName kKey{"Key", "key"};
inline constexpr LabelName kCore{"Core", "core"};
inline constexpr LabelName kEndpoint{"Endpoint", "endpoint"};
inline constexpr LabelName kReason{"Reason", "reason"};
inline constexpr LabelName kCode{"Code", "code"};
}  // namespace label

/// Labels of one sample, or one subject, beyond those around it. Empty values are not printed.
using OwnLabels = std::vector<std::pair<LabelName, std::string>>;

/// A metric of one kind of subject. The name is what it is for ever.
template <class Subject>
struct Metric {
  std::string_view name;
  FamilyType type;
  std::string_view help;    // one sentence: what the number means, when it is missing
  std::string_view source;  // where the value comes from
  std::string_view absent;  // when there is no sample
  std::optional<Value> (*value)(const Subject&);
  /// For a metric whose point is its labels: `labels` makes them, `label_names` lists them.
  OwnLabels (*labels)(const Subject&) = nullptr;
  std::string_view label_names = {};
};

struct ContainerSubject {
  const Task& task;
  const Container& container;
};

struct InterfaceSubject {
  const InterfaceStats& stats;
};

struct EndpointSubject {
  const EndpointUse& use;
};

struct CountSubject {
  std::uint64_t count;
};

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

/// All labels of the task, as `ecs_task_info` has them.
OwnLabels all_task_labels(const Task& task);

}  // namespace ecs_exporter
