"""What holds however much is asked of the exporter: its burden on the endpoint, and its memory."""

import concurrent.futures
import itertools
import socket
import threading
import time

import limits
from e2e_programs import DEADLINE_S, Exporter, Mock, ProgramsTest

# What a flood consists of, each sent before the answer to the one before it came.
FLOOD = [f"HEAD {target} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode() for target, header in (
    ("/metrics", ""), ("/-/ready", ""), ("/metrics?collect[]=core", "Accept-Encoding: gzip\r\n"),
    ("/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 1\r\n"))]


class BurdenOfAFlood(ProgramsTest):
    REQUESTS_A_SECOND = 8
    LAST_ROUND = 4  # requests, with its retries
    ENOUGH = 40     # requests that the mock has seen, for a rate that is too high to show
    FAULTS = ["", "fail=both=500", "fail=stats=429", "close", "truncate"]
    CONNECTIONS = 8
    BATCH = 25

    def flood(self, port, over):
        """Scrapes on one connection until `over` is set, and returns how often."""
        batch = b"".join(itertools.islice(itertools.cycle(FLOOD), self.BATCH))
        scrapes = 0
        with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as connection:
            while not over.is_set():
                connection.sendall(batch)
                answers = b""
                while answers.count(b"\r\n\r\n") < self.BATCH:
                    part = connection.recv(65536)
                    if not part:
                        raise AssertionError("the exporter closed the connection")
                    answers += part
                scrapes += self.BATCH
        return scrapes

    def flooded(self, fault):
        """What the mock counted during a flood, over and over, as (not before, not after, requests so
        far); and the scrapes."""
        mock = self.started(Mock("--frozen"))
        exporter = self.started(Exporter(mock.url))
        mock.set_faults(fault)
        over = threading.Event()
        counts = [(0, 0, 0)]
        with concurrent.futures.ThreadPoolExecutor(self.CONNECTIONS) as threads:
            floods = [threads.submit(self.flood, exporter.port, over)
                      for _ in range(self.CONNECTIONS)]
            try:
                while counts[-1][2] < self.ENOUGH and not any(flood.done() for flood in floods):
                    before = time.monotonic()
                    requests = mock.requests()
                    counts.append((before, time.monotonic(), requests))
            finally:
                over.set()
            return counts[1:], sum(flood.result() for flood in floods)

    def test_however_many_scrape_and_whatever_fails_it_asks_at_most_8_times_a_second(self):
        with concurrent.futures.ThreadPoolExecutor(len(self.FAULTS)) as threads:
            for fault, (counts, scrapes) in zip(self.FAULTS,
                                                threads.map(self.flooded, self.FAULTS)):
                with self.subTest(fault):
                    self.assertGreater(scrapes, 20 * counts[-1][2])
                    self.assert_within_the_rate(counts)

    def assert_within_the_rate(self, counts):
        """Between any two counts were no more requests than the time between them allows, and one
        round."""
        lowest = float("inf")  # a count less what the time up to it allows
        for before, after, requests in counts:
            lowest = min(lowest, requests - self.REQUESTS_A_SECOND * before)
            self.assertLessEqual(requests - self.REQUESTS_A_SECOND * after,
                                 lowest + self.LAST_ROUND)


class MemoryOfTheExporter(ProgramsTest):
    """A short look. tests/limits.py looks longer."""

    def test_it_does_not_grow_while_containers_come_and_go(self):
        self.assertLess(limits.grew(limits.growth(1200)), 640 * 1024)

    def test_a_day_of_chance_faults_ends_with_the_memory_of_its_beginning(self):
        first_hour, at_the_end = limits.day(480, seed=1)
        self.assertLess(at_the_end - first_hour, 256 * 1024)

    def test_six_mebibytes_are_enough_for_64_clients_and_all_faults(self):
        for tls in (False, True):
            with self.subTest(tls=tls):
                try:
                    report = limits.memory(seconds=4, tls=tls)
                except limits.NoCgroup as e:
                    self.skipTest(str(e))
                self.assertEqual((report["oom_kill"], report["exit_code"]), (0, 0), report)
                self.assertEqual(report["max_body_bytes"], 256 * 1024)
                self.assertGreater(report["scrapes"], 0)
                print(f"in a cgroup of 6 MiB: {report}")
