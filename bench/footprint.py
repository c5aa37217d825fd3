"""How much room it takes, and how soon it is there."""

import dataclasses
import gzip
import lzma
import re
import statistics
import subprocess

from processes import (EXPORTER, TOOLS, Asked, Failed, Memory, Process, exporter_command, load,
                       load_command, memory, scrape, while_running)
from replies import write_replies
from report import table
from stage import EACH_A_ROUND, GROUPS, Stage


def kib(memories: list[Memory], field: str) -> float:
    return statistics.median(getattr(memory, field) for memory in memories)


def memory_after(stage: Stage, asked: Asked, options: list[str],
                 counts: list[int]) -> dict[int, list[Memory]]:
    """Of several fresh processes, after so many scrapes; of one only, after over a thousand."""
    found: dict[int, list[Memory]] = {count: [] for count in counts}
    for number in range(stage.processes):
        with stage.exporter(10, True, options + EACH_A_ROUND) as exporter:
            done = 0
            for count in counts if number == 0 else [c for c in counts if c <= 1000]:
                if count > done:
                    load(exporter.port, count - done, scrape(exporter.port, asked).bytes, asked)
                done = count
                found[count].append(memory(exporter.pid))
    return found


def memory_under(stage: Stage, asked: Asked, options: list[str], clients: int) -> Memory:
    """The most while so many clients scrape without pause."""
    with stage.exporter(10, True, options) as exporter:
        size = scrape(exporter.port, asked).bytes
        most = memory(exporter.pid)
        with while_running(load_command(exporter.port, 100 * clients, size, asked,
                                        clients)) as beats:
            for _ in beats:
                now = memory(exporter.pid)
                most = Memory(*map(max, zip(dataclasses.astuple(most), dataclasses.astuple(now))))
        return Memory(*map(max, zip(dataclasses.astuple(most),
                                    dataclasses.astuple(memory(exporter.pid)))))


def measure_memory(stage: Stage) -> None:
    rows = []
    counts = [0, 100, 1000] if stage.quick else [0, 100, 10_000, 100_000]
    for group, asked in [("core", Asked()), ("default", Asked()), ("default", Asked(gzip=True))]:
        # A hundred thousand take a minute, so only as most scrapers ask.
        some = counts if asked.gzip else counts[:3]
        for count, found in memory_after(stage, asked, GROUPS[group], some).items():
            rows.append([group, str(asked), f"{count} scrapes" if count else "idle",
                         kib(found, "rss"), kib(found, "pss"), kib(found, "peak_rss"),
                         kib(found, "threads")])
            stage.found[f"memory {group} {asked} {count}"] = kib(found, "rss")
            stage.found["threads"] = max(stage.found.get("threads", 0), kib(found, "threads"))
        for options, when in ((EACH_A_ROUND, "64 clients"), ([], "64 clients, shared")):
            most = memory_under(stage, asked, GROUPS[group] + options, 64)
            rows.append([group, str(asked), when, most.rss, most.pss, most.peak_rss, most.threads])
            name = f"memory 64 clients {'shared' if not options else 'each'}"
            stage.found[name] = max(stage.found.get(name, 0), most.peak_rss)
    with stage.endpoint(10, True) as endpoint:
        with Process([TOOLS / "bench-floor", endpoint.port, 186_000]) as floor:
            load(floor.port, 100, 186_000, Asked())
            least = memory(floor.pid)
    rows.append(["-", "floor", "100 scrapes", least.rss, least.pss, least.peak_rss, least.threads])
    table("Resident memory in KiB: 10 containers, changing replies.",
          ["groups", "format", "when", "Rss", "Pss", "peak Rss", "threads"], rows)


def measure_input(stage: Stage) -> None:
    """What a process comes to that reads 4 MiB, be it that it refuses them in the end."""
    rows: list[list[object]] = []
    for containers in (100, 600, 1200):
        size = write_replies(stage.folder / f"{containers}-same", containers, changing=False)
        for group, options in GROUPS.items():
            with stage.exporter(containers, False, options + EACH_A_ROUND) as exporter:
                idle = memory(exporter.pid).rss
                for _ in range(3):
                    reply = scrape(exporter.port, up=False)
                peak = memory(exporter.pid).peak_rss
            ratio = (peak - idle) * 1024 / size
            rows.append([containers, group, "printed" if reply.up else "refused", size / 2**20,
                         reply.bytes / 2**20, idle / 1024, peak / 1024, ratio])
            stage.found[f"input {group} {containers}"] = ratio
    table("Large replies: MiB in, out and resident, and the growth from idle to the peak over what "
          "came in.", ["containers", "groups", "", "in", "out", "idle", "peak", "x in"], rows)


def measure_start(stage: Stage) -> None:
    with stage.endpoint(10, True) as endpoint:
        command = [TOOLS / "bench-start", 5 if stage.quick else 31,
                   *exporter_command(endpoint.port, [])]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              env={}, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr)
    median, least, most = (float(value) for value in re.findall(r":([\d.]+)", done.stdout))
    stage.found["start"] = median
    table("From exec to the first reply, in ms: 10 containers.", ["median", "least", "most"],
          [[median, least, most]])


def measure_size(stage: Stage) -> None:
    binary = EXPORTER.read_bytes()
    packed = gzip.compress(binary, 9)
    stage.found |= {"size": len(binary) / 1e6, "size gzip": len(packed) / 1e6}
    table("The binary, in MB.", ["plain", "gzip -9", "xz"],
          [[len(binary) / 1e6, len(packed) / 1e6, len(lzma.compress(binary)) / 1e6]])
