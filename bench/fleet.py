#!/usr/bin/env python3
"""A fleet on one machine: so many exporters, a process each, on endpoints of the mock, and one
Prometheus that finds them by file_sd and scrapes each every 15 s. Prints what was up and what was
missed, and what all of it cost. Usage: bench/fleet.py [N] [--seconds S]"""

import argparse
import contextlib
import dataclasses
import itertools
import json
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from processes import (DEADLINE_S, RELEASE, Failed, Process, cpu, end_on_signals,
                       exporter_command, memory)
from report import machine, table

MOCK = RELEASE / "ecs-metadata-mock"
EXPORTERS_PER_MOCK = 100  # a mock takes 256 connections, and an exporter opens two at once
INTERVAL_S = 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """Scrapes what `targets.json` in its folder names."""

    def __init__(self, program: str, folder: pathlib.Path):
        self._folder = folder
        (folder / "prometheus.yml").write_text(json.dumps({  # which is YAML too
            "global": {"scrape_interval": f"{INTERVAL_S}s"},
            "scrape_configs": [{"job_name": "fleet", "file_sd_configs": [
                {"files": [str(folder / "targets.json")]}]}]}))
        self._port = free_port()
        with open(folder / "prometheus.log", "w") as log:
            self._popen = subprocess.Popen(
                [program, f"--config.file={folder}/prometheus.yml",
                 f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{self._port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self._popen.pid

    def end(self) -> None:
        self._popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(DEADLINE_S)
        self._popen.kill()
        self._popen.wait()

    def query(self, expression: str) -> list[dict]:
        """The result of an instant query, a series each; none as long as it is not up."""
        url = (f"http://127.0.0.1:{self._port}/api/v1/query?"
               + urllib.parse.urlencode({"query": expression}))
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as reply:
                return json.load(reply)["data"]["result"]
        except (urllib.error.URLError, ConnectionError) as error:
            refused = not isinstance(error, urllib.error.HTTPError) or error.code == 503
            if self._popen.poll() is None and refused:
                return []
            log = (self._folder / "prometheus.log").read_text()
            raise Failed(f"Prometheus did not answer: {error}\n{log[-2000:]}") from error

    def value(self, expression: str) -> float:
        """Of an instant query with one sample; 0 where there is none yet."""
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else 0

    def wait_until_all_are_up(self, count: int) -> None:
        end = time.monotonic() + DEADLINE_S + INTERVAL_S
        while (up := self.value("count(up)")) < count:
            if time.monotonic() > end:
                raise Failed(f"of {count} targets Prometheus has scraped {up:.0f}")
            time.sleep(0.5)


def start_fleet(stack: contextlib.ExitStack, count: int) -> tuple[list[Process], list[Process]]:
    """The mocks and the exporters. All are told to end before the first is waited for."""
    mocks: list[Process] = []
    exporters: list[Process] = []

    def end_all() -> None:
        for process in [*exporters, *mocks]:
            process.tell_to_end()
        for process in [*exporters, *mocks]:
            process.end()

    stack.callback(end_all)
    for number in range(count):
        if number % EXPORTERS_PER_MOCK == 0:
            mocks.append(Process([MOCK, "--listen=127.0.0.1:0"]))
        exporters.append(Process(exporter_command(mocks[-1].port, [])))
    return mocks, exporters


@dataclasses.dataclass(frozen=True)
class Scrapes:
    """Of all targets together."""
    done: int
    failed: int  # of those done
    missed: int  # that should have been: an interval is as long as two, or three, ...


def scrapes_of(series: list[dict]) -> Scrapes:
    """From the samples of `up` over a while."""
    done = failed = missed = 0
    for one in series:
        times = [float(time_s) for time_s, _ in one["values"]]
        done += len(times)
        failed += sum(float(up) == 0 for _, up in one["values"])
        missed += sum(round((later - earlier) / INTERVAL_S) - 1
                      for earlier, later in itertools.pairwise(times))
    return Scrapes(done, failed, missed)


def report(prometheus: Prometheus, mocks: list[Process], exporters: list[Process],
           seconds: int) -> None:
    parts = {"exporters": [process.pid for process in exporters],
             "mocks": [process.pid for process in mocks], "Prometheus": [prometheus.pid]}
    before = {name: [cpu(pid).total_s for pid in pids] for name, pids in parts.items()}
    began = time.monotonic()
    time.sleep(seconds)
    span_s = time.monotonic() - began
    after = {name: [cpu(pid).total_s for pid in pids] for name, pids in parts.items()}
    scrapes = scrapes_of(prometheus.query(f"up[{seconds}s]"))
    slowest_s = prometheus.value(f"max(max_over_time(scrape_duration_seconds[{seconds}s]))")
    series = prometheus.value("avg(scrape_samples_scraped)")
    table("Scrapes.", ["targets", "up", f"scrapes in {seconds} s", "failed", "missed",
                       "slowest, ms", "series of one", "samples a second", "series in Prometheus"],
          [[len(exporters), int(prometheus.value("sum(up)")), scrapes.done, scrapes.failed,
            scrapes.missed, slowest_s * 1000, series, series * len(exporters) / INTERVAL_S,
            int(prometheus.value('count({__name__!=""})'))]])
    rows: list[list[object]] = []
    for name, pids in parts.items():
        used = [(end - begin) / span_s * 1000
                for begin, end in zip(before[name], after[name])]
        memories = [memory(pid) for pid in pids]
        rows.append([name, len(pids), sum(used), statistics.median(used),
                     sum(m.pss for m in memories) / 1024,
                     statistics.median(m.pss for m in memories) / 1024,
                     statistics.median(m.rss for m in memories) / 1024,
                     max(m.rss for m in memories) / 1024])
    table("What it costs: CPU in thousandths of a core, memory in MiB. Pss counts what processes "
          "share once; Rss is what each would have alone.",
          ["", "processes", "CPU", "CPU of one", "Pss", "Pss of one", "Rss of one", "most Rss"],
          rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Scrapes a fleet of exporters with Prometheus.")
    parser.add_argument("count", nargs="?", type=int, default=1000, metavar="N",
                        help="how many exporters (default 1000)")
    parser.add_argument("--seconds", type=int, default=120, help="how long to look (default 120)")
    arguments = parser.parse_args()
    program = shutil.which("prometheus")
    if not program:
        print("fleet.py: prometheus is not on the PATH: make fleet brings it", file=sys.stderr)
        return 1
    end_on_signals()
    # A pipe and some sockets each.
    wanted = arguments.count * 4 + 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    try:
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-")))
            began = time.monotonic()
            mocks, exporters = start_fleet(stack, arguments.count)
            print(f"{machine()}\n{len(exporters)} exporters and {len(mocks)} mocks were started in "
                  f"{time.monotonic() - began:.1f} s", flush=True)
            (folder / "targets.json").write_text(json.dumps(
                [{"targets": [f"127.0.0.1:{exporter.port}" for exporter in exporters]}]))
            prometheus = Prometheus(program, folder)
            stack.callback(prometheus.end)
            prometheus.wait_until_all_are_up(len(exporters))
            report(prometheus, mocks, exporters, arguments.seconds)
    except (Failed, OSError) as failure:
        print(f"fleet.py: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
