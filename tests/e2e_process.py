"""The exporter as a process: how it ends, what it weighs, how it treats the endpoint."""

import concurrent.futures
import contextlib
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from e2e_programs import (DEADLINE_S, AddressInUse, Exporter, Mock, ProgramsTest, Running, Samples,
                          ask, environment, on_a_free_port, program, wait_until)

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata", "fargate")
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class EndOfTheProcess(ProgramsTest):
    """None of these waits is over by itself before the test's deadline."""

    def setUp(self):
        self.mock = self.started(Mock("--frozen"))

    def exporter(self):
        return self.started(Exporter(self.mock.url, f"--ecs.timeout={10 * DEADLINE_S}s"))

    def connection(self, exporter):
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, DEADLINE_S)
        self.addCleanup(connection.close)
        return connection

    def assert_ends(self, exporter, number):
        exporter.send(number)
        self.assertEqual(exporter.wait(), 0)
        last = exporter.log[-1]
        self.assertEqual((last["msg"], last["signal"]), ("stopping", number.name))

    def test_a_signal_ends_it(self):
        for number in SIGNALS:
            with self.subTest(number.name):
                self.assert_ends(self.exporter(), number)

    def test_a_signal_ends_it_with_an_idle_connection_open(self):
        for number in SIGNALS:
            with self.subTest(number.name):
                exporter = self.exporter()
                connection = self.connection(exporter)
                connection.request("GET", "/metrics")
                self.assertEqual(connection.getresponse().read()[:6], b"# HELP")
                self.assert_ends(exporter, number)
                self.assertEqual(connection.sock.recv(1), b"")

    def test_a_signal_ends_it_while_a_scrape_hangs(self):
        self.mock.set_faults("delay=3600s")
        for number in SIGNALS:
            with self.subTest(number.name):
                exporter = self.exporter()
                before = self.mock.requests()
                self.connection(exporter).request("GET", "/metrics")
                wait_until("the endpoint is asked", lambda: self.mock.requests() == before + 2)
                self.assert_ends(exporter, number)

    def test_a_scrape_that_is_nearly_done_still_gets_its_answer(self):
        self.mock.set_faults("delay=300ms")
        exporter = self.exporter()
        before = self.mock.requests()
        connection = self.connection(exporter)
        connection.request("GET", "/metrics")
        wait_until("the endpoint is asked", lambda: self.mock.requests() == before + 2)
        exporter.send(signal.SIGTERM)
        self.assertIn("ecs_container_exporter_up{", connection.getresponse().read().decode())
        self.assertEqual(exporter.wait(), 0)

    def test_a_signal_ends_it_as_process_1_of_a_container(self):
        unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
        try:
            subprocess.run([*unshare, "true"], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as e:
            raise unittest.SkipTest("a process namespace is not permitted here: "
                                    f"{(getattr(e, 'stderr', '') or str(e)).strip()}")
        for number in SIGNALS:
            with self.subTest(number.name):
                outer = self.started(Running(
                    [*unshare, program("EXPORTER"), "--web.listen-address=127.0.0.1:0",
                     f"--ecs.metadata-uri={self.mock.url}"]))
                outer.wait_for_line('"msg":"listening"')
                (inner,) = children(outer.pid)
                with open(f"/proc/{inner}/status") as status:
                    self.assertRegex(status.read(), r"NSpid:.*\t1\n")
                os.kill(inner, number)
                self.assertEqual(outer.wait(), 0)


class LogThatNobodyReads(ProgramsTest):
    def test_is_no_reason_to_end(self):
        exporter = subprocess.Popen(
            [program("EXPORTER"), "--web.listen-address=127.0.0.1:0",
             f"--ecs.metadata-uri=http://127.0.0.1:{self.dead_port()}/v4/x"],
            env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(exporter.wait, DEADLINE_S)
        self.addCleanup(exporter.terminate)
        address = next(json.loads(line)["address"] for line in exporter.stderr
                       if '"msg":"listening"' in line)
        exporter.stderr.close()
        port = int(address.rpartition(":")[2])
        for _ in range(2):  # each would log that the endpoint fails, or why it ends
            self.assertEqual(Samples(ask(port).body).up[0], 0)
        exporter.terminate()
        self.assertEqual(exporter.wait(DEADLINE_S), 0)


    def test_is_no_reason_to_wait(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        size = os.write(writer, b"x" * 4096)

        def start(port):
            exporter = subprocess.Popen(
                [program("EXPORTER"), f"--web.listen-address=127.0.0.1:{port}",
                 f"--ecs.metadata-uri=http://127.0.0.1:{self.dead_port()}/v4/x"],
                env=environment(), stdin=subprocess.DEVNULL, stderr=writer)
            self.addCleanup(exporter.wait, DEADLINE_S)
            self.addCleanup(exporter.kill)

            def answers():
                if exporter.poll() is not None:
                    raise AddressInUse()
                with contextlib.suppress(OSError):
                    return ask(port, "/-/healthy").status == 200

            wait_until("the health page answers", answers)
            return port, exporter

        port, exporter = on_a_free_port(start)
        os.close(writer)
        self.assertEqual(Samples(ask(port).body).up[0], 0)  # which is logged
        self.assertEqual(os.read(reader, size), b"x" * size)
        exporter.terminate()
        self.assertEqual(exporter.wait(DEADLINE_S), 0)
        with open(reader, closefd=False) as log:
            (line,) = map(json.loads, log)
        self.assertEqual((line["msg"], line["dropped_lines"]), ("stopping", 3))

    def test_is_closed_and_no_socket_takes_its_place(self):
        running = self.started(Running(
            ["/bin/sh", "-c", 'exec 3>&2; exec "$0" "$@" <&- >&- 2>&-', program("EXPORTER"),
             "serve", "--web.listen-address=127.0.0.1:0", "--log.level=debug",
             f"--ecs.metadata-uri=http://127.0.0.1:{self.dead_port()}/v4/x"]))

        def listens():
            fds = [os.readlink(f"/proc/{running.pid}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{running.pid}/fd")]
            return sum(fd.startswith("socket:") for fd in fds) > 0

        wait_until("it has a socket", listens)
        for fd in range(3):
            self.assertEqual(os.readlink(f"/proc/{running.pid}/fd/{fd}"), "/dev/null")
        running.send(signal.SIGTERM)
        self.assertEqual(running.wait(), 0)


class EndAfterADelay(ProgramsTest):
    def exporter(self, delay):
        self.task = self.folder()
        for name in ("task.json", "stats.json"):
            shutil.copy(os.path.join(SAMPLE, name), self.task)
        mock = self.started(Mock("--frozen", f"--dir={self.task}"))
        return self.started(Exporter(mock.url, f"--shutdown-delay={delay}", "--ecs.min-interval=0",
                                     METRICS_GROUPS="container"))

    def stop_a_container(self):
        path = os.path.join(self.task, "task.json")
        with open(path) as file:
            task = json.load(file)
        container = task["Containers"][0]
        container.update(KnownStatus="STOPPED", ExitCode=137)
        with open(path, "w") as file:
            json.dump(task, file)
        return container["Name"]

    def test_a_last_scrape_sees_the_exit_codes_and_a_second_signal_ends_it(self):
        for number in SIGNALS:
            with self.subTest(number.name):
                exporter = self.exporter("1h")
                exporter.send(number)
                number_of_line = exporter.wait_for_line('"msg":"stopping"')
                line = exporter.log[number_of_line]
                self.assertEqual((line["signal"], line["delay_ms"]), (number.name, 3_600_000))
                stopped = self.stop_a_container()
                codes = {dict(labels)["ContainerName"]: value
                         for (family, labels), value in exporter.scrape().values.items()
                         if family == "ecs_container_exit_code"}
                self.assertEqual(codes[stopped], 137)
                self.assertEqual(exporter.ask("/-/healthy").status, 200)
                exporter.send(number)
                self.assertEqual(exporter.wait(), 0)

    def test_it_ends_by_itself_when_the_delay_is_over(self):
        exporter = self.exporter("1s")
        began = time.monotonic()
        exporter.send(signal.SIGTERM)
        self.assertEqual(exporter.wait(), 0)
        self.assertGreaterEqual(time.monotonic() - began, 1)


def children(pid):
    """The process ids of its children."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


class WeightOfTheProgram(ProgramsTest):
    MAX_FILE_BYTES = 6_500_000
    MAX_RESIDENT_BYTES = 4 * 1024 * 1024

    def resident_bytes(self, pid):
        with open(f"/proc/{pid}/status") as status:
            return int(re.search(r"VmRSS:\s*(\d+) kB", status.read())[1]) * 1024

    def test_the_resident_set_is_small_before_and_after_scrapes(self):
        mock = self.started(Mock())
        exporter = self.started(Exporter(mock.url, "--ecs.min-interval=0"))
        self.assertLess(self.resident_bytes(exporter.pid), self.MAX_RESIDENT_BYTES)
        for _ in range(100):
            exporter.scrape()
        self.assertLess(self.resident_bytes(exporter.pid), self.MAX_RESIDENT_BYTES)

    def test_it_is_one_static_file(self):
        shown = subprocess.run(["readelf", "--wide", "--program-headers", "--dynamic",
                                program("EXPORTER")], capture_output=True, text=True, check=True)
        self.assertIn("LOAD", shown.stdout)
        for word in ("INTERP", "NEEDED"):
            self.assertNotIn(word, shown.stdout)

    def test_the_file_is_small(self):
        self.assertLess(os.path.getsize(program("EXPORTER")), self.MAX_FILE_BYTES)


class BurdenOnTheEndpoint(ProgramsTest):
    MIN_INTERVAL_S = 0.25  # the default of --ecs.min-interval

    def test_many_scrapers_share_two_requests_a_round(self):
        mock = self.started(Mock("--frozen"))
        exporter = self.started(Exporter(mock.url))
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as scrapers:
            for samples in scrapers.map(lambda _: exporter.scrape(), range(200)):
                self.assert_complete(samples)
        # Its first round can begin at once, and its last one end just now.
        rounds = (time.monotonic() - began) / self.MIN_INTERVAL_S + 1
        self.assertGreaterEqual(mock.requests(), 2)
        self.assertLessEqual(mock.requests(), 2 * rounds)

    def test_scrapes_during_a_round_wait_for_it(self):
        mock = self.started(Mock("--frozen", "--delay=500ms"))
        exporter = self.started(Exporter(mock.url, "--ecs.min-interval=1h"))
        with concurrent.futures.ThreadPoolExecutor(16) as scrapers:
            for samples in scrapers.map(lambda _: exporter.scrape(), range(50)):
                self.assert_complete(samples)
        self.assertEqual(mock.requests(), 2)
