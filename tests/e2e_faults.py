"""What the exporter says, logs and counts when the endpoint has a fault, and after it."""

import collections
import concurrent.futures
import copy
import json
import subprocess
import unittest

import e2e_wild_endpoint as wild
from e2e_programs import (CPU, DEADLINE_S, LIMIT, TASK_LABELS, UP, USAGE, Exporter, Mock,
                          ProgramsTest, Samples, environment, on_a_free_port, program,
                          wait_until)

BEGAN, WELL = "the endpoint began to fail", "the endpoint is well again"
FAILED = "a round failed"  # what each says at level debug

# The families that need no stats. Their values are the same without them, in the mock's task.
FROM_TASK = {LIMIT, UP, "ecs_container_cpu_reservation_cores"} | {
    f"ecs_container_{name}" for name in (
        "info", "status", "running", "health_status", "health_since_timestamp_seconds", "exit_code",
        "restarts_total", "created_timestamp_seconds", "started_timestamp_seconds",
        "finished_timestamp_seconds")} | {
    f"ecs_task_{name}" for name in (
        "info", "status", "desired_status", "cpu_limit_cores", "mem_limit_bytes",
        "ephemeral_storage_used_bytes", "ephemeral_storage_reserved_bytes",
        "image_pull_started_timestamp_seconds", "image_pull_stopped_timestamp_seconds",
        "image_pull_duration_seconds", "execution_stopped_timestamp_seconds",
        "clock_error_bound_seconds", "clock_synchronized", "clock_reference_timestamp_seconds",
        "fault_injection_enabled")}

# A fault that loses the whole reply. `how`: a query for the mock, with the subject in the place of
# SUBJECT, or a behaviour of the wild endpoint. `says`: what the error says besides the reply's path.
# `requests`: how many the exporter makes of each kind. Without the stats FROM_TASK stands, without
# the task nothing but up.
Loss = collections.namedtuple("Loss", "name how reason says requests")
ONCE, TWICE = 1, 2

LOSSES = [
    Loss("status 404", "fail=SUBJECT=404", "status", "status 404", ONCE),
    Loss("status 429", "fail=SUBJECT=429", "throttled", "status 429", TWICE),
    Loss("status 500", "fail=SUBJECT=500", "status", "status 500", TWICE),
    Loss("status 503", "fail=SUBJECT=503", "status", "status 503", TWICE),
    Loss("a delay", "delay=60s&only=SUBJECT", "timeout", "no whole reply in time", ONCE),
    Loss("no reply", "close&only=SUBJECT", "closed", "closed without a reply", TWICE),
    Loss("half a reply", "truncate&only=SUBJECT", "closed", "in the middle of the reply", ONCE),
    Loss("no JSON", "garbage&only=SUBJECT", "json", "not JSON at byte 0", ONCE),
    Loss("5 MiB", "huge&only=SUBJECT", "too_large", "the body is over 4194304 bytes", ONCE),
    Loss("a redirection", "redirect&only=SUBJECT", "status", "status 301", ONCE),
    Loss("a hang-up", wild.hangs_up, "closed", "closed without a reply", TWICE),
    Loss("a reset", wild.resets, "closed", "closed without a reply", TWICE),
    Loss("silence", wild.never_answers, "timeout", "no whole reply in time", ONCE),
    Loss("death in the header", wild.dies_in_the_header, "closed", "in the middle", ONCE),
    Loss("death in a counted body", wild.dies_in_a_counted_body, "closed", "in the middle", ONCE),
    Loss("death in a chunk", wild.dies_in_a_chunk, "closed", "in the middle", ONCE),
    Loss("death before the last chunk", wild.dies_before_the_last_chunk, "closed", "in the middle",
         ONCE),
    Loss("a reset in the body", wild.resets_in_the_body, "closed", "in the middle", ONCE),
    Loss("a byte a second", wild.drips_a_byte_a_second, "timeout", "no whole reply in time", ONCE),
    Loss("a body of a byte a second", wild.drips_the_body, "timeout", "no whole reply in time",
         ONCE),
    Loss("a header without end", wild.sends_a_header_without_end, "too_large",
         "the header is over 8 KiB", ONCE),
    Loss("a header line without end", wild.sends_a_header_line_without_end, "too_large",
         "the header is over 8 KiB", ONCE),
    Loss("a chunk extension without end", wild.sends_a_chunk_extension_without_end, "too_large",
         "over", ONCE),
    Loss("a body without end", wild.sends_a_body_without_end, "too_large",
         "the body is over 4194304 bytes", ONCE),
    Loss("interim replies without end", wild.sends_interim_replies_without_end, "status",
         "status 100", ONCE),
    Loss("a redirection elsewhere", wild.redirects, "status", "status 301", ONCE),
    Loss("no content", wild.says_no_content, "status", "status 204", ONCE),
    Loss("another protocol", wild.speaks_another_protocol, "shape", "not an HTTP reply", ONCE),
    Loss("two lengths", wild.announces_two_lengths, "shape", "not an HTTP reply", ONCE),
    Loss("a negative length", wild.announces_a_negative_length, "shape", "not an HTTP reply", ONCE),
    Loss("a length past counting", wild.announces_a_length_past_counting, "shape",
         "not an HTTP reply", ONCE),
    Loss("4.1 MiB", wild.gives_too_much, "too_large", "the body is over 4194304 bytes", ONCE),
    Loss("4.1 MiB in chunks", wild.gives_too_much_in_chunks, "too_large",
         "the body is over 4194304 bytes", ONCE),
    Loss("no body", wild.with_body(b""), "json", "not JSON at byte 0", ONCE),
    Loss("null", wild.with_body(b"null"), "shape", "it is null, not an object", ONCE),
    Loss("an error as a string", wild.with_body(b'"unable to get it"'), "shape",
         'it is "unable to get it", not an object', ONCE),
    Loss("an array of two", wild.with_body(b"[{}, {}]"), "shape", "", ONCE),
    Loss("nesting of 10,000", wild.with_body(b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"), "json",
         "not JSON at byte", ONCE),
    Loss("objects in objects, 10,000", wild.with_body(b'{"x":' * 10_000 + b"1" + b"}" * 10_000),
         "json", "not JSON at byte", ONCE),
    Loss("something after the end", lambda exchange: exchange.answer(exchange.body + b"{}"), "json",
         "more after the end", ONCE),
]


def many_containers(task):
    task["Containers"] = [{"Name": f"c{n}", "DockerId": f"id{n}"} for n in range(10_000)]


def many_samples(stats):
    return {f"id{n}": {"name": f"c{n}"} for n in range(10_000)}


def long_label(task):
    task["Cluster"] = "x" * 2**20


def long_docker_label(task):
    task["Containers"][0]["Labels"] = {"team": "x" * 2**20}


def long_name_of_an_interface(stats):
    for sample in stats.values():
        if sample and "networks" in sample:
            sample["networks"] = {"x" * 2**20: counters for counters in sample["networks"].values()}


# Losses of one reply alone: the same columns, and the subject first.
LOSSES_OF_ONE = [
    ("stats", Loss("NaN, on which the agent gives up", "nan", "status", "status 500", TWICE)),
    ("task", Loss("10,000 containers", wild.with_change(many_containers), "too_large",
                  "so many elements", ONCE)),
    ("stats", Loss("10,000 samples", wild.with_change(many_samples), "too_large",
                   "so many elements", ONCE)),
    ("task", Loss("a label of 1 MiB", wild.with_change(long_label), "too_large", "labels", ONCE)),
    ("task", Loss("a Docker label of 1 MiB", wild.with_change(long_docker_label), "too_large",
                  "labels", ONCE)),
    ("task", Loss("an object that is no task", wild.with_body(b"{}"), "shape",
                  "neither TaskARN nor Containers", ONCE)),
    ("stats", Loss("an array of one", lambda exchange: exchange.answer(b"[" + exchange.body + b"]"),
                   "shape", "it is an array, not an object", ONCE)),
    ("task", Loss("NaN", wild.with_text('"Memory":', '"Memory":NaN,"x":'), "json", "not JSON", ONCE)),
    ("stats", Loss("NaN", wild.with_text('"usage":', '"usage":NaN,"x":'), "json", "not JSON", ONCE)),
]

USED = {USAGE, "ecs_container_mem_working_set_bytes"}
RECEIVED = "ecs_task_network_receive_bytes_total"
CPU_TOTAL = {CPU, "ecs_container_cpu_usage_cores", "ecs_container_cpu_usage_seconds_total"}

# Faults that harm one field and no other: which reply, what is in it, what the error says, and the
# families that lose their samples.
Harm = collections.namedtuple("Harm", "subject name how says loses")

HARMS = [
    Harm("stats", "a usage of 1e309", wild.with_text('"usage":', '"usage":1e309,"x":'),
         "memory_stats.usage is 1e309, not a whole number", USED),
    Harm("stats", "a usage of -1", wild.with_text('"usage":', '"usage":-1,"x":'),
         "memory_stats.usage is -1, not a whole number", USED),
    Harm("stats", "a usage of 0.5", wild.with_text('"usage":', '"usage":0.5,"x":'),
         "memory_stats.usage is 0.5, not a whole number", USED),
    Harm("stats", "a usage of 2^64", wild.with_text('"usage":', '"usage":18446744073709551616,"x":'),
         "memory_stats.usage is 18446744073709551616, not a whole number", USED),
    Harm("stats", "negative CPU time", wild.with_text('"total_usage":', '"total_usage":-5,"x":'),
         "cpu_stats.cpu_usage.total_usage is -5, not a whole number", CPU_TOTAL),
    Harm("stats", "negative traffic", wild.with_text('"rx_bytes":', '"rx_bytes":-5,"x":'),
         "rx_bytes is -5, not a whole number", {RECEIVED}),
    Harm("task", "a limit of 1e309 MiB", wild.with_text('"Reserved":', '"Reserved":1e309,"x":'),
         "EphemeralStorageMetrics.Reserved is 1e309, not a whole number",
         {"ecs_task_ephemeral_storage_reserved_bytes"}),
    Harm("task", "1e309 CPUs", wild.with_text('"CPU":0.5', '"CPU":1e309'),
         "Limits.CPU is 1e309, not a number", {"ecs_task_cpu_limit_cores"}),
    Harm("task", "a day without a calendar", wild.with_text('"FinishedAt":"2026-', '"FinishedAt":"x-'),
         "FinishedAt is \"x-", {"ecs_container_finished_timestamp_seconds"}),
]


def repeat_containers(task):
    task["Containers"] += copy.deepcopy(task["Containers"])


def unprinted_long_text(task):
    task["Containers"][0]["LogOptions"] = {"x": "y" * 2**20}
    task["Unknown"] = "y" * 2**20


# What looks wrong and is not: nothing is lost, and up stays 1.
HARMLESS = [
    ("task", "a key twice", wild.with_text('"Family":', '"Family":"first","Family":')),
    ("stats", "a counter twice", wild.with_text('"usage":', '"usage":1,"usage":')),
    ("stats", "an object twice", wild.with_text('"memory_stats":',
                                                '"memory_stats":{"usage":1},"memory_stats":')),
    ("task", "the list of containers twice", wild.with_text('"Containers":',
                                                            '"Containers":[],"Containers":')),
    ("task", "each container twice", wild.with_change(repeat_containers)),
    ("task", "1 MiB that is in no label", wild.with_change(unprinted_long_text)),
    ("task", "an array of one", lambda exchange: exchange.answer(b"[" + exchange.body + b"]")),
    ("task", "space around it", lambda exchange: exchange.answer(b" \n" + exchange.body + b"\n")),
    ("stats", "samples of nobody",
     wild.with_change(lambda stats: {**stats, "": {}, "nobody": None, "no one": {"read": None}})),
]


class Version:
    """One version of the endpoint, of each kind, and an exporter for each."""

    def __init__(self, test, base, task_path, stats_path):
        self.name = base
        self.paths = {"task": base + task_path, "stats": base + stats_path}
        self.mock = test.started(Mock("--frozen"))
        self.wild = test.started(wild.WildEndpoint(
            {path: self.mock.ask(path).body.encode() for path in self.paths.values()}))
        self.exporters = {kind: test.started(Exporter(
            kind.url + base, "--ecs.min-interval=0", f"--ecs.timeout={DEADLINE_S - 5}s",
            "--labels.docker=team", METRICS_GROUPS="all", LOG_LEVEL="debug"))
            for kind in (self.mock, self.wild)}
        self.healthy = {exporter: exporter.scrape() for exporter in self.exporters.values()}

    def begin(self, subject, how):
        """Makes `subject` (task, stats or both) misbehave; returns the exporter that meets it."""
        if isinstance(how, str):
            query = how.replace("&only=SUBJECT", "") if subject == "both" else how
            self.mock.set_faults(query.replace("SUBJECT", subject))
            return self.exporters[self.mock]
        self.wild.behave({path: how for of, path in self.paths.items() if subject in (of, "both")})
        return self.exporters[self.wild]

    def mend(self):
        self.mock.set_faults("")
        self.wild.behave({})

    def recover(self):
        """So that one failed case does not fail the next."""
        self.mend()
        self.healthy = {exporter: exporter.scrape() for exporter in self.exporters.values()}


def of_the_task(samples):
    """Without what the exporter says of itself, which differs from scrape to scrape."""
    return {key: value for key, value in samples.values.items()
            if not key[0].startswith(("ecs_exporter_", "process_"))}


def counted(samples, family):
    """The counts of one of the exporter's own families, by its labels but for the task's."""
    return collections.Counter({
        tuple(sorted(value for name, value in labels if name not in TASK_LABELS)): count
        for (found, labels), count in samples.values.items() if found == family})


class EndpointWithAFault(ProgramsTest):
    VERSIONS = [("/v4/0f5a", "/task", "/task/stats"), ("/v3/0f5a", "/task", "/task/stats"),
                ("/v2", "/metadata", "/stats")]

    def each_version(self, cases, check, beside=1):
        """Calls `check(version, *case)` for each case, the versions beside each other, and of each
        version so many cases."""

        def failures(version, cases):
            found = []
            for case in cases:
                try:
                    check(version, *case)
                except Exception as e:  # to be raised by the test's own thread
                    found.append((version, case, e))
                    version.recover()
            return found

        versions = [Version(self, *paths) for paths in self.VERSIONS for _ in range(beside)]
        shares = [cases[n::beside] for _ in self.VERSIONS for n in range(beside)]
        with concurrent.futures.ThreadPoolExecutor(len(versions)) as threads:
            for found in threads.map(failures, versions, shares):
                for version, case, error in found:
                    with self.subTest(" ".join([version.name, *map(str, case)])[:200]):
                        raise error

    def check(self, version, subject, how, reason, says, expected, requests=ONCE):
        """Scrapes an endpoint with the fault, twice, then a well one again.
        `expected(healthy)`: the samples that stand, but for up. `reason` None: nothing is wrong."""
        exporter = version.begin(subject, how)
        healthy = version.healthy[exporter]
        self.assertEqual(healthy.up[0], 1)
        wanted = expected(of_the_task(healthy))
        up_key = (UP, frozenset(healthy.up[1].items()))
        wanted[up_key] = 0 if reason else 1
        start = len(exporter.lines)
        # A fault that only time ends, ends half a second before this, and is met once. The other
        # reply has that time to come, however busy this machine is.
        slow = reason == "timeout"
        hurry = {"X-Prometheus-Scrape-Timeout-Seconds": "8.5"} if slow else {}
        rounds = 1 if slow else 2
        for _ in range(rounds):
            faulty = exporter.scrape(hurry)
            self.assertEqual(of_the_task(faulty), wanted)
        version.mend()
        after = exporter.scrape()
        version.healthy[exporter] = after
        self.assertEqual(of_the_task(after), of_the_task(healthy))
        self.assert_counted(subject, reason, requests, rounds, healthy, faulty, after)
        self.assert_logged(exporter, start, version, subject, reason, says, rounds if reason else 0)

    def assert_counted(self, subject, reason, requests, rounds, healthy, faulty, after):
        subjects = ["stats", "task"] if subject == "both" else [subject]
        family = "ecs_exporter_endpoint_errors_total"
        new = counted(faulty, family) - counted(healthy, family)
        wanted = {tuple(sorted([of, reason])): rounds for of in subjects} if reason else {}
        self.assertEqual(new, wanted)
        family = "ecs_exporter_endpoint_requests_total"
        new = counted(faulty, family) - counted(healthy, family)
        self.assertEqual(new, {(of,): rounds * (requests if of in subjects else ONCE)
                               for of in ("stats", "task")})
        self.assertEqual(set(counted(after, "ecs_exporter_endpoint_up").values()), {1})

    def assert_logged(self, exporter, start, version, subject, reason, says, rounds):
        """The log from `start` has a line for each of so many rounds, and of no other."""
        failed = lambda: [line for line in exporter.log[start:] if line["msg"] == FAILED]
        wait_until("each round is logged", lambda: len(failed()) >= rounds)
        self.assertEqual(len(failed()), rounds)
        of = "stats" if subject == "stats" else "task"
        for line in failed():
            self.assertEqual(line["reason"], reason)
            self.assertRegex(line["error"], rf"(^http://\S+{version.paths[of]}|^the reply to /\S+): ")
            self.assertIn(says, line["error"])

    def test_a_lost_reply_leaves_what_the_other_one_says(self):
        def stands(subject):
            families = FROM_TASK if subject == "stats" else {UP}
            return lambda healthy: {key: value for key, value in healthy.items()
                                    if key[0] in families}

        def check(version, subject, loss):
            self.check(version, subject, loss.how, loss.reason, loss.says, stands(subject),
                       loss.requests)

        cases = [(subject, loss) for loss in LOSSES for subject in ("task", "stats", "both")]
        slow = [case for case in cases if case[1].reason == "timeout"]
        self.each_version([case for case in cases if case not in slow] + LOSSES_OF_ONE, check)
        self.each_version(slow, check, beside=6)

    def test_a_field_that_is_wrong_loses_its_own_samples_and_no_other(self):
        def check(version, subject, name, how, says, loses):
            if version.name != "/v4/0f5a" and any("ephemeral" in family for family in loses):
                return  # older versions do not have it
            self.check(version, subject, how, "shape", says, lambda healthy: {
                key: value for key, value in healthy.items() if key[0] not in loses})

        self.each_version(HARMS, check)

    def test_what_is_odd_and_not_wrong_changes_nothing(self):
        self.each_version(HARMLESS, lambda version, subject, name, how: self.check(
            version, subject, how, None, "", lambda healthy: healthy))


class EndpointThatIsBusyOrSlow(ProgramsTest):
    def setUp(self):
        self.mock = self.started(Mock("--frozen"))

    def exporter(self, *options):
        return self.started(Exporter(self.mock.url, "--ecs.min-interval=0", *options))

    def assert_nothing_is_known(self, samples):
        self.assertEqual(samples.up[0], 0)
        self.assertEqual(samples.families, {UP})

    def test_a_throttling_endpoint_is_an_error_when_the_burst_is_used_up(self):
        exporter = self.exporter()
        self.mock.set_faults("throttle=0.0001,2")
        self.assert_complete(exporter.scrape())
        self.assert_complete(exporter.scrape())
        self.assert_nothing_is_known(exporter.scrape())
        self.mock.set_faults("")
        self.assert_complete(exporter.scrape())
        began = exporter.log_entry(BEGAN)
        self.assertEqual(began["reason"], "throttled")

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
        self.assert_nothing_is_known(samples)
        self.assertEqual(samples.up[1], {})
        reported = exporter.log_entry(BEGAN)
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

    def assert_settles(self, exporter):
        """It says that the endpoint is well, once it was so for a while."""
        def settled():
            self.assert_complete(exporter.scrape())
            return [line for line in exporter.log if line["msg"] == WELL]

        (line,) = wait_until(WELL, settled)
        self.assertEqual(line["level"], "info")
        self.assertGreaterEqual(line["rounds"], line["failed_rounds"])

    def test_an_endpoint_that_flaps_is_one_trouble_in_the_log(self):
        mock = self.started(Mock("--frozen", "--fail=both=404"))
        exporter = self.started(Exporter(mock.url, "--ecs.min-interval=0"))
        for faults in 10 * ["fail=both=404", ""]:
            mock.set_faults(faults)
            self.assertEqual(exporter.scrape().up[0], 0 if faults else 1)
        self.assert_settles(exporter)
        began, well = [line for line in exporter.log if "endpoint" in line["msg"]]
        self.assertEqual([began["msg"], began["level"], began["reason"], well["msg"]],
                         [BEGAN, "warn", "status", WELL])
        self.assertEqual(well["failed_rounds"], 9)  # and the first

    def test_a_name_that_resolves_to_nothing(self):
        # Without a network there is no one to ask.
        unshare = ["unshare", "--user", "--map-root-user", "--net"]
        try:
            subprocess.run([*unshare, "true"], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as e:
            raise unittest.SkipTest("a network namespace is not permitted here: "
                                    f"{(getattr(e, 'stderr', '') or str(e)).strip()}")
        ended = subprocess.run(
            [*unshare, program("EXPORTER"), "scrape",
             "--ecs.metadata-uri=http://endpoint.invalid/v4/0f5a"],
            env=environment(), capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(Samples(ended.stdout).values, {(UP, frozenset()): 0})
        (line,) = ended.stderr.splitlines()
        self.assertEqual(json.loads(line)["reason"], "connect")
        self.assertIn("cannot resolve the name", json.loads(line)["error"])

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
        self.assert_settles(exporter)
        began, well = [line for line in exporter.log if "endpoint" in line["msg"]]
        self.assertEqual([began["msg"], began["reason"], well["msg"]], [BEGAN, "connect", WELL])


class HostWithoutStats(ProgramsTest):
    def test_it_is_up_and_ready_where_no_stats_are_expected(self):
        mock = self.started(Mock("--fail=stats=500"))
        for options, variables in ((["--ecs.stats=none"], {}), ([], {"ECS_STATS": "none"})):
            with self.subTest(options):
                before = json.loads(mock.ask("/mock/requests").body)
                exporter = self.started(
                    Exporter(mock.url, *options, METRICS_GROUPS="", **variables))
                self.assertEqual(exporter.ask("/-/ready").status, 200)
                samples = exporter.scrape()
                self.assertEqual(samples.up[0], 1)
                of_task = {name for name in samples.families
                           if not name.startswith(("ecs_exporter_", "process_"))}
                self.assertEqual(of_task - FROM_TASK, set())
                self.assertLessEqual({LIMIT, UP, "ecs_container_running"}, of_task)
                self.assertEqual([dict(labels)["Endpoint"] for name, labels in samples.values
                                  if name == "ecs_exporter_endpoint_up"], ["task"])
                after = json.loads(mock.ask("/mock/requests").body)
                self.assertEqual(after["stats"], before["stats"])
                self.assertGreater(after["task"], before["task"])

    def test_the_task_is_still_required(self):
        mock = self.started(Mock("--fail=task=500"))
        exporter = self.started(Exporter(mock.url, "--ecs.stats=none"))
        self.assertEqual(exporter.scrape().up[0], 0)
        self.assertEqual(exporter.ask("/-/ready").status, 503)
