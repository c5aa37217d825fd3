#!/usr/bin/env python3
"""Runs the exporter for a long time, or in little room. The end-to-end test does each for a moment.

Usage: limits.py growth SCRAPES     its memory over so many scrapes of tasks that change
       limits.py memory SECONDS     64 clients, with the exporter in a cgroup of 6 MiB, with TLS and
                                    without, by a program that is in memory already and by one that
                                    is not
       limits.py hostile SECONDS [unread]  how soon a health check is answered while clients of all kinds
                                    mean ill, and the endpoint comes and goes; `unread`: and nobody
                                    reads the log
       limits.py day SCRAPES [SEED] its memory after so many scrapes with faults by chance, and after
                                    the first 240
Takes the programs from the variables EXPORTER and MOCK. Exit code 1 if something was not as it
should be, 77 if this machine does not let it make a cgroup."""

import concurrent.futures
import contextlib
import copy
import hostile
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

from e2e_programs import (DEADLINE_S, Exporter, Mock, Server, environment, installed, program,
                          wait_until)

OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}
GZIP = {"Accept-Encoding": "gzip"}
# What scrapers ask for, in turn.
REQUESTS = [("/metrics", {}), ("/metrics", OPENMETRICS), ("/metrics", GZIP),
            ("/metrics", OPENMETRICS | GZIP), ("/metrics?collect[]=core&collect[]=memory_detail", {}),
            ("/metrics?name[]=ecs_task_info", GZIP), ("/-/ready", {}), ("/metrics?collect[]=x", {})]
FAULTS = ["", "fail=both=500", "", "close", "", "delay=100ms", "", "truncate", "", "garbage", "",
          "fail=stats=429", "", "redirect&only=task", "", "nan", "", "huge"]
# Those after which the exporter does not pause before it tries again.
QUICK_FAULTS = ["", "garbage", "", "truncate", "", "redirect&only=task", "", "fail=task=404"]


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s*(\d+) kB", status.read())[1]) * 1024


class Scraper:
    """A client that keeps its connection, and goes through REQUESTS."""

    def __init__(self, port, first=0, context=None):
        self._port = port
        self._context = context  # of TLS
        self._connection = None
        self._requests = itertools.islice(itertools.cycle(REQUESTS), first, None)

    def scrape(self):
        """Makes one request. Whatever the endpoint does, it is answered in full."""
        path, headers = next(self._requests)
        if self._connection is None:
            self._connection = (
                http.client.HTTPSConnection("127.0.0.1", self._port, timeout=DEADLINE_S,
                                            context=self._context) if self._context else
                http.client.HTTPConnection("127.0.0.1", self._port, DEADLINE_S))
        self._connection.request("GET", path, headers=headers)
        reply = self._connection.getresponse()
        body = reply.read()  # raises if it is not whole
        expected = {200, 503} if path == "/-/ready" else {400} if path.endswith("=x") else {200}
        if reply.status not in expected or not body:
            raise AssertionError(f"{path} was answered with {reply.status}, {body[:200]}")

    def close(self):
        if self._connection is not None:
            self._connection.close()


# ---- Growth ----

class ChangingTask:
    """A folder for the mock, in which containers come and go: those of the sample under other names
    and ids."""

    def __init__(self, folder, sample):
        self._folder = pathlib.Path(folder)
        self._task, self._stats = (json.loads(sample.ask(path).body)
                                   for path in ("/task", "/task/stats"))
        self._containers = [container for container in self._task["Containers"]
                            if self._stats.get(container["DockerId"])]
        self._random = random.Random(1)
        self.change()

    def change(self):
        task = self._task | {"Containers": [], "Revision": str(self._random.randrange(10**6)),
                             "TaskARN": self._task["TaskARN"] + self._name()}
        stats = {}
        for _ in range(self._random.randrange(10)):
            container = copy.deepcopy(self._random.choice(self._containers))
            sample = copy.deepcopy(self._stats[container["DockerId"]])
            sample["memory_stats"]["usage"] = self._random.randrange(2**30)
            container |= {"DockerId": self._name(), "Name": "c" + self._name()}
            container["Labels"] = {"key": "x" * self._random.randrange(1000)}
            task["Containers"].append(container)
            stats[container["DockerId"]] = sample
        self._write("task.json", task)
        self._write("stats.json", stats)

    def _name(self):
        return f"{self._random.randrange(16 ** 32):032x}"

    def _write(self, name, document):
        new = self._folder / (name + ".new")
        new.write_text(json.dumps(document))
        new.replace(self._folder / name)


def growth(scrapes, say=lambda line: None):
    """The exporter's resident bytes after each 20th of so many scrapes, of a task that changes before
    each tenth of them, with faults between."""
    with contextlib.ExitStack() as stack:
        def started(running):
            stack.callback(running.end)
            return running

        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ecs-exporter-growth-"))
        task = ChangingTask(folder, started(Mock("--frozen")))
        mock = started(Mock(f"--dir={folder}", "--frozen"))
        exporter = started(Exporter(mock.url, "--ecs.min-interval=0", METRICS_GROUPS="all"))
        scraper = Scraper(exporter.port)
        stack.callback(scraper.close)
        faults = itertools.cycle(QUICK_FAULTS)
        resident = []
        for done in range(1, scrapes + 1):
            if done % 10 == 0:
                task.change()
            if done % 100 == 0:
                mock.set_faults(next(faults))
            scraper.scrape()
            if done % (scrapes // 20) == 0:
                resident.append(resident_bytes(exporter.pid))
                say(f"{done} scrapes: {resident[-1] / 1024:.0f} KiB resident")
        return resident


def grew(resident):
    """By how many bytes the most of the last half is above the most of the second quarter. The first
    quarter is left out: memory is taken as it is first needed."""
    quarter = len(resident) // 4
    return max(resident[2 * quarter:]) - max(resident[quarter:2 * quarter])


# ---- A day ----

HOUR = 240  # scrapes, at one each 15 s


def day(scrapes, seed, say=lambda line: None):
    """The exporter's resident bytes after the first 240 scrapes, and after all of so many, of a task
    as it is and an endpoint that fails by chance. Raises AssertionError if a scrape was not answered
    as it should be, or the exporter did not see that the endpoint is well again."""
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        mock = Mock()
        stack.callback(mock.end)
        exporter = Exporter(mock.url, "--ecs.min-interval=0")
        stack.callback(exporter.end)
        scraper = Scraper(exporter.port)
        stack.callback(scraper.close)
        first_hour = None
        for done in range(1, scrapes + 1):
            if done % 20 == 1:
                fault = chance.choice(FAULTS)
                mock.set_faults(fault)
            scraper.scrape()
            if done % 20 == 0 and not fault:
                wait_until("up is 1, as the endpoint is well", lambda: exporter.scrape().up[0] == 1)
            if done == HOUR:
                first_hour = resident_bytes(exporter.pid)
            if done % HOUR == 0:
                say(f"{done} scrapes: {resident_bytes(exporter.pid) / 1024:.0f} KiB resident")
        return first_hour, resident_bytes(exporter.pid)


# ---- Little memory ----

class NoCgroup(Exception):
    """This machine does not let this process make a cgroup with a limit."""


class Cgroup:
    """One with a limit of memory, of whichever version there is."""

    def __init__(self, limit_bytes):
        version_1 = pathlib.Path("/sys/fs/cgroup/memory")
        self._is_version_1 = version_1.is_dir()
        top = version_1 if self._is_version_1 else pathlib.Path("/sys/fs/cgroup")
        self.folder = top / f"ecs-exporter-test-{os.getpid()}"
        limit = "memory.limit_in_bytes" if self._is_version_1 else "memory.max"
        try:
            self.folder.mkdir()
        except OSError as e:
            raise NoCgroup(f"a cgroup is not permitted here: {e}") from e
        try:
            (self.folder / limit).write_text(str(limit_bytes))
        except OSError as e:
            self.remove()
            raise NoCgroup(f"a cgroup's memory cannot be limited here: {e}") from e

    def command(self, *arguments):
        """The command that runs `arguments` in it."""
        return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.folder / "cgroup.procs"),
                *arguments]

    def report(self):
        """What its kernel counted: the most bytes, how often the limit was hit, what was killed."""
        if self._is_version_1:
            return {"peak": self._number("memory.max_usage_in_bytes"),
                    "failcnt": self._number("memory.failcnt"),
                    "oom_kill": self._of("memory.oom_control", "oom_kill")}
        peak = self.folder / "memory.peak"  # of Linux 5.19
        return {"peak": int(peak.read_text()) if peak.exists() else None,
                "failcnt": self._of("memory.events", "max"),
                "oom_kill": self._of("memory.events", "oom_kill")}

    def _number(self, name):
        return int((self.folder / name).read_text())

    def _of(self, name, key):
        return int(re.search(rf"^{key} (\d+)$", (self.folder / name).read_text(), re.MULTILINE)[1])

    def remove(self):
        wait_until(f"{self.folder} is empty", self._removed)

    def _removed(self):
        try:
            self.folder.rmdir()
        except OSError:
            return False
        return True


def certificate(folder):
    """The options that make the exporter speak TLS, and the context of its clients."""
    subprocess.run([installed("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key.pem",
                    "-out", f"{folder}/cert.pem"],
                   check=True, capture_output=True, timeout=DEADLINE_S)
    path = pathlib.Path(folder) / "web.yml"
    path.write_text("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n")
    return ([f"--web.config.file={path}"],
            ssl.create_default_context(cafile=f"{folder}/cert.pem"))


def cold(path, folder):
    """A copy of the program that is not in memory: whoever runs it reads it from the disk, and its
    cgroup has those pages on its account. (Not where the folder is in memory itself.)"""
    copied = shutil.copy(path, folder)
    with open(copied, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return copied


def memory(seconds, limit_bytes=6 * 2**20, tls=False, is_cold=False, clients=64):
    """What the kernel reports of an exporter in a cgroup, which so many clients scrape while faults
    come and go. Raises AssertionError if a scrape was not answered, or the exporter ended; NoCgroup."""
    with contextlib.ExitStack() as stack:
        cgroup = Cgroup(limit_bytes)
        stack.callback(cgroup.remove)
        mock = Mock()
        stack.callback(mock.end)
        exporter_path = program("EXPORTER")
        folder = stack.enter_context(tempfile.TemporaryDirectory(
            prefix="memory-", dir=os.path.dirname(exporter_path)))
        if is_cold:
            exporter_path = cold(exporter_path, folder)
        options, context = certificate(folder) if tls else ([], None)
        exporter = Server(
            cgroup.command(exporter_path, "--web.listen-address=127.0.0.1:0",
                           f"--ecs.metadata-uri={mock.url}", "--ecs.min-interval=0", *options),
            environment(METRICS_GROUPS="all"))
        stack.callback(exporter.end)
        end = time.monotonic() + seconds

        def scrape(number):
            scraper = Scraper(exporter.port, number, context)
            with contextlib.closing(scraper):
                for done in itertools.count(1):
                    scraper.scrape()
                    if time.monotonic() > end:
                        return done

        with concurrent.futures.ThreadPoolExecutor(clients) as threads:
            running = [threads.submit(scrape, number) for number in range(clients)]
            for fault in itertools.cycle(FAULTS):
                mock.set_faults(fault)
                done, _ = concurrent.futures.wait(running, seconds / len(FAULTS),
                                                  concurrent.futures.FIRST_EXCEPTION)
                if len(done) == clients or any(one.exception() for one in done):
                    break
            scrapes = sum(one.result() for one in running)
        report = {"limit": limit_bytes, "tls": tls, "cold": is_cold} | cgroup.report() | {
            "scrapes": scrapes, "resident": resident_bytes(exporter.pid),
            "max_body_bytes": exporter.log_entry('"msg":"starting"')["max_body_bytes"]}
        exporter.send(signal.SIGTERM)
        report["exit_code"] = exporter.wait()
        return report


# ---- Clients that mean ill ----

ENDPOINT = ["", "delay=3600s", "", "close", "delay=3600s", "fail=both=500", "delay=3600s"]


def protected(folder):
    """A web configuration with TLS and a password."""
    (option,), _ = certificate(folder)
    with open(f"{folder}/web.yml", "a") as file:
        file.write(f"basic_auth_users:\n  {hostile.NAME}: {hostile.HASH}\n")
    return option


class Unread:
    """A program whose log nobody reads once it listens."""

    def __init__(self, arguments):
        self._process = subprocess.Popen(arguments, env=environment(), stderr=subprocess.PIPE)
        for line in self._process.stderr:
            if b'"msg":"listening"' in line:
                break
        self.port = int(json.loads(line)["address"].rpartition(":")[2])
        self.pid = self._process.pid

    def end(self):
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()


def asked_for_health(port):
    """Seconds until /-/healthy is answered, on a connection of its own. Raises if it is not."""
    begun = time.monotonic()
    with hostile.connected_by_tls(port, "127.0.0.1") as connection:
        connection.settimeout(DEADLINE_S)
        connection.sendall(hostile.request("/-/healthy"))
        received = connection.recv(4096)
    if not received.startswith(b"HTTP/1.1 200 "):
        raise AssertionError(f"/-/healthy was answered with {received[:100]}")
    return time.monotonic() - begun


def under_attack(seconds, unread=False, say=lambda line: None):
    """The seconds that each health check took. Raises AssertionError if one was not answered."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ecs-exporter-hostile-"))
        mock = Mock()
        stack.callback(mock.end)
        exporter = (Unread if unread else Server)(*(
            [[program("EXPORTER"), "--web.listen-address=127.0.0.1:0",
              *(["--log.level=debug"] if unread else []),
              f"--ecs.metadata-uri={mock.url}", protected(folder)]] +
            ([] if unread else [environment()])))
        stack.callback(exporter.end)
        asked_for_health(exporter.port)  # from here on the password is known
        for attack in hostile.ATTACKS:
            process = subprocess.Popen([sys.executable, "-B", hostile.__file__, attack.__name__,
                                        str(exporter.port)])
            stack.callback(process.wait)
            stack.callback(process.kill)
        faults = itertools.cycle(ENDPOINT)
        times = []
        end = time.monotonic() + seconds
        changed = 0
        while time.monotonic() < end:
            if time.monotonic() - changed > 1:
                changed = time.monotonic()
                mock.set_faults(next(faults))
            times.append(asked_for_health(exporter.port))
            if len(times) % 1000 == 0:
                say(f"{len(times)} answered, {resident_bytes(exporter.pid) / 1024:.0f} KiB resident")
            time.sleep(0.01)
        return times


def run_growth(scrapes):
    more = grew(growth(scrapes, print))
    print(f"grew by {more / 1024:.0f} KiB after the warm-up")
    return 1 if more > 256 * 1024 else 0


def run_day(scrapes, seed=None):
    seed = random.randrange(2**32) if seed is None else seed
    print(f"seed {seed}")
    first_hour, at_the_end = day(scrapes, seed, print)
    print(f"{(at_the_end - first_hour) / 1024:.0f} KiB more than after the first {HOUR}")
    return 1 if at_the_end - first_hour > 256 * 1024 else 0


def run_memory(seconds):
    # With TLS nearly all of the program is used, so it needs room of its own where it is charged.
    for tls, is_cold, mebibytes in [(False, False, 6), (True, False, 6), (False, True, 6),
                                    (True, True, 8)]:
        try:
            report = memory(seconds, mebibytes * 2**20, tls, is_cold)
        except NoCgroup as e:
            print(f"skipped: {e}")
            return 77
        print(json.dumps(report), flush=True)
        if report["oom_kill"] or report["exit_code"]:
            return 1
    return 0


def run_hostile(seconds, unread=False):
    times = sorted(under_attack(seconds, bool(unread), print))
    for name, share in (("median", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("99.9 %", 0.999), ("all", 1)):
        at_most = times[min(int(share * len(times)), len(times) - 1)]
        print(f"{name} of {len(times)} health checks within {1000 * at_most:.1f} ms")
    return 1 if times[-1] > 0.1 else 0


if __name__ == "__main__":
    RUN = {"growth": run_growth, "day": run_day, "memory": run_memory, "hostile": run_hostile}
    sys.exit(RUN[sys.argv[1]](*(word == "unread" or int(word) for word in sys.argv[2:])))
