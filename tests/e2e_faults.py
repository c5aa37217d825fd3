"""What the exporter says and logs when the endpoint has a fault, and after it."""

from e2e_programs import (DEADLINE_S, LIMIT, TASK_LABELS, UP, Exporter, Mock, ProgramsTest,
                          on_a_free_port)

METADATA_ONLY = {LIMIT, UP}  # what is still known without /task/stats
NOTHING = {UP}               # and without /task

# What the mock does wrong, the reason in the log, the path that the error names, what still stands.
FAULTS = [
    ("fail=both=500", "status", "/task:", NOTHING),
    ("fail=both=429", "throttled", "/task:", NOTHING),
    ("fail=task=404", "status", "/task:", NOTHING),
    ("fail=task=503", "status", "/task:", NOTHING),
    ("fail=task=429", "throttled", "/task:", NOTHING),
    ("fail=stats=404", "status", "/task/stats:", METADATA_ONLY),
    ("fail=stats=500", "status", "/task/stats:", METADATA_ONLY),
    ("fail=stats=429", "throttled", "/task/stats:", METADATA_ONLY),
    ("nan", "status", "/task/stats:", METADATA_ONLY),
    ("delay=60s", "timeout", "/task:", NOTHING),
    ("delay=60s&only=task", "timeout", "/task:", NOTHING),
    ("delay=60s&only=stats", "timeout", "/task/stats:", METADATA_ONLY),
    ("close", "closed", "/task:", NOTHING),
    ("close&only=task", "closed", "/task:", NOTHING),
    ("close&only=stats", "closed", "/task/stats:", METADATA_ONLY),
    ("truncate", "closed", "/task:", NOTHING),
    ("truncate&only=task", "closed", "/task:", NOTHING),
    ("truncate&only=stats", "closed", "/task/stats:", METADATA_ONLY),
    ("garbage", "json", "/task:", NOTHING),
    ("garbage&only=task", "json", "/task:", NOTHING),
    ("garbage&only=stats", "json", "/task/stats:", METADATA_ONLY),
    ("huge", "too_large", "/task:", NOTHING),
    ("huge&only=task", "too_large", "/task:", NOTHING),
    ("huge&only=stats", "too_large", "/task/stats:", METADATA_ONLY),
    ("redirect", "status", "/task:", NOTHING),
    ("redirect&only=task", "status", "/task:", NOTHING),
    ("redirect&only=stats", "status", "/task/stats:", METADATA_ONLY),
]

BEGAN, WELL = "the endpoint began to fail", "the endpoint is well again"


class EndpointWithAFault(ProgramsTest):
    def setUp(self):
        self.mock = self.started(Mock("--frozen"))

    def exporter(self, *options):
        return self.started(Exporter(self.mock.url, "--ecs.min-interval=0", *options))

    def assert_logged_once(self, exporter, start, reason, path):
        """One line when it began and one when it ended stand in the log from `start`."""
        exporter.wait_for_line(WELL, start)
        began, well = exporter.log[start:]
        self.assertEqual([began["msg"], began["level"], began["reason"]], [BEGAN, "warn", reason])
        self.assertIn(path, began["error"])
        self.assertEqual([well["msg"], well["level"]], [WELL, "info"])

    def assert_stands(self, samples, families, labels=TASK_LABELS):
        self.assertEqual(samples.up[0], 0)
        self.assertEqual(samples.families, families)
        self.assertEqual(set(samples.up[1]), labels)

    def test_each_fault_leaves_what_is_known_and_is_logged_once(self):
        exporter = self.exporter("--ecs.timeout=500ms")
        healthy = exporter.scrape()
        self.assert_complete(healthy)
        for fault, reason, path, families in FAULTS:
            with self.subTest(fault):
                start = len(exporter.lines)
                self.mock.set_faults(fault)
                for _ in range(2):
                    samples = exporter.scrape()
                    self.assert_stands(samples, families)
                    self.assertEqual(samples.up[1], healthy.up[1])
                    for sample in samples.values.keys() - {(UP, frozenset(healthy.up[1].items()))}:
                        self.assertEqual(samples.values[sample], healthy.values[sample])
                self.mock.set_faults("")
                self.assertEqual(exporter.scrape().values, healthy.values)
                self.assert_logged_once(exporter, start, reason, path)

    def test_a_throttling_endpoint_is_an_error_when_the_burst_is_used_up(self):
        exporter = self.exporter()
        self.mock.set_faults("throttle=0.0001,2")
        self.assert_complete(exporter.scrape())
        self.assert_complete(exporter.scrape())
        start = len(exporter.lines)
        self.assert_stands(exporter.scrape(), NOTHING)
        self.mock.set_faults("")
        self.assert_complete(exporter.scrape())
        self.assert_logged_once(exporter, start, "throttled", "/task:")

    def test_one_429_is_overcome_by_the_retry(self):
        # A token comes back every 10 ms, which is sooner than any retry.
        self.mock.set_faults("throttle=100,1")
        exporter = self.exporter()
        for _ in range(10):
            self.assert_complete(exporter.scrape())
        self.assertFalse([line for line in exporter.log if line["msg"] == BEGAN])

    def test_a_scraper_in_a_hurry_gets_its_answer_before_the_timeout_of_the_option(self):
        # The client would lose its patience long before both the mock and the option's timeout.
        self.mock.set_faults("delay=3600s")
        exporter = self.exporter(f"--ecs.timeout={10 * DEADLINE_S}s")
        samples = exporter.scrape({"X-Prometheus-Scrape-Timeout-Seconds": "0.8"})
        self.assert_stands(samples, NOTHING, labels=set())
        number = exporter.wait_for_line(BEGAN)
        reported = exporter.log[number]
        self.assertEqual(reported["reason"], "timeout")

    def test_a_scrape_timeout_that_is_none_is_ignored(self):
        exporter = self.exporter()
        for value in ["", "soon", "0", "-1", "nan", "1e", "5 s"]:
            with self.subTest(value):
                self.assert_complete(
                    exporter.scrape({"X-Prometheus-Scrape-Timeout-Seconds": value}))


class EndpointThatWasNeverWell(ProgramsTest):
    def test_a_task_that_was_never_known_leaves_up_without_labels(self):
        for options in (["--fail=task=500"], ["--fail=both=503"], ["--close"], ["--garbage"],
                        ["--huge", "--only=task"], ["--redirect"], ["--truncate", "--only=task"]):
            with self.subTest(" ".join(options)):
                mock = self.started(Mock("--frozen", *options))
                exporter = self.started(Exporter(mock.url, "--ecs.min-interval=0"))
                samples = exporter.scrape()
                self.assertEqual(samples.values, {(UP, frozenset()): 0})
                mock.set_faults("")
                self.assert_complete(exporter.scrape())

    def test_an_endpoint_that_comes_later_is_found(self):
        mocks = []

        def start(port):
            exporter = self.started(
                Exporter(f"http://127.0.0.1:{port}", "--ecs.min-interval=0"))
            self.assertEqual(exporter.scrape().values, {(UP, frozenset()): 0})
            self.assertEqual(exporter.scrape().values, {(UP, frozenset()): 0})
            mocks.append(self.started(Mock("--frozen", port=port)))
            return exporter

        exporter = on_a_free_port(start)
        self.assert_complete(exporter.scrape())
        exporter.wait_for_line(WELL)
        began, well = [line for line in exporter.log if "endpoint" in line["msg"]]
        self.assertEqual([began["msg"], began["reason"], well["msg"]], [BEGAN, "connect", WELL])
