// What a metric is: a row of a table. And what rows are made with: label names, the subjects that
// metrics are about, short ways to a value.
#pragma once

#include <algorithm>
#include <cstdint>
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
// As Prometheus has them in its own build information.
inline constexpr LabelName kVersion{"version", "version"};
inline constexpr LabelName kRevisionOfBuild{"revision", "revision"};
inline constexpr LabelName kCompiler{"compiler", "compiler"};
inline constexpr LabelName kArch{"arch", "arch"};
}  // namespace label

/// Labels of one sample, or one subject, beyond those around it: names that never change, and the
/// values to them, in the same order. Empty values are not printed. They live as long as the
/// subject's source.
using LabelNames = std::span<const LabelName>;
using LabelValues = std::vector<std::string_view>;

/// A metric of one kind of subject. The name is what it is for ever.
template <class Subject>
struct Metric {
  std::string_view name;
  FamilyType type = FamilyType::kGauge;
  std::string_view help;    // one sentence: what the number means, when it is missing
  std::string_view source;  // where the value comes from
  std::string_view absent;  // when there is no sample
  std::optional<Value> (*value)(const Subject&) = nullptr;
  /// For a metric whose point is its labels.
  LabelNames label_names = {};
  LabelValues (*label_values)(const Subject&) = nullptr;
};

/// Metrics of one kind of subject.
template <class Subject>
struct Table {
  std::span<const Metric<Subject>> rows;
  LabelNames label_names = {};  // by which the subjects of a task, or of a container, differ
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

/// Appends every name of a label that these tables and their rows have.
template <class... Subjects>
void append_label_names(std::vector<LabelName>& names, const Table<Subjects>&... tables) {
  const auto append = [&](LabelNames more) { names.insert(names.end(), more.begin(), more.end()); };
  const auto append_table = [&](const auto& table) {
    append(table.label_names);
    for (const auto& row : table.rows) append(row.label_names);
  };
  (append_table(tables), ...);
}

using Sampled = std::optional<Value>;

template <class T>
Sampled given(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return Value(*value);
}

inline Sampled given_time(const Time& time) {
  if (!time || is_never(*time)) return std::nullopt;
  return Value(unix_seconds(*time));
}

inline constexpr std::uint64_t kZero = 0;
inline constexpr std::uint64_t kOne = 1;

// The samples' rows: absent without a sample, else `read` of it.
template <auto Read>
Sampled of_stats(const ContainerSubject& s) {
  if (!s.container.stats) return std::nullopt;
  return given(Read(*s.container.stats));
}

// A real number above 0.
inline Real positive(Real value) { return value && *value > 0 ? value : std::nullopt; }

constexpr bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Is printed as it is in every format.
constexpr bool needs_no_escape(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return c >= ' ' && c <= '~' && c != '\\' && c != '"'; });
}

template <class Subject, std::size_t Rows>
constexpr bool well_formed(const Metric<Subject> (&table)[Rows]) {
  return std::ranges::all_of(table, [](const Metric<Subject>& row) {
    return is_name(row.name) &&
           (row.type == FamilyType::kCounter) == row.name.ends_with("_total") &&
           row.help.ends_with('.') && needs_no_escape(row.help) && !row.source.empty() &&
           !row.absent.empty() && (row.label_values == nullptr) == row.label_names.empty();
  });
}

}  // namespace ecs_exporter
