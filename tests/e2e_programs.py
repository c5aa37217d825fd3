"""Runs the programs as they are shipped, and talks to them as a scraper and an operator do."""

import contextlib
import functools
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

DEADLINE_S = 30  # for anything that is awaited: long, as only a failure waits so long

TASK_LABELS = {"Cluster", "TaskARN", "TaskDefinitionFamily", "TaskDefinitionRevision",
               "AvailabilityZone"}
USAGE, MAX_USAGE, LIMIT, CPU, UP = (
    "ecs_container_mem_usage_bytes", "ecs_container_mem_max_usage_bytes",
    "ecs_container_mem_limit_bytes", "ecs_container_cpu_usage", "ecs_container_exporter_up")
FAMILIES = {USAGE, MAX_USAGE, LIMIT, CPU, UP}


@functools.cache
def program(variable):
    """The absolute path of the binary that an environment variable names."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"{variable} does not say which binary to test")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{variable}: {path} is no program")
    return os.path.abspath(path)


def installed(name):
    """The path of a program that the tests need beside those of the project."""
    path = shutil.which(name)
    if not path:
        raise RuntimeError(f"{name} is not on the PATH: run `make setup`, then `make e2e`")
    return path


def environment(**variables):
    """An environment without anything that the exporter reads, but for `variables`; and of the metrics
    the core alone, where they do not say otherwise: what the exporter says of itself differs from
    scrape to scrape."""
    return {"PATH": os.environ["PATH"], "METRICS_GROUPS": "core", **variables}


def wait_until(what, condition):
    """Polls until `condition()` is true, and returns what it returned."""
    end = time.monotonic() + DEADLINE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {DEADLINE_S} s in vain until {what}")
        time.sleep(0.02)


def free_port():
    """A port that was free a moment ago: whoever uses it must be ready to try again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class AddressInUse(AssertionError):
    """A program could not listen, as another process has the port."""


class Running:
    """A program that runs, and the lines that it wrote to stderr so far."""

    def __init__(self, arguments, env=None, pass_stdout=subprocess.DEVNULL):
        self.arguments = arguments
        self.lines = []
        self._news = threading.Condition()
        self._closed = False
        self.process = subprocess.Popen(arguments, env=env or environment(),
                                        stdin=subprocess.DEVNULL, stdout=pass_stdout,
                                        stderr=subprocess.PIPE, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._closed = True
            self._news.notify_all()

    def wait_for_line(self, text, start=0):
        """The number of the first line from `start` that contains `text`."""
        found = lambda: next((n for n, line in enumerate(self.lines)
                              if n >= start and text in line), None)
        with self._news:
            self._news.wait_for(lambda: found() is not None or self._closed, DEADLINE_S)
            if found() is None:
                log = "\n".join(self.lines)
                kind = AddressInUse if "ddress already in use" in log else AssertionError
                raise kind(f"{self.arguments} did not write {text!r}, but:\n{log}")
            return found()

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Waits until it has ended by itself and all it wrote is here; returns its exit code."""
        code = self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return code

    def end(self):
        """Ends it if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(DEADLINE_S)
        self.process.stderr.close()


class Server(Running):
    """The exporter or the mock, which say in their log where they listen."""

    def __init__(self, arguments, env=None):
        super().__init__(arguments, env)
        try:
            line = self.wait_for_line('"msg":"listening"')
        except BaseException:
            self.end()
            raise
        self.address = json.loads(self.lines[line])["address"]
        self.port = int(self.address.rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return [json.loads(line) for line in list(self.lines)]

    def log_entry(self, text):
        """What the first line with `text` says; waits for it."""
        return json.loads(self.lines[self.wait_for_line(text)])

    def ask(self, path="/metrics", method="GET", headers={}):
        return ask(self.port, path, method, headers)

    def scrape(self, headers={}):
        """The samples of one scrape, which must succeed."""
        reply = self.ask(headers=headers)
        if reply.status != 200:
            raise AssertionError(f"/metrics answered {reply.status}: {reply.body}")
        return Samples(reply.body)


class Mock(Server):
    def __init__(self, *options, port=0):
        super().__init__([program("MOCK"), "--listen", f"127.0.0.1:{port}", *options])

    def set_faults(self, query):
        reply = self.ask("/mock/faults" + (f"?{query}" if query else ""), "POST")
        if reply.status != 200:
            raise AssertionError(f"the mock does not know {query!r}: {reply.body}")

    def requests(self):
        """How many requests for the task and its stats came so far."""
        counts = json.loads(self.ask("/mock/requests").body)
        return counts["task"] + counts["stats"]


class Exporter(Server):
    """Listens on a port of 127.0.0.1 that it picks itself."""

    def __init__(self, metadata_uri, *options, **variables):
        super().__init__([program("EXPORTER"), "--web.listen-address=127.0.0.1:0",
                          f"--ecs.metadata-uri={metadata_uri}", *options],
                         environment(**variables))


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()


def ask(port, path="/metrics", method="GET", headers={}, host="127.0.0.1"):
    with contextlib.closing(http.client.HTTPConnection(host, port, DEADLINE_S)) as connection:
        connection.request(method, path, headers=headers)
        return Reply(connection.getresponse())


class Samples:
    """The samples of an exposition without escapes in its labels, as the mock's task has none."""

    _LINE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
    _LABEL = re.compile(r'([A-Za-z_]+)="([^"\\]*)"(?:,|$)')

    def __init__(self, text):
        self.values = {}  # (family, labels as a frozenset of pairs): value
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = self._LINE.fullmatch(line).groups()
            key = name, frozenset(self._LABEL.findall(labels or ""))
            if key in self.values:
                raise AssertionError(f"printed twice: {line}")
            self.values[key] = float(value)

    @property
    def families(self):
        return {family for family, _ in self.values}

    @property
    def up(self):
        """The value of ecs_container_exporter_up and its labels, which always stands there once."""
        (found,) = ((value, dict(labels)) for (family, labels), value in self.values.items()
                    if family == UP)
        return found


def command(*arguments, **variables):
    """Runs the exporter to its end."""
    return subprocess.run([program("EXPORTER"), *arguments], env=environment(**variables),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=DEADLINE_S)


def on_a_free_port(start):
    """What `start(port)` returned, with another port where it raised AddressInUse."""
    for _ in range(20):
        with contextlib.suppress(AddressInUse):
            return start(free_port())
    raise AddressInUse("each of 20 free ports was taken by another process")


class ProgramsTest(unittest.TestCase):
    """Ends what a test has started, also when it fails."""

    maxDiff = None

    def started(self, running):
        self.addCleanup(running.end)
        return running

    def folder(self):
        folder = tempfile.mkdtemp(prefix="ecs-exporter-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def dead_port(self):
        """A port that refuses connections as long as the test lasts: bound, but no one listens."""
        bound = socket.socket()
        self.addCleanup(bound.close)
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]

    def assert_complete(self, samples):
        """All is well, and each family of the specification is there with its labels."""
        self.assertEqual(samples.up[0], 1)
        self.assertEqual(samples.families, FAMILIES)
        for family, labels in samples.values:
            wanted = TASK_LABELS if family == UP else TASK_LABELS | {"ContainerName"}
            self.assertEqual({name for name, _ in labels}, wanted, family)
