// The built-in task, as Fargate's platform version 1.4 tells of one on a cgroup v1 host: no limit
// beside the usage of memory, both containers with the counters of the one interface. The stats
// were read five minutes after the start, and their counters are those of a task of that age.
#include "sample.h"

#include <boost/json/parse.hpp>
#include <utility>

#include "times.h"

namespace ecs_exporter::mock {

const std::string_view kSampleTask = R"json({
  "Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/demo",
  "TaskARN": "arn:aws:ecs:eu-west-1:123456789012:task/demo/7b1f0c52d94e4a86b3e85d20c6fa9147",
  "Family": "demo-web",
  "Revision": "17",
  "DesiredStatus": "RUNNING",
  "KnownStatus": "RUNNING",
  "Limits": {"CPU": 0.5, "Memory": 1024},
  "PullStartedAt": "2026-02-11T06:14:19.604120877Z",
  "PullStoppedAt": "2026-02-11T06:14:36.93250116Z",
  "AvailabilityZone": "eu-west-1b",
  "LaunchType": "FARGATE",
  "Containers": [
    {
      "DockerId": "7b1f0c52d94e4a86b3e85d20c6fa9147-1650438291",
      "Name": "web",
      "DockerName": "web",
      "Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/demo-web:1.8.2",
      "ImageID": "sha256:3f9a6be1c07d5248b6f1e2a94d8c70351b6ea9f47c2d80e5136fa8b92c4d7e10",
      "Ports": [{"ContainerPort": 8080, "Protocol": "tcp", "HostPort": 8080}],
      "Labels": {
        "com.amazonaws.ecs.cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/demo",
        "com.amazonaws.ecs.container-name": "web",
        "com.amazonaws.ecs.task-arn": "arn:aws:ecs:eu-west-1:123456789012:task/demo/7b1f0c52d94e4a86b3e85d20c6fa9147",
        "com.amazonaws.ecs.task-definition-family": "demo-web",
        "com.amazonaws.ecs.task-definition-version": "17",
        "team": "storefront"
      },
      "DesiredStatus": "RUNNING",
      "KnownStatus": "RUNNING",
      "Limits": {"CPU": 384, "Memory": 768},
      "CreatedAt": "2026-02-11T06:14:52.730518846Z",
      "StartedAt": "2026-02-11T06:14:52.730518846Z",
      "Type": "NORMAL",
      "Health": {"status": "HEALTHY", "statusSince": "2026-02-11T06:15:23.041877315Z"},
      "Networks": [
        {
          "NetworkMode": "awsvpc",
          "IPv4Addresses": ["10.40.12.201"],
          "AttachmentIndex": 0,
          "MACAddress": "06:5e:d1:48:77:2b",
          "IPv4SubnetCIDRBlock": "10.40.12.0/22",
          "DomainNameServers": ["10.40.0.2"],
          "DomainNameSearchList": ["eu-west-1.compute.internal"],
          "PrivateDNSName": "ip-10-40-12-201.eu-west-1.compute.internal",
          "SubnetGatewayIpv4Address": "10.40.12.1/22"
        }
      ],
      "ContainerARN": "arn:aws:ecs:eu-west-1:123456789012:container/demo/7b1f0c52d94e4a86b3e85d20c6fa9147/0c9d6b7e-5f21-4b83-9e0a-d2a4418c6b35",
      "LogOptions": {
        "awslogs-group": "/ecs/demo-web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream": "demo/web/7b1f0c52d94e4a86b3e85d20c6fa9147"
      },
      "LogDriver": "awslogs",
      "RestartCount": 0,
      "Snapshotter": "overlayfs"
    },
    {
      "DockerId": "7b1f0c52d94e4a86b3e85d20c6fa9147-2907715864",
      "Name": "log-router",
      "DockerName": "log-router",
      "Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/demo-log-router:2.4",
      "ImageID": "sha256:b85e0d1749c2f36a8d7b5e90c14f2a6738de95b0c6a1f3e27d4980b5ac61e2f7",
      "Labels": {
        "com.amazonaws.ecs.cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/demo",
        "com.amazonaws.ecs.container-name": "log-router",
        "com.amazonaws.ecs.task-arn": "arn:aws:ecs:eu-west-1:123456789012:task/demo/7b1f0c52d94e4a86b3e85d20c6fa9147",
        "com.amazonaws.ecs.task-definition-family": "demo-web",
        "com.amazonaws.ecs.task-definition-version": "17"
      },
      "DesiredStatus": "RUNNING",
      "KnownStatus": "RUNNING",
      "Limits": {"CPU": 64, "Memory": 128},
      "CreatedAt": "2026-02-11T06:14:41.20833719Z",
      "StartedAt": "2026-02-11T06:14:41.20833719Z",
      "Type": "NORMAL",
      "Networks": [
        {
          "NetworkMode": "awsvpc",
          "IPv4Addresses": ["10.40.12.201"],
          "AttachmentIndex": 0,
          "MACAddress": "06:5e:d1:48:77:2b",
          "IPv4SubnetCIDRBlock": "10.40.12.0/22",
          "DomainNameServers": ["10.40.0.2"],
          "DomainNameSearchList": ["eu-west-1.compute.internal"],
          "PrivateDNSName": "ip-10-40-12-201.eu-west-1.compute.internal",
          "SubnetGatewayIpv4Address": "10.40.12.1/22"
        }
      ],
      "ContainerARN": "arn:aws:ecs:eu-west-1:123456789012:container/demo/7b1f0c52d94e4a86b3e85d20c6fa9147/8e57a1f4-20b9-4c6d-b1e3-67f0d39a5c12",
      "LogOptions": {
        "awslogs-group": "/ecs/demo-web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream": "demo/log-router/7b1f0c52d94e4a86b3e85d20c6fa9147"
      },
      "LogDriver": "awslogs",
      "Snapshotter": "overlayfs"
    },
    {
      "DockerId": "7b1f0c52d94e4a86b3e85d20c6fa9147-3318264407",
      "Name": "migrate",
      "DockerName": "migrate",
      "Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/demo-web:1.8.2",
      "ImageID": "sha256:3f9a6be1c07d5248b6f1e2a94d8c70351b6ea9f47c2d80e5136fa8b92c4d7e10",
      "Labels": {
        "com.amazonaws.ecs.cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/demo",
        "com.amazonaws.ecs.container-name": "migrate",
        "com.amazonaws.ecs.task-arn": "arn:aws:ecs:eu-west-1:123456789012:task/demo/7b1f0c52d94e4a86b3e85d20c6fa9147",
        "com.amazonaws.ecs.task-definition-family": "demo-web",
        "com.amazonaws.ecs.task-definition-version": "17"
      },
      "DesiredStatus": "STOPPED",
      "KnownStatus": "STOPPED",
      "ExitCode": 0,
      "Limits": {"CPU": 2},
      "CreatedAt": "2026-02-11T06:14:41.377015223Z",
      "StartedAt": "2026-02-11T06:14:41.377015223Z",
      "FinishedAt": "2026-02-11T06:14:52.119604778Z",
      "Type": "NORMAL",
      "Networks": [
        {
          "NetworkMode": "awsvpc",
          "IPv4Addresses": ["10.40.12.201"],
          "AttachmentIndex": 0,
          "MACAddress": "06:5e:d1:48:77:2b",
          "IPv4SubnetCIDRBlock": "10.40.12.0/22",
          "DomainNameServers": ["10.40.0.2"],
          "DomainNameSearchList": ["eu-west-1.compute.internal"],
          "PrivateDNSName": "ip-10-40-12-201.eu-west-1.compute.internal",
          "SubnetGatewayIpv4Address": "10.40.12.1/22"
        }
      ],
      "ContainerARN": "arn:aws:ecs:eu-west-1:123456789012:container/demo/7b1f0c52d94e4a86b3e85d20c6fa9147/f43b92d8-71ce-4a05-8d6f-1b5e0c27a984",
      "LogOptions": {
        "awslogs-group": "/ecs/demo-web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream": "demo/migrate/7b1f0c52d94e4a86b3e85d20c6fa9147"
      },
      "LogDriver": "awslogs",
      "Snapshotter": "overlayfs"
    }
  ],
  "ServiceName": "demo-web",
  "FaultInjectionEnabled": false,
  "AvailabilityZoneID": "euw1-az3",
  "ClockDrift": {
    "ClockErrorBound": 0.4127,
    "ReferenceTimestamp": "2026-02-11T06:19:40Z",
    "ClockSynchronizationStatus": "SYNCHRONIZED"
  },
  "EphemeralStorageMetrics": {"Utilized": 1846, "Reserved": 20496}
})json";

const std::string_view kSampleStats = R"json({
  "7b1f0c52d94e4a86b3e85d20c6fa9147-1650438291": {
    "read": "2026-02-11T06:19:44.318640572Z",
    "preread": "2026-02-11T06:19:34.31862981Z",
    "pids_stats": {},
    "blkio_stats": {
      "io_service_bytes_recursive": [
        {"major": 259, "minor": 0, "op": "Read", "value": 0},
        {"major": 259, "minor": 0, "op": "Write", "value": 540672},
        {"major": 259, "minor": 0, "op": "Sync", "value": 0},
        {"major": 259, "minor": 0, "op": "Async", "value": 540672},
        {"major": 259, "minor": 0, "op": "Discard", "value": 0},
        {"major": 259, "minor": 0, "op": "Total", "value": 540672},
        {"major": 259, "minor": 1, "op": "Read", "value": 43286528},
        {"major": 259, "minor": 1, "op": "Write", "value": 0},
        {"major": 259, "minor": 1, "op": "Sync", "value": 43286528},
        {"major": 259, "minor": 1, "op": "Async", "value": 0},
        {"major": 259, "minor": 1, "op": "Discard", "value": 0},
        {"major": 259, "minor": 1, "op": "Total", "value": 43286528}
      ],
      "io_serviced_recursive": [
        {"major": 259, "minor": 0, "op": "Read", "value": 0},
        {"major": 259, "minor": 0, "op": "Write", "value": 127},
        {"major": 259, "minor": 0, "op": "Sync", "value": 0},
        {"major": 259, "minor": 0, "op": "Async", "value": 127},
        {"major": 259, "minor": 0, "op": "Discard", "value": 0},
        {"major": 259, "minor": 0, "op": "Total", "value": 127},
        {"major": 259, "minor": 1, "op": "Read", "value": 1127},
        {"major": 259, "minor": 1, "op": "Write", "value": 0},
        {"major": 259, "minor": 1, "op": "Sync", "value": 1127},
        {"major": 259, "minor": 1, "op": "Async", "value": 0},
        {"major": 259, "minor": 1, "op": "Discard", "value": 0},
        {"major": 259, "minor": 1, "op": "Total", "value": 1127}
      ],
      "io_queue_recursive": [],
      "io_service_time_recursive": [],
      "io_wait_time_recursive": [],
      "io_merged_recursive": [],
      "io_time_recursive": [],
      "sectors_recursive": []
    },
    "num_procs": 0,
    "storage_stats": {},
    "cpu_stats": {
      "cpu_usage": {
        "total_usage": 63085815015,
        "percpu_usage": [31270448113, 31815366902],
        "usage_in_kernelmode": 11810000000,
        "usage_in_usermode": 51160000000
      },
      "system_cpu_usage": 1738402170000000,
      "online_cpus": 2,
      "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
    },
    "precpu_stats": {
      "cpu_usage": {
        "total_usage": 60987779758,
        "percpu_usage": [30238119540, 30749660218],
        "usage_in_kernelmode": 11420000000,
        "usage_in_usermode": 49450000000
      },
      "system_cpu_usage": 1738382190000000,
      "online_cpus": 2,
      "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
    },
    "memory_stats": {
      "usage": 196542464,
      "max_usage": 231735296,
      "stats": {
        "active_anon": 146763776,
        "active_file": 13631488,
        "cache": 41943040,
        "dirty": 0,
        "hierarchical_memory_limit": 805306368,
        "hierarchical_memsw_limit": 9223372036854771712,
        "inactive_anon": 36864,
        "inactive_file": 28311552,
        "mapped_file": 12582912,
        "pgfault": 58446,
        "pgmajfault": 57,
        "pgpgin": 52713,
        "pgpgout": 6633,
        "rss": 146800640,
        "rss_huge": 0,
        "total_active_anon": 146763776,
        "total_active_file": 13631488,
        "total_cache": 41943040,
        "total_dirty": 0,
        "total_inactive_anon": 36864,
        "total_inactive_file": 28311552,
        "total_mapped_file": 12582912,
        "total_pgfault": 58446,
        "total_pgmajfault": 57,
        "total_pgpgin": 52713,
        "total_pgpgout": 6633,
        "total_rss": 146800640,
        "total_rss_huge": 0,
        "total_unevictable": 0,
        "total_writeback": 0,
        "unevictable": 0,
        "writeback": 0
      },
      "limit": 9223372036854771712
    },
    "name": "web",
    "id": "7b1f0c52d94e4a86b3e85d20c6fa9147-1650438291",
    "networks": {
      "eth1": {
        "rx_bytes": 27913644,
        "rx_packets": 39057,
        "rx_errors": 0,
        "rx_dropped": 0,
        "tx_bytes": 43709213,
        "tx_packets": 36189,
        "tx_errors": 0,
        "tx_dropped": 0
      }
    },
    "network_rate_stats": {"rx_bytes_per_sec": 92106.40625, "tx_bytes_per_sec": 144327.8125}
  },
  "7b1f0c52d94e4a86b3e85d20c6fa9147-2907715864": {
    "read": "2026-02-11T06:19:44.318640572Z",
    "preread": "2026-02-11T06:19:34.31862981Z",
    "pids_stats": {},
    "blkio_stats": {
      "io_service_bytes_recursive": [
        {"major": 259, "minor": 0, "op": "Read", "value": 0},
        {"major": 259, "minor": 0, "op": "Write", "value": 69632},
        {"major": 259, "minor": 0, "op": "Sync", "value": 0},
        {"major": 259, "minor": 0, "op": "Async", "value": 69632},
        {"major": 259, "minor": 0, "op": "Discard", "value": 0},
        {"major": 259, "minor": 0, "op": "Total", "value": 69632},
        {"major": 259, "minor": 1, "op": "Read", "value": 11796480},
        {"major": 259, "minor": 1, "op": "Write", "value": 0},
        {"major": 259, "minor": 1, "op": "Sync", "value": 11796480},
        {"major": 259, "minor": 1, "op": "Async", "value": 0},
        {"major": 259, "minor": 1, "op": "Discard", "value": 0},
        {"major": 259, "minor": 1, "op": "Total", "value": 11796480}
      ],
      "io_serviced_recursive": [
        {"major": 259, "minor": 0, "op": "Read", "value": 0},
        {"major": 259, "minor": 0, "op": "Write", "value": 16},
        {"major": 259, "minor": 0, "op": "Sync", "value": 0},
        {"major": 259, "minor": 0, "op": "Async", "value": 16},
        {"major": 259, "minor": 0, "op": "Discard", "value": 0},
        {"major": 259, "minor": 0, "op": "Total", "value": 16},
        {"major": 259, "minor": 1, "op": "Read", "value": 288},
        {"major": 259, "minor": 1, "op": "Write", "value": 0},
        {"major": 259, "minor": 1, "op": "Sync", "value": 288},
        {"major": 259, "minor": 1, "op": "Async", "value": 0},
        {"major": 259, "minor": 1, "op": "Discard", "value": 0},
        {"major": 259, "minor": 1, "op": "Total", "value": 288}
      ],
      "io_queue_recursive": [],
      "io_service_time_recursive": [],
      "io_wait_time_recursive": [],
      "io_merged_recursive": [],
      "io_time_recursive": [],
      "sectors_recursive": []
    },
    "num_procs": 0,
    "storage_stats": {},
    "cpu_stats": {
      "cpu_usage": {
        "total_usage": 7489187562,
        "percpu_usage": [4118273355, 3370914207],
        "usage_in_kernelmode": 2020000000,
        "usage_in_usermode": 5420000000
      },
      "system_cpu_usage": 1738402170000000,
      "online_cpus": 2,
      "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
    },
    "precpu_stats": {
      "cpu_usage": {
        "total_usage": 7253533201,
        "percpu_usage": [3992004871, 3261528330],
        "usage_in_kernelmode": 1960000000,
        "usage_in_usermode": 5250000000
      },
      "system_cpu_usage": 1738382190000000,
      "online_cpus": 2,
      "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
    },
    "memory_stats": {
      "usage": 41385984,
      "max_usage": 47710208,
      "stats": {
        "active_anon": 29323264,
        "active_file": 2097152,
        "cache": 9437184,
        "dirty": 0,
        "hierarchical_memory_limit": 134217728,
        "hierarchical_memsw_limit": 9223372036854771712,
        "inactive_anon": 36864,
        "inactive_file": 7340032,
        "mapped_file": 4194304,
        "pgfault": 12912,
        "pgmajfault": 11,
        "pgpgin": 10574,
        "pgpgout": 1102,
        "rss": 29360128,
        "rss_huge": 0,
        "total_active_anon": 29323264,
        "total_active_file": 2097152,
        "total_cache": 9437184,
        "total_dirty": 0,
        "total_inactive_anon": 36864,
        "total_inactive_file": 7340032,
        "total_mapped_file": 4194304,
        "total_pgfault": 12912,
        "total_pgmajfault": 11,
        "total_pgpgin": 10574,
        "total_pgpgout": 1102,
        "total_rss": 29360128,
        "total_rss_huge": 0,
        "total_unevictable": 0,
        "total_writeback": 0,
        "unevictable": 0,
        "writeback": 0
      },
      "limit": 9223372036854771712
    },
    "name": "log-router",
    "id": "7b1f0c52d94e4a86b3e85d20c6fa9147-2907715864",
    "networks": {
      "eth1": {
        "rx_bytes": 27913644,
        "rx_packets": 39057,
        "rx_errors": 0,
        "rx_dropped": 0,
        "tx_bytes": 43709213,
        "tx_packets": 36189,
        "tx_errors": 0,
        "tx_dropped": 0
      }
    },
    "network_rate_stats": {"rx_bytes_per_sec": 92106.40625, "tx_bytes_per_sec": 144327.8125}
  },
  "7b1f0c52d94e4a86b3e85d20c6fa9147-3318264407": {}
})json";

boost::json::object sample_task_at(std::chrono::sys_time<std::chrono::nanoseconds> now) {
  boost::json::value task = boost::json::parse(kSampleTask);
  const auto stats = boost::json::parse(kSampleStats).get_object();
  const auto read = time_at(stats.begin()->value().get_object(), "read").value();
  const std::chrono::sys_time<std::chrono::nanoseconds> then(
      std::chrono::seconds(read.seconds) + std::chrono::nanoseconds(read.nanoseconds));
  shift_times(task, now - then);
  return std::move(task.get_object());
}

}  // namespace ecs_exporter::mock
