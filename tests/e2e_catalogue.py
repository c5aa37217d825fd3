"""What stands on /metrics beyond the core: all groups, both formats, and the README's queries."""

import gzip
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from e2e_programs import (DEADLINE_S, Exporter, Mock, ProgramsTest, Samples, ask, installed,
                          wait_until)
from e2e_prometheus import Prometheus

# Where Debian's python3-prometheus-client is, whichever Python runs this.
sys.path.append("/usr/lib/python3/dist-packages")
from prometheus_client.openmetrics.parser import text_string_to_metric_families  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def ask_bytes(port, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.headers, reply.read()
    finally:
        connection.close()


def of_the_task(samples):
    """Without what the exporter says of itself, which differs from scrape to scrape."""
    return {key: value for key, value in samples.items()
            if not key[0].startswith(("ecs_exporter_", "process_"))}


def readme_queries():
    """The expressions in the README's promql blocks; a blank line stands between two."""
    blocks = re.findall(r"```promql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [re.sub(r"^#.*\n", "", query, flags=re.MULTILINE).strip()
            for block in blocks for query in block.split("\n\n")]


class AnswerWithAllGroups(ProgramsTest):
    def exporter(self, *options, **variables):
        mock = self.started(Mock("--frozen"))
        return self.started(Exporter(mock.url, *options, METRICS_GROUPS="all", **variables))

    def started(self, running):
        self.addCleanup(running.end)
        return running

    def test_a_strict_reader_takes_openmetrics_and_sees_the_same_samples_as_in_text(self):
        exporter = self.exporter()
        headers, body = ask_bytes(exporter.port, "/metrics", {"Accept": OPENMETRICS})
        self.assertEqual(headers["Content-Type"],
                         "application/openmetrics-text; version=1.0.0; charset=utf-8")
        read = {(sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(body.decode())
                for sample in family.samples}
        text = Samples(ask(exporter.port, "/metrics").body).values
        self.assertEqual(of_the_task(read), of_the_task(text))
        self.assertEqual(read.keys() - text.keys(), set())

    def test_gzip_holds_the_same_bytes(self):
        exporter = self.exporter("--ecs.min-interval=1h")
        for accept in ("text/plain", OPENMETRICS):
            headers, plain = ask_bytes(exporter.port, "/metrics", {"Accept": accept})
            self.assertIsNone(headers["Content-Encoding"])
            self.assertEqual(headers["Vary"], "Accept, Accept-Encoding")
            headers, packed = ask_bytes(exporter.port, "/metrics",
                                        {"Accept": accept, "Accept-Encoding": "gzip"})
            self.assertEqual(headers["Content-Encoding"], "gzip")
            self.assertEqual(gzip.decompress(packed), plain)

    def test_promtool_finds_nothing_to_say_of_snake_case_labels(self):
        exporter = self.exporter("--labels.style=snake", "--labels.docker=com.amazonaws.ecs.cluster")
        checked = subprocess.run([installed("promtool"), "check", "metrics"],
                                 input=ask(exporter.port, "/metrics").body, capture_output=True,
                                 text=True, timeout=DEADLINE_S)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_a_request_may_want_less(self):
        exporter = self.exporter()
        named = ask(exporter.port, "/metrics?name[]=ecs_task_info&name%5B%5D=ecs_task_status").body
        self.assertEqual(Samples(named).families, {"ecs_task_info", "ecs_task_status"})
        core = Samples(ask(exporter.port, "/metrics?collect[]=core").body).families
        self.assertEqual(len(core), 5)
        refused = ask(exporter.port, "/metrics?collect[]=nothing")
        self.assertEqual(refused.status, 400)
        self.assertIn('"nothing" is not a group', refused.body)

    def test_readiness_follows_the_endpoint(self):
        mock = self.started(Mock())
        exporter = self.started(Exporter(mock.url, "--ecs.min-interval=0"))
        self.assertEqual(ask(exporter.port, "/-/ready").status, 200)
        mock.set_faults("fail=both%3D500")
        statuses = [ask(exporter.port, "/-/ready").status for _ in range(3)]
        self.assertEqual(statuses, [200, 200, 503])
        self.assertEqual(ask(exporter.port, "/health").status, 200)
        mock.set_faults("")
        self.assertEqual(ask(exporter.port, "/-/ready").status, 200)


class PrometheusThatScrapesAllGroups(ProgramsTest):
    @classmethod
    def setUpClass(cls):
        def started(running):
            cls.addClassCleanup(running.end)
            return running

        cls.exporter = started(Exporter(started(Mock()).url, METRICS_GROUPS="all"))
        for _ in range(5):
            folder = tempfile.mkdtemp(prefix="ecs-exporter-e2e-")
            cls.addClassCleanup(shutil.rmtree, folder)
            cls.prometheus = started(Prometheus(folder, {"ecs": cls.exporter}))
            if cls.prometheus.is_ready():
                break
        else:
            raise AssertionError("no port for Prometheus")
        wait_until("the exporter was scraped three times",
                   lambda: cls.prometheus.values("count_over_time(up[1m])") >= [3])

    def test_it_took_in_every_series_once(self):
        (target,) = json.loads(
            ask(self.prometheus.port, "/api/v1/targets").body)["data"]["activeTargets"]
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        printed = Samples(ask(self.exporter.port, "/metrics").body).values
        for name in ("scrape_samples_scraped", "scrape_samples_post_metric_relabeling"):
            self.assertEqual(self.prometheus.values(name), [len(printed)], name)
        self.assertEqual(self.prometheus.series("ecs").keys(),
                         {key for key in printed if key[0].startswith("ecs_")})

    def test_each_query_of_the_readme_has_an_answer(self):
        queries = readme_queries()
        self.assertGreaterEqual(len(queries), 6)
        for query in queries:
            with self.subTest(query):
                found = self.prometheus.query(query)
                # One that compares finds what is wrong, and the mock's task is well.
                if not re.search(r"[<>]|== ", query):
                    self.assertTrue(found)
                self.assertNotIn("NaN", str(found))
