"""What is left of the metrics when a field of the replies has a wrong type: each of them in turn, in
every container and row at once."""

import collections
import json

from e2e_programs import CPU, DEADLINE_S, LIMIT, MAX_USAGE, UP, USAGE, Exporter, Mock, ProgramsTest
from e2e_wild_endpoint import WildEndpoint


def containers(*names):
    return {f"ecs_container_{name}" for name in names}


def task(*names):
    return {f"ecs_task_{name}" for name in names}


def network(of, *counters):
    return {f"ecs_{of}_network_{counter}_total" for counter in counters or (
        f"{way}_{what}" for way in ("receive", "transmit")
        for what in ("bytes", "packets", "errors", "packets_dropped"))}


# What a field takes with it: whole families, or labels wherever they stand. In the families of
# `changes` something else stands then.
Field = collections.namedtuple("Field", "loses labels changes", defaults=[set()] * 3)

WINDOW = {CPU, *containers("cpu_usage_cores")}
READ_WRITTEN = containers("disk_read_bytes_total", "disk_written_bytes_total")
COMPLETED = containers("disk_reads_completed_total", "disk_writes_completed_total")
THROTTLING = containers("cpu_throttling_periods_total", "cpu_throttled_periods_total",
                        "cpu_throttled_seconds_total")
CPU_TIMES = WINDOW | containers("cpu_usage_seconds_total", "cpu_user_seconds_total",
                                "cpu_system_seconds_total", "cpu_core_seconds_total")
MEMORY_KINDS = containers("mem_working_set_bytes", "mem_rss_bytes", "mem_cache_bytes",
                          "mem_mapped_file_bytes", "mem_page_faults_total",
                          "mem_major_page_faults_total", "mem_stat_bytes", "mem_stat_events_total")
HOST = task("host_cpus", "host_cpu_seconds_total")
LIMIT_HITS = containers("mem_limit_hits_total")
SAMPLES = (CPU_TIMES | THROTTLING | {USAGE, MAX_USAGE} | MEMORY_KINDS | LIMIT_HITS | READ_WRITTEN |
           COMPLETED | HOST | containers("stats_timestamp_seconds") | network("task"))
STATES = {LIMIT} | containers(
    "cpu_reservation_cores", "info", "status", "running", "health_status",
    "health_since_timestamp_seconds", "exit_code", "restarts_total", "created_timestamp_seconds",
    "started_timestamp_seconds", "finished_timestamp_seconds")
ALL = Field(SAMPLES | STATES, {"NetworkMode"})
NOTHING = Field()

TASK = {
    "Cluster": Field(labels={"Cluster", "ClusterName"}),
    "TaskARN": Field(labels={"TaskARN", "TaskID", "Region", "AccountID"}),
    "Family": Field(labels={"TaskDefinitionFamily"}),
    "Revision": Field(labels={"TaskDefinitionRevision"}),
    "DesiredStatus": Field(task("desired_status")),
    "KnownStatus": Field(task("status")),
    "Limits": Field(task("cpu_limit_cores", "mem_limit_bytes"), changes={LIMIT}),
    "Limits.CPU": Field(task("cpu_limit_cores")),
    "Limits.Memory": Field(task("mem_limit_bytes"), changes={LIMIT}),
    "PullStartedAt": Field(
        task("image_pull_started_timestamp_seconds", "image_pull_duration_seconds")),
    "PullStoppedAt": Field(
        task("image_pull_stopped_timestamp_seconds", "image_pull_duration_seconds")),
    "AvailabilityZone": Field(labels={"AvailabilityZone"}),
    "LaunchType": Field(labels={"LaunchType"}),
    "Containers": ALL,
    "Containers.[]": ALL,
    "Containers.[].DockerId": Field(SAMPLES, {"DockerID"}),
    "Containers.[].Name": ALL,
    "Containers.[].DockerName": Field(labels={"DockerName"}),
    "Containers.[].Image": Field(labels={"Image"}),
    "Containers.[].ImageID": Field(labels={"ImageID"}),
    "Containers.[].Ports": NOTHING,
    "Containers.[].Ports.[]": NOTHING,
    "Containers.[].Ports.[].ContainerPort": NOTHING,
    "Containers.[].Ports.[].Protocol": NOTHING,
    "Containers.[].Ports.[].HostPort": NOTHING,
    "Containers.[].Labels": Field(labels={"label_team"}),
    "Containers.[].Labels.com.amazonaws.ecs.cluster": NOTHING,
    "Containers.[].Labels.com.amazonaws.ecs.container-name": NOTHING,
    "Containers.[].Labels.com.amazonaws.ecs.task-arn": NOTHING,
    "Containers.[].Labels.com.amazonaws.ecs.task-definition-family": NOTHING,
    "Containers.[].Labels.com.amazonaws.ecs.task-definition-version": NOTHING,
    "Containers.[].Labels.team": Field(labels={"label_team"}),
    "Containers.[].DesiredStatus": NOTHING,
    "Containers.[].KnownStatus": Field(containers("status", "running")),
    "Containers.[].ExitCode": Field(containers("exit_code")),
    "Containers.[].Limits": Field(containers("cpu_reservation_cores")),
    "Containers.[].Limits.CPU": Field(containers("cpu_reservation_cores")),
    "Containers.[].Limits.Memory": NOTHING,  # the task's and the cgroup's are there
    "Containers.[].CreatedAt": Field(containers("created_timestamp_seconds")),
    "Containers.[].StartedAt": Field(containers("started_timestamp_seconds")),
    "Containers.[].FinishedAt": Field(containers("finished_timestamp_seconds")),
    "Containers.[].Type": NOTHING,
    "Containers.[].Health": Field(containers("health_status", "health_since_timestamp_seconds")),
    "Containers.[].Health.status": Field(changes=containers("health_status")),
    "Containers.[].Health.statusSince": Field(containers("health_since_timestamp_seconds")),
    "Containers.[].Networks": NOTHING,  # on Fargate there is one mode
    "Containers.[].Networks.[]": NOTHING,
    "Containers.[].Networks.[].NetworkMode": NOTHING,
    "Containers.[].Networks.[].IPv4Addresses": NOTHING,
    "Containers.[].Networks.[].IPv4Addresses.[]": NOTHING,
    "Containers.[].Networks.[].AttachmentIndex": NOTHING,
    "Containers.[].Networks.[].MACAddress": NOTHING,
    "Containers.[].Networks.[].IPv4SubnetCIDRBlock": NOTHING,
    "Containers.[].Networks.[].DomainNameServers": NOTHING,
    "Containers.[].Networks.[].DomainNameServers.[]": NOTHING,
    "Containers.[].Networks.[].DomainNameSearchList": NOTHING,
    "Containers.[].Networks.[].DomainNameSearchList.[]": NOTHING,
    "Containers.[].Networks.[].PrivateDNSName": NOTHING,
    "Containers.[].Networks.[].SubnetGatewayIpv4Address": NOTHING,
    "Containers.[].ContainerARN": Field(labels={"ContainerARN"}),
    "Containers.[].LogOptions": NOTHING,
    "Containers.[].LogOptions.awslogs-group": NOTHING,
    "Containers.[].LogOptions.awslogs-region": NOTHING,
    "Containers.[].LogOptions.awslogs-stream": NOTHING,
    "Containers.[].LogDriver": Field(labels={"LogDriver"}),
    "Containers.[].RestartCount": Field(containers("restarts_total")),
    "Containers.[].Snapshotter": Field(labels={"Snapshotter"}),
    "ServiceName": Field(labels={"ServiceName"}),
    "FaultInjectionEnabled": Field(task("fault_injection_enabled")),
    "AvailabilityZoneID": Field(labels={"AvailabilityZoneID"}),
    "ClockDrift": Field(task("clock_error_bound_seconds", "clock_synchronized",
                             "clock_reference_timestamp_seconds")),
    "ClockDrift.ClockErrorBound": Field(task("clock_error_bound_seconds")),
    "ClockDrift.ReferenceTimestamp": Field(task("clock_reference_timestamp_seconds")),
    "ClockDrift.ClockSynchronizationStatus": Field(task("clock_synchronized")),
    "EphemeralStorageMetrics": Field(
        task("ephemeral_storage_used_bytes", "ephemeral_storage_reserved_bytes")),
    "EphemeralStorageMetrics.Utilized": Field(task("ephemeral_storage_used_bytes")),
    "EphemeralStorageMetrics.Reserved": Field(task("ephemeral_storage_reserved_bytes")),
}

ROW_FIELDS = ("", ".[]", ".[].major", ".[].minor", ".[].op", ".[].value")
BLOCK_IO = {f"blkio_stats.{name}{field}": Field(families)
            for name, families in (("io_service_bytes_recursive", READ_WRITTEN),
                                   ("io_serviced_recursive", COMPLETED)) for field in ROW_FIELDS}
EMPTY_BLOCK_IO = {f"blkio_stats.{name}": NOTHING for name in (
    "io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive",
    "io_merged_recursive", "io_time_recursive", "sectors_recursive")}
PREVIOUS = {f"precpu_stats.{name}": NOTHING for name in (
    "cpu_usage.percpu_usage", "cpu_usage.percpu_usage.[]", "cpu_usage.usage_in_kernelmode",
    "cpu_usage.usage_in_usermode", "online_cpus", "throttling_data", "throttling_data.periods",
    "throttling_data.throttled_periods", "throttling_data.throttled_time")}
COUNTERS = {f"networks.eth1.{way[0]}x_{key}": Field(network("task", f"{way[1:]}_{name}"))
            for way in ("rreceive", "ttransmit")
            for key, name in (("bytes", "bytes"), ("packets", "packets"), ("errors", "errors"),
                              ("dropped", "packets_dropped"))}

STATS = {
    "": Field(SAMPLES),
    "read": Field(WINDOW | containers("stats_timestamp_seconds")),
    "preread": Field(WINDOW),
    "pids_stats": NOTHING,  # as it is empty
    "blkio_stats": Field(READ_WRITTEN | COMPLETED),
    **BLOCK_IO,
    **EMPTY_BLOCK_IO,
    "num_procs": NOTHING,
    "storage_stats": NOTHING,
    "cpu_stats": Field(CPU_TIMES | THROTTLING | HOST),
    "cpu_stats.cpu_usage": Field(CPU_TIMES),
    "cpu_stats.cpu_usage.total_usage": Field(WINDOW | containers("cpu_usage_seconds_total")),
    "cpu_stats.cpu_usage.percpu_usage": Field(containers("cpu_core_seconds_total")),
    "cpu_stats.cpu_usage.percpu_usage.[]": Field(containers("cpu_core_seconds_total")),
    "cpu_stats.cpu_usage.usage_in_kernelmode": Field(containers("cpu_system_seconds_total")),
    "cpu_stats.cpu_usage.usage_in_usermode": Field(containers("cpu_user_seconds_total")),
    # Without it the window and the number of CPUs say nearly the same.
    "cpu_stats.system_cpu_usage": Field(task("host_cpu_seconds_total"), changes={CPU}),
    "cpu_stats.online_cpus": Field(task("host_cpus")),
    "cpu_stats.throttling_data": Field(THROTTLING),
    "cpu_stats.throttling_data.periods": Field(containers("cpu_throttling_periods_total")),
    "cpu_stats.throttling_data.throttled_periods": Field(containers("cpu_throttled_periods_total")),
    "cpu_stats.throttling_data.throttled_time": Field(containers("cpu_throttled_seconds_total")),
    "precpu_stats": Field(WINDOW),
    "precpu_stats.cpu_usage": Field(WINDOW),
    "precpu_stats.cpu_usage.total_usage": Field(WINDOW),
    "precpu_stats.system_cpu_usage": Field(changes={CPU}),
    **PREVIOUS,
    # The highest usage that was seen stands for the one that is not said.
    "memory_stats": Field({USAGE} | MEMORY_KINDS | LIMIT_HITS, changes={MAX_USAGE}),
    "memory_stats.usage": Field({USAGE} | containers("mem_working_set_bytes")),
    "memory_stats.max_usage": Field(changes={MAX_USAGE}),
    "memory_stats.stats": Field(MEMORY_KINDS),
    # Said with child cgroups and without, so that one stands for the other.
    **{f"memory_stats.stats.{total}{key}": NOTHING for total in ("", "total_")
       for key in ("cache", "mapped_file", "pgfault", "pgmajfault", "rss")},
    "memory_stats.limit": NOTHING,  # the container's and the task's are there
    "name": NOTHING,
    "id": NOTHING,
    "networks": Field(network("task")),
    "networks.eth1": Field(network("task")),
    **COUNTERS,
    "network_rate_stats": NOTHING,
    "network_rate_stats.rx_bytes_per_sec": NOTHING,
    "network_rate_stats.tx_bytes_per_sec": NOTHING,
}

REALS = {"Containers.[].Limits.CPU"}  # also where the mock has a whole number
WRONG = {dict: ["x", 5, [], True], list: ["x", 5, {}, True], str: [{}, [], True], bool: ["x", 5],
         int: ["x", True, {}, [], 0.5, 1e300], float: ["x", True, {}, []]}


def fields(value, path=()):
    """The path of each value below `value`, "[]" for an element, and the type of the value."""
    if path:
        yield path, type(value)
    if isinstance(value, dict):
        for key, member in value.items():
            yield from fields(member, (*path, key))
    elif isinstance(value, list):
        for element in value:
            yield from fields(element, (*path, "[]"))


def with_value(value, path, wrong):
    """`value` with `wrong` in each place of `path`."""
    if not path:
        return wrong
    if path[0] == "[]":
        return [with_value(element, path[1:], wrong) for element in value]
    return {key: with_value(member, path[1:], wrong) if key == path[0] and member is not None
            else member for key, member in value.items()}


class FieldOfAWrongType(ProgramsTest):
    def setUp(self):
        mock = self.started(Mock("--frozen"))
        self.replies = {path: json.loads(mock.ask(path).body) for path in ("/task", "/task/stats")}
        self.endpoint = self.started(WildEndpoint({}))
        self.exporter = self.started(Exporter(
            self.endpoint.url, "--ecs.min-interval=0", f"--ecs.timeout={DEADLINE_S - 5}s",
            "--labels.docker=team", METRICS_GROUPS="all"))
        self.healthy, up = self.scrape({})
        self.assertEqual(up, 1)

    def scrape(self, changed):
        """The samples of the task but for up, and up."""
        self.endpoint.bodies = {path: json.dumps(body).encode()
                                for path, body in (self.replies | changed).items()}
        samples = self.exporter.scrape()
        return ({key: value for key, value in samples.values.items()
                 if key[0].startswith(("ecs_container_", "ecs_task_")) and key[0] != UP},
                samples.up[0])

    def expected(self, field, key):
        """The healthy samples without what `field` takes with it, and without those of this key of the
        memory statistics."""
        return {(family, frozenset(label for label in labels if label[0] not in field.labels)): value
                for (family, labels), value in self.healthy.items()
                if family not in field.loses | field.changes and
                not (family.startswith("ecs_container_mem_stat_") and ("Key", key) in labels)}

    def check(self, name, field, changed):
        found, up = self.scrape(changed)
        self.assertEqual(up, 0)
        self.assertEqual({key: value for key, value in found.items() if key[0] not in field.changes},
                         self.expected(field, name.rpartition(".")[2]))
        self.assertEqual({family for family, _ in found} & field.changes, field.changes)

    def test_each_field_of_the_task(self):
        types = dict(fields(self.replies["/task"]))
        self.assertEqual({".".join(path) for path in types}, TASK.keys())
        for path, right in types.items():
            name = ".".join(path)
            for wrong in WRONG[float if name in REALS else right]:
                with self.subTest(field=name, wrong=wrong):
                    self.check(name, TASK[name],
                               {"/task": with_value(self.replies["/task"], path, wrong)})

    def test_each_field_of_the_stats(self):
        stats = self.replies["/task/stats"]
        types = dict(entry for sample in stats.values() if sample for entry in fields(sample))
        types[()] = dict
        of_memory = {".".join(path) for path in types if path[:2] == ("memory_stats", "stats")}
        self.assertEqual({".".join(path) for path in types}, STATS.keys() | of_memory)
        for path, right in types.items():
            name = ".".join(path)
            for wrong in WRONG[right]:
                with self.subTest(field=name, wrong=wrong):
                    self.check(name, STATS.get(name, NOTHING), {"/task/stats": {
                        key: sample and with_value(sample, path, wrong)
                        for key, sample in stats.items()}})

    def test_in_one_container_it_harms_no_other(self):
        stats = self.replies["/task/stats"]
        first = next(key for key, sample in stats.items() if sample)
        others = {key: value for key, value in self.healthy.items() if key[0].startswith("ecs_container_")
                  and dict(key[1])["ContainerName"] != self.name_of(first)}
        for path, right in fields(stats[first]):
            with self.subTest(field=".".join(path)):
                wrong = WRONG[right][0]
                found, up = self.scrape(
                    {"/task/stats": stats | {first: with_value(stats[first], path, wrong)}})
                self.assertEqual(up, 0)
                self.assertEqual(found | others, found)

    def name_of(self, docker_id):
        return next(container["Name"] for container in self.replies["/task"]["Containers"]
                    if container["DockerId"] == docker_id)
