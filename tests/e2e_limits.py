"""What holds however much is asked of the exporter: its burden on the endpoint, and its memory."""

import concurrent.futures
import itertools
import socket
import threading
import time

import limits
from e2e_programs import DEADLINE_S, Exporter, Mock, ProgramsTest

# What a flood consists of, each sent before the answer to the one before it came.
FLOOD = [b"HEAD /metrics HTTP/1.1\r\n\r\n", b"HEAD /-/ready HTTP/1.1\r\n\r\n",
         b"HEAD /metrics?collect[]=core HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n",
         b"HEAD /metrics HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n"]


class BurdenOfAFlood(ProgramsTest):
    REQUESTS_A_SECOND = 8
    CONNECTIONS = 16
    BATCHES = 40
    BATCH = 25

    def flood(self, port):
        """Makes BATCHES times BATCH scrapes on a connection."""
        batch = b"".join(itertools.islice(itertools.cycle(FLOOD), self.BATCH))
        with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as connection:
            for _ in range(self.BATCHES):
                connection.sendall(batch)
                answers = b""
                while answers.count(b"\r\n\r\n") < self.BATCH:
                    part = connection.recv(65536)
                    if not part:
                        raise AssertionError("the exporter closed the connection")
                    answers += part

    def counts_during(self, mock, flooding):
        """(not before, not after, requests so far): what the mock counted, as often as it was asked
        until `flooding` is done."""
        counts = []
        while True:
            last = flooding.is_set()
            before = time.monotonic()
            requests = mock.requests()
            counts.append((before, time.monotonic(), requests))
            if last:
                return counts

    def test_however_many_scrape_and_whatever_fails_it_asks_at_most_8_times_a_second(self):
        for fault in ("", "fail=both=500", "fail=both=429", "close", "delay=300ms", "truncate"):
            with self.subTest(fault):
                mock = self.started(Mock("--frozen"))
                exporter = self.started(Exporter(mock.url))
                mock.set_faults(fault)
                done = threading.Event()
                with concurrent.futures.ThreadPoolExecutor(self.CONNECTIONS + 1) as threads:
                    counting = threads.submit(self.counts_during, mock, done)
                    flooding = [threads.submit(self.flood, exporter.port)
                                for _ in range(self.CONNECTIONS)]
                    concurrent.futures.wait(flooding)
                    done.set()
                    for one in flooding:
                        one.result()
                    counts = counting.result()
                self.assertGreater(counts[-1][2], 0)
                self.assert_within_the_rate(counts)

    def assert_within_the_rate(self, counts):
        """Between any two counts were no more requests than the time between them allows, and one
        round, with its retries."""
        last_round = 4
        # The worst begin so far: of the count less what was allowed up to it.
        least = float("inf")
        for before, after, requests in counts:
            least = min(least, requests - self.REQUESTS_A_SECOND * before)
            self.assertLessEqual(requests - self.REQUESTS_A_SECOND * after - least, last_round)


class MemoryOfTheExporter(ProgramsTest):
    """A short look. tests/limits.py looks longer."""

    def test_it_does_not_grow_while_containers_come_and_go(self):
        self.assertLess(limits.grew(limits.growth(1200)), 384 * 1024)

    def test_six_mebibytes_are_enough_for_64_clients_and_all_faults(self):
        try:
            report = limits.memory(seconds=4)
        except limits.NoCgroup as e:
            self.skipTest(str(e))
        self.assertEqual((report["oom_kill"], report["exit_code"]), (0, 0), report)
        self.assertGreater(report["scrapes"], 0)
        print(f"in a cgroup of 6 MiB: {report}")
