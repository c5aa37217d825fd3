"""Starts the programs that are measured and those that measure, ends them all, and reads what the
kernel knows of a process."""

import contextlib
import dataclasses
import gzip
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
# As `make bench` builds them.
RELEASE = pathlib.Path(os.environ.get("RELEASE", ROOT / "build/release"))
TOOLS = pathlib.Path(os.environ.get("TOOLS_OF_BENCH", RELEASE))
EXPORTER = RELEASE / "ecs-task-metadata-exporter"
DEADLINE_S = 60
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """What was wanted could not be measured; says why."""


def end_on_signals() -> None:
    """From now on a signal to end unwinds the stack, so that what was started is ended too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


class Process:
    """A program that serves, and says in its log where."""

    def __init__(self, command: Sequence[object], traced: bool = False):
        """`traced`: the first word of `command` is a tracer, and what is meant is its child."""
        self._popen = subprocess.Popen([str(word) for word in command],
                                       env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert self._popen.stderr
        log = []
        for line in self._popen.stderr:
            log.append(line)
            if '"msg":"listening"' in line:
                break
        else:
            self._popen.wait()
            raise Failed(f"{command[0]} ended, and said: {''.join(log)}")
        self.port = int(json.loads(log[-1])["address"].rpartition(":")[2])
        self.pid = self._popen.pid
        if traced:
            children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
            self.pid = int(children.split()[0])

    def tell_to_end(self) -> None:
        if self._popen.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def end(self) -> None:
        """Ends it, and waits until it has."""
        if self._popen.poll() is None:
            self.tell_to_end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(DEADLINE_S)
            if self._popen.poll() is None:
                self._popen.kill()
                self._popen.wait()
        assert self._popen.stderr
        self._popen.stderr.close()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def exporter_command(endpoint_port: int, options: Sequence[str]) -> list[object]:
    return [EXPORTER, "--web.listen-address=127.0.0.1:0",
            f"--ecs.metadata-uri=http://127.0.0.1:{endpoint_port}", *options]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a scraper asks for."""
    openmetrics: bool = False
    gzip: bool = False

    @property
    def accept(self) -> str:
        if self.openmetrics:
            return "application/openmetrics-text;version=1.0.0"
        return "text/plain;version=0.0.4"

    @property
    def accept_encoding(self) -> str:
        return "gzip" if self.gzip else "identity"

    def __str__(self) -> str:
        return f"{'OpenMetrics' if self.openmetrics else 'text'}{', gzip' if self.gzip else ''}"


@dataclasses.dataclass(frozen=True)
class Reply:
    bytes: int  # as it came
    text: str

    @property
    def series(self) -> int:
        return sum(1 for line in self.text.splitlines() if not line.startswith("#"))

    @property
    def up(self) -> bool:
        return re.search(r"^ecs_container_exporter_up\S* 1$", self.text, re.M) is not None


def scrape(port: int, asked: Asked = Asked(), up: bool = True) -> Reply:
    """One scrape, which must succeed and, with `up`, say that all is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics", headers={"Accept": asked.accept,
                                                       "Accept-Encoding": asked.accept_encoding})
        response = connection.getresponse()
        body = response.read()
    text = (gzip.decompress(body) if asked.gzip else body).decode()
    reply = Reply(len(body), text)
    if response.status != 200 or (up and not reply.up):
        raise Failed(f"a scrape was answered with {response.status} and {text[:200]!r}")
    return reply


@dataclasses.dataclass(frozen=True)
class Latency:
    seconds: float  # all in all
    p50_us: float
    p99_us: float


def load_command(port: int, scrapes: int, reply_bytes: int, asked: Asked,
                 clients: int) -> list[str]:
    return [str(word) for word in (TOOLS / "bench-load", port, clients, scrapes, reply_bytes,
                                   asked.accept, asked.accept_encoding)]


def load(port: int, scrapes: int, reply_bytes: int, asked: Asked, clients: int = 1) -> Latency:
    """So many scrapes without pause; each reply is checked."""
    command = load_command(port, scrapes, reply_bytes, asked, clients)
    return latency_of(subprocess.run(command, capture_output=True, text=True))


def latency_of(done: subprocess.CompletedProcess) -> Latency:
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    said = json.loads(done.stdout)
    return Latency(said["seconds"], said["p50_us"], said["p99_us"])


@dataclasses.dataclass(frozen=True)
class Cpu:
    """CPU time so far, of all threads that live."""
    total_s: float   # as the scheduler counts it, in nanoseconds
    system_s: float  # as the clock's ticks sample it: a share of the total and no more

    def __sub__(self, earlier: "Cpu") -> "Cpu":
        return Cpu(self.total_s - earlier.total_s, self.system_s - earlier.system_s)


def cpu(pid: int) -> Cpu:
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    total_ns = sum(int(thread.read_text().split()[0]) for thread in threads)
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return Cpu(total_ns / 1e9, int(fields[12]) * TICK_S)


@dataclasses.dataclass(frozen=True)
class Memory:
    """Resident memory in KiB; `pss` counts pages that processes share by halves, thirds, ..."""
    rss: int
    pss: int
    peak_rss: int
    threads: int


def memory(pid: int) -> Memory:
    text = "".join(pathlib.Path(f"/proc/{pid}/{name}").read_text()
                   for name in ("smaps_rollup", "status"))
    field = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+)", text, re.M)}
    return Memory(field["Rss"], field["Pss"], field["VmHWM"], field["Threads"])


def requests_of(endpoint_port: int) -> int:
    """How many requests bench/endpoint has answered."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint_port, timeout=DEADLINE_S)
    with contextlib.closing(connection):
        connection.request("GET", "/requests")
        return int(connection.getresponse().read())


@contextlib.contextmanager
def while_running(command: Sequence[str]) -> Iterator[Iterator[None]]:
    """Runs a program, and gives something to iterate over as long as it runs, twenty times a
    second. Errors: Failed, if it ends with another exit code than 0."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as running:
        def beats() -> Iterator[None]:
            while running.poll() is None:
                yield
                time.sleep(0.05)
        try:
            yield beats()
        finally:
            running.kill()
        assert running.stderr
        if running.wait() != 0:
            raise Failed(running.stderr.read().strip())
