"""What Prometheus and promtool make of the exporter's output."""

import collections
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse

from e2e_programs import (FAMILIES, TASK_LABELS, UP, AddressInUse, Exporter, Mock, ProgramsTest,
                          Running, ask, free_port, installed, wait_until)


class Prometheus(Running):
    """Scrapes the exporters each second; `exporters` by the name of their job. `more` is added to
    the configuration of each; `rules` are files of rules."""

    def __init__(self, folder, exporters, more={}, rules=()):
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w") as file:
            json.dump({  # which is YAML too
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                "rule_files": list(rules),
                "scrape_configs": [
                    {**more, "job_name": job, "static_configs": [
                        {"targets": [f"127.0.0.1:{exporter.port}"]}]}
                    for job, exporter in exporters.items()]}, file)
        self.port = free_port()
        super().__init__([installed("prometheus"), f"--config.file={config}",
                          f"--storage.tsdb.path={folder}/data",
                          f"--web.listen-address=127.0.0.1:{self.port}"])

    def is_ready(self):
        """False if another process took the port before."""

        def state():
            if self.process.poll() is not None:
                return "ended"
            try:
                return ask(self.port, "/-/ready").status == 200 and "ready"
            except ConnectionError:
                return None

        if wait_until("Prometheus is ready", state) == "ready":
            return True
        self.wait()
        log = "\n".join(self.lines)
        if "address already in use" not in log:
            raise AssertionError(f"Prometheus ended:\n{log}")
        return False

    def query(self, expression):
        """The samples of an instant query: ({label: value}, value) each."""
        reply = ask(self.port, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        answer = json.loads(reply.body)
        if answer["status"] != "success":
            raise AssertionError(reply.body)
        return [(series["metric"], float(series["value"][1]))
                for series in answer["data"]["result"]]

    def values(self, expression):
        return [value for _, value in self.query(expression)]

    def series(self, job):
        """The exporter's series as it printed them: {(family, labels): value}."""
        stored = {}
        for metric, value in self.query(f'{{job="{job}", __name__=~"ecs_.+"}}'):
            name = metric.pop("__name__")
            del metric["job"], metric["instance"]
            stored[name, frozenset(metric.items())] = value
        return stored


class PrometheusThatScrapes(ProgramsTest):
    """One Prometheus for all: of a task that stands still, and one that lives, dies and returns."""

    @classmethod
    def setUpClass(cls):
        def started(running):
            cls.addClassCleanup(running.end)
            return running

        cls.living_mock = started(Mock())
        cls.exporters = {"frozen": started(Exporter(started(Mock("--frozen")).url)),
                         "living": started(Exporter(cls.living_mock.url))}
        for _ in range(5):
            folder = tempfile.mkdtemp(prefix="ecs-exporter-e2e-")
            cls.addClassCleanup(shutil.rmtree, folder)
            cls.prometheus = started(Prometheus(folder, cls.exporters))
            if cls.prometheus.is_ready():
                break
        else:
            raise AssertionError("no port for Prometheus")
        wait_until("both exporters were scraped",
                   lambda: cls.prometheus.values("up") == [1, 1])

    def test_it_has_the_five_families_with_exactly_their_labels_and_values(self):
        stored = self.prometheus.series("frozen")
        self.assertEqual({family for family, _ in stored}, FAMILIES)
        for family, labels in stored:
            wanted = TASK_LABELS if family == UP else TASK_LABELS | {"ContainerName"}
            self.assertEqual({name for name, _ in labels}, wanted, family)
        self.assertEqual(stored, self.exporters["frozen"].scrape().values)

    def test_it_took_in_each_line_without_complaint(self):
        targets = json.loads(ask(self.prometheus.port, "/api/v1/targets").body)["data"]
        for target in targets["activeTargets"]:
            self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        count = len(self.exporters["frozen"].scrape().values)
        for name in ("scrape_samples_scraped", "scrape_samples_post_metric_relabeling"):
            self.assertEqual(self.prometheus.values(f'{name}{{job="frozen"}}'), [count])

    def test_it_knows_the_type_and_the_help_of_each_family(self):
        known = json.loads(ask(self.prometheus.port, "/api/v1/targets/metadata").body)["data"]
        for entry in known:
            self.assertIn(entry["metric"], FAMILIES)
            self.assertEqual(entry["type"], "gauge")
            self.assertTrue(entry["help"].endswith("."), entry["help"])
        self.assertEqual({entry["metric"] for entry in known}, FAMILIES)

    def test_the_numbers_of_a_living_task_move(self):
        for family in ("ecs_container_cpu_usage", "ecs_container_mem_usage_bytes"):
            with self.subTest(family):
                moved = f'changes({family}{{job="living"}}[5m]) > 0'
                wait_until(f"{family} has moved for both containers",
                           lambda: len(self.prometheus.values(moved)) == 2)

    def test_a_dying_endpoint_is_seen_as_such_until_it_is_back(self):
        def state():
            return (self.prometheus.values('up{job="living"}'),
                    self.prometheus.values(f'{UP}{{job="living"}}'))

        wait_until("all is well", lambda: state() == ([1], [1]))
        (labels, _), = self.prometheus.query(f'{UP}{{job="living"}}')
        mock = PrometheusThatScrapes.living_mock
        mock.end()
        wait_until("only the endpoint is down", lambda: state() == ([1], [0]))
        self.assertEqual(self.prometheus.query(f'{UP}{{job="living"}}'), [(labels, 0)])
        self.assertEqual({family for family, _ in self.prometheus.series("living")}, {UP})

        PrometheusThatScrapes.living_mock = self.again(mock.port)
        wait_until("all is well again", lambda: state() == ([1], [1]))
        wait_until("all families are back", lambda: {
            family for family, _ in self.prometheus.series("living")} == FAMILIES)
        self.assertEqual(self.prometheus.values('min_over_time(up{job="living"}[5m])'), [1])

    def again(self, port):
        """A mock on a port that may still be on its way to being free."""

        def start():
            try:
                return Mock(port=port)
            except AddressInUse:
                return None

        mock = wait_until(f"port {port} is free", start)
        self.addClassCleanup(mock.end)
        return mock


class PromtoolThatChecks(ProgramsTest):
    def test_it_finds_nothing_but_the_names_that_the_specification_gave_the_labels(self):
        samples_text = self.started(Exporter(self.started(Mock()).url)).ask().body
        checked = subprocess.run([installed("promtool"), "check", "metrics"], input=samples_text,
                                 capture_output=True, text=True)
        camel_case = re.compile("[a-z][A-Z]")
        expected = collections.Counter()
        for line in samples_text.splitlines():
            if line.startswith("#"):
                continue
            family, labels = re.match(r"([a-z_]+)\{(.*)\}", line).groups()
            for label in re.findall(r"([A-Za-z_]+)=", labels):
                self.assertIn(label, TASK_LABELS | {"ContainerName"})
                if camel_case.search(label):
                    expected[f"{family} label names should be written in 'snake_case' "
                             "not 'camelCase'"] += 1
        self.assertEqual(collections.Counter(checked.stderr.splitlines()), expected)
        self.assertEqual((checked.returncode, checked.stdout), (3, ""))
