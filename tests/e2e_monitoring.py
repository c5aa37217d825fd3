"""What the rules and the dashboards in monitoring/ show of living tasks: Prometheus evaluates them
on what the exporter prints."""

import collections
import json
import pathlib
import re
import shutil
import tempfile

import yaml

from e2e_programs import Exporter, Mock, ProgramsTest, ask, wait_until
from e2e_prometheus import Prometheus
from monitoring_test import (DASHBOARDS, MONITORING, queries, readme_queries, rules_of,
                             substituted)
from promql_names import ROOT

# Panels that need what none of the tasks below has, or has twice.
EMPTY = {
    "Endpoint errors": "the endpoint is well",
    "Disk operations": "cgroup v2 does not count them",
}


GROUPS = "cpu,memory,network,disk,container,task,self"
FASTER = 60  # a minute of the alerts is a second of the test


class MonitoringOnLivingTasks(ProgramsTest):
    @classmethod
    def setUpClass(cls):
        def started(running):
            cls.addClassCleanup(running.end)
            return running

        exporters = {}
        for case in ("fargate", "ec2-bridge", "status-variants"):
            mock = started(Mock("--dir", str(ROOT / "tests/testdata" / case)))
            exporters[case] = started(Exporter(mock.url, METRICS_GROUPS=GROUPS))
        exporters["fargate-again"] = exporters["fargate"]  # two jobs that scrape one exporter
        for _ in range(5):
            folder = tempfile.mkdtemp(prefix="ecs-exporter-e2e-")
            cls.addClassCleanup(shutil.rmtree, folder)
            rules = [str(MONITORING / name) for name in ("rules.yml", "alerts.yml")]
            cls.prometheus = started(Prometheus(folder, exporters, rules=rules))
            if cls.prometheus.is_ready():
                return
        raise AssertionError("no port for Prometheus")

    def test_every_rule_is_evaluated_without_an_error(self):
        def groups():
            return json.loads(ask(self.prometheus.port, "/api/v1/rules").body)["data"]["groups"]

        def all_evaluated():
            return all(rule["health"] != "unknown" for group in groups() for rule in group["rules"])

        wait_until("every rule was evaluated", all_evaluated)
        rules = [rule for group in groups() for rule in group["rules"]]
        self.assertEqual(len(rules), len(rules_of("rules.yml")) + len(rules_of("alerts.yml")))
        for rule in rules:
            self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])

    def test_every_recording_rule_records_something(self):
        for rule in rules_of("rules.yml"):
            wait_until(f"{rule['record']} is there", lambda: self.prometheus.query(rule["record"]))

    def test_every_panel_shows_something(self):
        for path in DASHBOARDS:
            board = json.loads(path.read_text())
            for panel, query in queries(board):
                for expression in substituted(board, query.replace('="$task"', '=~"$task"')):
                    with self.subTest(path.name, panel=panel["title"]):
                        if panel["title"] in EMPTY:
                            self.prometheus.query(expression)
                        else:
                            wait_until(f"{expression} gives something",
                                       lambda: self.prometheus.query(expression))

    def test_every_query_of_the_readme_can_be_answered(self):
        for expression in readme_queries():
            with self.subTest(expression):
                self.prometheus.query(expression)
                # What most of them compare gives something, if not with that bound.
                unbounded = re.sub(r" > [\d.]+$| == [01]$", "", expression)
                wait_until(f"{unbounded} gives something",
                           lambda: self.prometheus.query(unbounded))


def scaled(text):
    """Rules with all their durations shorter by FASTER: `for`, windows, steps and offsets."""
    in_ms = {"s": 1_000, "m": 60_000, "h": 3_600_000}

    def shorter(match):
        return f"{int(match[1]) * in_ms[match[2]] // FASTER}ms"

    rules = yaml.safe_load(text)
    for group in rules["groups"]:
        for rule in group["rules"]:
            for key in ("expr", "for"):
                if key in rule:
                    rule[key] = re.sub(r"\b(\d+)([smh])\b", shorter, rule[key])
    return json.dumps(rules)


class AlertsOnEndpointsThatFail(ProgramsTest):
    """A Prometheus with the alerts as they are, but for time: what fires for each kind of fault."""

    def prometheus_of(self, exporters):
        """It gives each target the job of the alerts, and the name of its case for an instance."""
        cases = {"relabel_configs": [{"source_labels": ["job"], "target_label": "instance"},
                                     {"target_label": "job", "replacement": "ecs-task"}]}
        for _ in range(5):
            folder = self.folder()
            rules = pathlib.Path(folder) / "alerts.yml"
            rules.write_text(scaled((MONITORING / "alerts.yml").read_text()))
            prometheus = self.started(Prometheus(folder, exporters, more=cases, rules=[str(rules)]))
            if prometheus.is_ready():
                return prometheus
        raise AssertionError("no port for Prometheus")

    def test_each_raises_the_alerts_that_it_should_and_a_healthy_one_none(self):
        expected = {
            "healthy": set(),
            "flapping": {"ECSExporterDegraded"},
            "throttled": {"ECSExporterDegraded", "ECSMetadataEndpointThrottled"},
            "throttled-once": {"ECSMetadataEndpointThrottled"},
            "died": {"ECSExporterDegraded"},
            "never-there": {"ECSExporterDegraded"},
            "no-exporter": {"ECSExporterTargetDown"},
        }
        mocks = {case: self.started(Mock()) for case in expected}
        uris = {case: mock.url for case, mock in mocks.items()}
        uris["never-there"] = f"http://127.0.0.1:{self.dead_port()}"
        exporters = {case: self.started(Exporter(uri, METRICS_GROUPS=GROUPS))
                     for case, uri in uris.items()}
        prometheus = self.prometheus_of(exporters)

        def is_well(case):
            return prometheus.values(f'ecs_container_exporter_up{{instance="{case}"}}') == [1]

        for case in ("healthy", "flapping", "throttled", "throttled-once", "died"):
            wait_until(f"{case} was scraped", lambda: is_well(case))
        mocks["died"].end()
        exporters["no-exporter"].end()
        mocks["throttled"].set_faults("throttle=0.2,1")

        def throttled():
            return sum(prometheus.values('ecs_exporter_endpoint_errors_total'
                                         '{instance="throttled-once", Reason="throttled"}'))

        mocks["throttled-once"].set_faults("fail=both=429")
        wait_until("two scrapes were turned away", lambda: throttled() >= 4)
        mocks["throttled-once"].set_faults("")

        faults = ""

        def flap():
            """Lets one scrape of four through."""
            nonlocal faults
            wanted = "" if mocks["flapping"].requests() // 2 % 4 == 0 else "fail=both=500"
            if wanted != faults:
                mocks["flapping"].set_faults(wanted)
                faults = wanted

        def raised(state):
            """Each alert that has been in that state at any time, by case."""
            flap()
            found = collections.defaultdict(set)
            for labels, count in prometheus.query(
                    "count by (instance, alertname, alertstate) "
                    f'(last_over_time(ALERTS{{alertstate=~"{state}"}}[1h]))'):
                self.assertEqual(count, 1, f"one alert for one fault: {labels}")
                found[labels["instance"]].add(labels["alertname"])
            return {case: found.get(case, set()) for case in expected | found}

        def all_of(state):
            seen = raised(state)
            return all(alerts <= seen[case] for case, alerts in expected.items())

        wait_until("all that should be told of is pending", lambda: all_of("pending|firing"))
        wait_until("all of it fires", lambda: all_of("firing"))
        self.assertEqual(raised("firing"), expected)
        # The flapping one had good scrapes within each window of the alert: it was not just down.
        good = prometheus.values('min_over_time(max_over_time(ecs_container_exporter_up'
                                 '{instance="flapping"}[9s])[10s:1s])')
        self.assertEqual(good, [1])
