#!/usr/bin/env python3
"""Measures the exporter as it is shipped against the least that such a program can do (bench-floor),
and against its budgets. Everything runs on one core, so that nothing of what is counted is the price
of waking another one; what is counted is the CPU time of the measured process alone. docs/bench.md
says how to read it. Usage: bench/bench.py [--only PART,...] [--quick]"""

import argparse
import contextlib
import dataclasses
import gzip
import lzma
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import budgets
from processes import (EXPORTER, TOOLS, Asked, Failed, Memory, Process, cpu, exporter_command, load,
                       load_command, memory, requests_of, scrape, while_running)
from replies import write_replies

CORE = ["--metrics.groups=core"]
DEFAULT: list[str] = []
EACH_A_ROUND = ["--ecs.min-interval=0"]  # no scrape gets the round of another
GROUPS = {"core": CORE, "default": DEFAULT}
WAYS = [Asked(), Asked(gzip=True), Asked(openmetrics=True), Asked(openmetrics=True, gzip=True)]
SIZES = (1, 3, 10, 100)  # in containers


class Bench:
    """The folder with the replies, how thorough to be, and what has been measured: `found` is by name
    of what budgets.py compares."""

    def __init__(self, folder: pathlib.Path, quick: bool):
        self.folder = folder
        self.quick = quick
        self.processes = 1 if quick else 3
        self.found: dict[str, float] = {}

    @contextlib.contextmanager
    def endpoint(self, containers: int, changing: bool) -> Iterator[Process]:
        replies = self.folder / f"{containers}-{'changing' if changing else 'same'}"
        if not replies.exists():
            write_replies(replies, containers, changing)
        with Process([TOOLS / "bench-endpoint", replies]) as endpoint:
            yield endpoint

    @contextlib.contextmanager
    def exporter(self, containers: int, changing: bool, options: list[str]) -> Iterator[Process]:
        with self.endpoint(containers, changing) as endpoint:
            with Process(exporter_command(endpoint.port, options)) as exporter:
                yield exporter


def table(title: str, heads: list[str], rows: list[list[object]]) -> None:
    """Prints Markdown that is also a table to the eye: text to the left, numbers to the right."""
    cells = [[shown(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [heads, *cells]) for i in range(len(heads))]
    left = [not rows or isinstance(rows[0][i], str) for i in range(len(heads))]

    def line(row: list[str]) -> str:
        padded = (cell.ljust(width) if to_left else cell.rjust(width)
                  for cell, width, to_left in zip(row, widths, left))
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if to_left else "-" * (width - 1) + ":"
            for width, to_left in zip(widths, left)]
    print(f"\n{title}\n\n" + "\n".join([line(heads), line(rule), *map(line, cells)]), flush=True)


def shown(cell: object) -> str:
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.2f}" if cell < 10 else f"{cell:.1f}" if cell < 100 else f"{cell:.0f}"


# ---- CPU ----

@dataclasses.dataclass(frozen=True)
class Cost:
    """Of one scrape, in microseconds."""
    cpu: float
    system: float
    p50: float
    p99: float


def median_cost(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, field.name) for cost in costs)
                  for field in dataclasses.fields(Cost)))


def cost(bench: Bench, server: Process, reply_bytes: int, asked: Asked) -> Cost:
    """Of a scrape without pause, after some that are not counted."""
    warm_up = 30
    per_scrape_s = load(server.port, warm_up, reply_bytes, asked).seconds / warm_up
    span_s = 0.1 if bench.quick else 0.4
    scrapes = min(max(int(span_s / per_scrape_s), 100), 10_000)
    before = cpu(server.pid)
    latency = load(server.port, scrapes, reply_bytes, asked)
    used = cpu(server.pid) - before
    return Cost(used.total_s / scrapes * 1e6, used.system_s / scrapes * 1e6, latency.p50_us,
                latency.p99_us)


def costs_of_exporter(bench: Bench, containers: int, changing: bool,
                      options: list[str]) -> dict[Asked, tuple[Cost, int]]:
    """For each way to ask the median of several processes, and the size of the reply."""
    costs: dict[Asked, list[Cost]] = {way: [] for way in WAYS}
    sizes = {}
    for _ in range(bench.processes):
        with bench.exporter(containers, changing, options) as exporter:
            for way in WAYS:
                sizes[way] = scrape(exporter.port, way).bytes
                costs[way].append(cost(bench, exporter, sizes[way], way))
    return {way: (median_cost(costs[way]), sizes[way]) for way in WAYS}


def cost_of_floor(bench: Bench, containers: int, reply_bytes: int) -> Cost:
    costs = []
    with bench.endpoint(containers, changing=True) as endpoint:
        for _ in range(bench.processes):
            with Process([TOOLS / "bench-floor", endpoint.port, reply_bytes]) as floor:
                costs.append(cost(bench, floor, reply_bytes, Asked()))
    return median_cost(costs)


def measure_cpu(bench: Bench) -> None:
    rows = []
    for containers in SIZES:
        for group, options in GROUPS.items():
            changing = costs_of_exporter(bench, containers, True, options + EACH_A_ROUND)
            same = costs_of_exporter(bench, containers, False, options + EACH_A_ROUND)
            shared = costs_of_exporter(bench, containers, True, options)
            for way in WAYS:
                (each, size), once = changing[way], same[way][0]
                floor = cost_of_floor(bench, containers, size)
                rows.append([containers, group, str(way), size / 1000, each.cpu,
                             each.cpu - each.system, each.system, each.p50, each.p99, floor.cpu,
                             each.cpu / floor.cpu, once.cpu, once.cpu / floor.cpu,
                             shared[way][0].cpu])
                name = f"{containers} {group} {way}"
                bench.found |= {f"cpu {name}": each.cpu, f"same {name}": once.cpu,
                                f"floor {name}": floor.cpu}
    table("CPU of a scrape in us. Changing replies, --ecs.min-interval=0, but for \"same\" (both "
          "replies are those of the last round) and \"shared\" (the default interval). p50 and p99 "
          "are what the scraper waits, and belong to a quiet machine only.",
          ["containers", "groups", "format", "kB", "CPU", "user", "system", "p50", "p99", "floor",
           "x floor", "same", "x floor", "shared"], rows)


# ---- Instructions ----

def number_in(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if not found:
        raise Failed(f"no {pattern!r} in {text[-500:]!r}")
    return int(found[1].replace(",", ""))


def instructions(bench: Bench, containers: int, changing: bool, options: list[str],
                 asked: Asked) -> float:
    """Of a scrape, outside of the kernel: of two runs the difference, so that the start cancels."""
    def total(scrapes: int) -> int:
        log = bench.folder / "valgrind.log"
        with bench.endpoint(containers, changing) as endpoint:
            tracer = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                      f"--log-file={log}"]
            with Process(tracer + exporter_command(endpoint.port, options)) as exporter:
                size = scrape(exporter.port, asked).bytes
                load(exporter.port, scrapes, size, asked)
        return number_in(r"Collected : ([\d,]+)", log.read_text())

    few, more = 5, 20 if bench.quick or containers == 100 else 55
    return (total(more) - total(few)) / (more - few)


def measure_instructions(bench: Bench) -> None:
    if not shutil.which("valgrind"):
        print("\nNo instructions: valgrind is not installed.")
        return
    rows = []
    for containers in (10,) if bench.quick else SIZES:
        for group, options in GROUPS.items():
            for way in WAYS if containers == 10 else WAYS[:2]:
                row: list[object] = [containers, group, str(way)]
                for changing in (True, False):
                    count = instructions(bench, containers, changing, options + EACH_A_ROUND, way)
                    row.append(count / 1000)
                rows.append(row)
    table("Instructions of a scrape, in thousands, without the kernel's (callgrind).",
          ["containers", "groups", "format", "changing", "same"], rows)


# ---- Memory ----

def kib(memories: list[Memory], field: str) -> float:
    return statistics.median(getattr(memory, field) for memory in memories)


def memory_after(bench: Bench, asked: Asked, options: list[str],
                 counts: list[int]) -> dict[int, list[Memory]]:
    """Of several fresh processes, after so many scrapes; of one only, after 100,000."""
    found: dict[int, list[Memory]] = {count: [] for count in counts}
    for number in range(bench.processes):
        with bench.exporter(10, True, options + EACH_A_ROUND) as exporter:
            done = 0
            for count in counts if number == 0 else [c for c in counts if c <= 10_000]:
                if count > done:
                    load(exporter.port, count - done, scrape(exporter.port, asked).bytes, asked)
                done = count
                found[count].append(memory(exporter.pid))
    return found


def memory_under(bench: Bench, asked: Asked, options: list[str], clients: int) -> Memory:
    """The most while so many clients scrape without pause."""
    with bench.exporter(10, True, options) as exporter:
        size = scrape(exporter.port, asked).bytes
        most = memory(exporter.pid)
        with while_running(load_command(exporter.port, 100 * clients, size, asked,
                                        clients)) as beats:
            for _ in beats:
                now = memory(exporter.pid)
                most = Memory(*map(max, zip(dataclasses.astuple(most), dataclasses.astuple(now))))
        return Memory(*map(max, zip(dataclasses.astuple(most),
                                    dataclasses.astuple(memory(exporter.pid)))))


def measure_memory(bench: Bench) -> None:
    rows = []
    counts = [0, 100, 1000] if bench.quick else [0, 100, 10_000, 100_000]
    for group, asked in [("core", Asked()), ("default", Asked()), ("default", Asked(gzip=True))]:
        # A hundred thousand take a minute, so only as most scrapers ask.
        some = counts if asked.gzip else counts[:3]
        for count, found in memory_after(bench, asked, GROUPS[group], some).items():
            rows.append([group, str(asked), f"{count} scrapes" if count else "idle",
                         kib(found, "rss"), kib(found, "pss"), kib(found, "peak_rss"),
                         kib(found, "threads")])
            bench.found[f"memory {group} {asked} {count}"] = kib(found, "rss")
            bench.found["threads"] = max(bench.found.get("threads", 0), kib(found, "threads"))
        for options, when in ((EACH_A_ROUND, "64 clients"), ([], "64 clients, shared")):
            most = memory_under(bench, asked, GROUPS[group] + options, 64)
            rows.append([group, str(asked), when, most.rss, most.pss, most.peak_rss, most.threads])
            name = f"memory 64 clients {'shared' if not options else 'each'}"
            bench.found[name] = max(bench.found.get(name, 0), most.peak_rss)
    with bench.endpoint(10, True) as endpoint:
        with Process([TOOLS / "bench-floor", endpoint.port, 186_000]) as floor:
            load(floor.port, 100, 186_000, Asked())
            least = memory(floor.pid)
    rows.append(["-", "floor", "100 scrapes", least.rss, least.pss, least.peak_rss, least.threads])
    table("Resident memory in KiB: 10 containers, changing replies.",
          ["groups", "format", "when", "Rss", "Pss", "peak Rss", "threads"], rows)


def measure_input(bench: Bench) -> None:
    """What a process comes to that reads 4 MiB, be it that it refuses them in the end."""
    rows: list[list[object]] = []
    for containers in (100, 600, 1200):
        size = write_replies(bench.folder / f"{containers}-same", containers, changing=False)
        for group, options in GROUPS.items():
            with bench.exporter(containers, False, options + EACH_A_ROUND) as exporter:
                idle = memory(exporter.pid).rss
                for _ in range(3):
                    reply = scrape(exporter.port, up=False)
                peak = memory(exporter.pid).peak_rss
            ratio = (peak - idle) * 1024 / size
            rows.append([containers, group, "printed" if reply.up else "refused", size / 2**20,
                         reply.bytes / 2**20, idle / 1024, peak / 1024, ratio])
            bench.found[f"input {group} {containers}"] = ratio
    table("Large replies: MiB in, out and resident, and the growth from idle to the peak over what "
          "came in.", ["containers", "groups", "", "in", "out", "idle", "peak", "x in"], rows)


# ---- System calls, start, size, burden ----

def measure_syscalls(bench: Bench) -> None:
    if not shutil.which("strace"):
        print("\nNo system calls: strace is not installed.")
        return

    def counts(asked: Asked, options: list[str], changing: bool, scrapes: int) -> dict[str, int]:
        log = bench.folder / "strace.log"
        with bench.endpoint(10, changing) as endpoint:
            command = ["strace", "-f", "-c", "-U", "name,calls", "-o", log]
            with Process(command + exporter_command(endpoint.port, options + EACH_A_ROUND),
                         traced=True) as exporter:
                load(exporter.port, scrapes, scrape(exporter.port, asked).bytes, asked)
        return {name: int(calls)
                for name, calls in re.findall(r"^ *(\w+) +(\d+)$", log.read_text(), re.M)
                if name != "total"}

    few, more = 20, 120
    rows: list[list[object]] = []
    for group, asked, changing in [("core", Asked(), True), ("default", Asked(), True),
                                   ("default", Asked(gzip=True), True),
                                   ("default", Asked(), False)]:
        before = counts(asked, GROUPS[group], changing, few)
        after = counts(asked, GROUPS[group], changing, more)
        each = {name: (calls - before.get(name, 0)) / (more - few)
                for name, calls in after.items()}
        often = sorted((name for name in each if each[name] >= 0.1), key=lambda name: -each[name])
        rows.append([group, str(asked), "changing" if changing else "same", sum(each.values()),
                     ", ".join(f"{name} {each[name]:.2g}" for name in often)])
        if group == "default" and changing:
            bench.found[f"system calls {asked}"] = sum(each.values())
    table("System calls of a scrape: 10 containers, --ecs.min-interval=0.",
          ["groups", "format", "replies", "calls", "which"], rows)


def measure_start(bench: Bench) -> None:
    with bench.endpoint(10, True) as endpoint:
        command = [TOOLS / "bench-start", 5 if bench.quick else 31,
                   *exporter_command(endpoint.port, [])]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              env={}, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr)
    median, least, most = (float(value) for value in re.findall(r":([\d.]+)", done.stdout))
    bench.found["start"] = median
    table("From exec to the first reply, in ms: 10 containers.", ["median", "least", "most"],
          [[median, least, most]])


def measure_size(bench: Bench) -> None:
    binary = EXPORTER.read_bytes()
    packed = gzip.compress(binary, 9)
    bench.found |= {"size": len(binary) / 1e6, "size gzip": len(packed) / 1e6}
    table("The binary, in MB.", ["plain", "gzip -9", "xz"],
          [[len(binary) / 1e6, len(packed) / 1e6, len(lzma.compress(binary)) / 1e6]])


def measure_burden(bench: Bench) -> None:
    """What the endpoint sees."""
    rows: list[list[object]] = []
    for options, when, clients in ((EACH_A_ROUND, "1 client, each scrape a round", 1),
                                   ([], "64 clients without pause", 64)):
        with bench.endpoint(10, True) as endpoint:
            with Process(exporter_command(endpoint.port, options)) as exporter:
                size = scrape(exporter.port).bytes
                scrapes = 200 if clients == 1 else 2_000 if bench.quick else 20_000
                before = requests_of(endpoint.port)
                seconds = load(exporter.port, scrapes, size, Asked(), clients).seconds
                requests = requests_of(endpoint.port) - before
        rows.append([when, scrapes, seconds, requests, requests / scrapes, requests / seconds])
        if clients == 1:
            bench.found["requests a round"] = requests / scrapes
        else:
            # The first round can begin at once.
            bench.found["requests a second"] = max(requests - 2, 0) / seconds
    table("Requests to the endpoint: 10 containers.",
          ["when", "scrapes", "seconds", "requests", "a scrape", "a second"], rows)


PARTS: dict[str, Callable[[Bench], None]] = {
    "cpu": measure_cpu, "instructions": measure_instructions, "memory": measure_memory,
    "input": measure_input, "syscalls": measure_syscalls, "start": measure_start,
    "size": measure_size, "burden": measure_burden}


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = dict(line.split("=", 1) for line in
                   pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    version = subprocess.run([EXPORTER, "version"], capture_output=True, text=True, check=True)
    return (f"{version.stdout.strip()}\n{os.cpu_count()} cores, {model[1] if model else '?'}, "
            f"{release['PRETTY_NAME'].strip(chr(34))}, Linux {platform.release()}, load "
            f"{os.getloadavg()[0]:.1f} when it began")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the exporter against the floor and its "
                                     "budgets, and prints a table.")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,...",
                        help=f"of {', '.join(PARTS)}; default all")
    parser.add_argument("--quick", action="store_true",
                        help="one process instead of three, and shorter; for a first look")
    arguments = parser.parse_args()
    parts = arguments.only.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    print(machine())
    # Children inherit it. The last one, as the first has most of the interrupts.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(pathlib.Path(folder), arguments.quick)
        try:
            for part in parts:
                PARTS[part](bench)
        except (Failed, OSError) as failure:
            print(f"bench.py: {failure}", file=sys.stderr)
            return 1
    table("Budgets.", ["what", "measured", "at most", ""], budgets.verdicts(bench.found))
    print(f"\n{time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
