"""What the kernel and the endpoint are asked for."""

import re
import shutil

from processes import Asked, Process, exporter_command, load, requests_of, scrape
from report import table
from stage import EACH_A_ROUND, GROUPS, Stage


def measure_syscalls(stage: Stage) -> None:
    if not shutil.which("strace"):
        print("\nNo system calls: strace is not installed.")
        return

    def counts(asked: Asked, options: list[str], changing: bool, scrapes: int) -> dict[str, int]:
        log = stage.folder / "strace.log"
        with stage.endpoint(10, changing) as endpoint:
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
            stage.found[f"system calls {asked}"] = sum(each.values())
    table("System calls of a scrape: 10 containers, --ecs.min-interval=0.",
          ["groups", "format", "replies", "calls", "which"], rows)


def measure_burden(stage: Stage) -> None:
    """What the endpoint sees."""
    rows: list[list[object]] = []
    for options, when, clients in ((EACH_A_ROUND, "1 client, each scrape a round", 1),
                                   ([], "64 clients without pause", 64)):
        with stage.endpoint(10, True) as endpoint:
            with Process(exporter_command(endpoint.port, options)) as exporter:
                size = scrape(exporter.port).bytes
                scrapes = 200 if clients == 1 else 2_000 if stage.quick else 20_000
                before = requests_of(endpoint.port)
                seconds = load(exporter.port, scrapes, size, Asked(), clients).seconds
                requests = requests_of(endpoint.port) - before
        rows.append([when, scrapes, seconds, requests, requests / scrapes, requests / seconds])
        if clients == 1:
            stage.found["requests a round"] = requests / scrapes
        else:
            # The first round can begin at once.
            stage.found["requests a second"] = max(requests - 2, 0) / seconds
    table("Requests to the endpoint: 10 containers.",
          ["when", "scrapes", "seconds", "requests", "a scrape", "a second"], rows)
