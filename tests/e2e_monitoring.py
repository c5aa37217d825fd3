"""What the rules and the dashboards in monitoring/ show of living tasks: Prometheus evaluates them
on what the exporter prints."""

import json
import shutil
import tempfile

from e2e_programs import Exporter, Mock, ProgramsTest, ask, wait_until
from e2e_prometheus import Prometheus
from monitoring_test import DASHBOARDS, MONITORING, queries, rules_of, substituted
from promql_names import ROOT

# Panels that need what none of the tasks below has, or has twice.
EMPTY = {
    "Endpoint errors": "the endpoint is well",
    "Disk operations": "cgroup v2 does not count them",
}


class MonitoringOnLivingTasks(ProgramsTest):
    @classmethod
    def setUpClass(cls):
        def started(running):
            cls.addClassCleanup(running.end)
            return running

        exporters = {}
        for case in ("fargate", "ec2-bridge", "status-variants"):
            mock = started(Mock("--dir", str(ROOT / "tests/testdata" / case)))
            groups = "cpu,memory,network,disk,container,task,self"
            exporters[case] = started(Exporter(mock.url, METRICS_GROUPS=groups))
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
