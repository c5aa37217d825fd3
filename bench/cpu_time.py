"""What a scrape costs: CPU time beside the floor's, and instructions."""

import dataclasses
import re
import shutil
import statistics

from processes import TOOLS, Asked, Failed, Process, cpu, exporter_command, load, scrape
from report import table
from stage import EACH_A_ROUND, GROUPS, SIZES, WAYS, Stage


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


def cost(stage: Stage, server: Process, reply_bytes: int, asked: Asked) -> Cost:
    """Of a scrape without pause, after some that are not counted."""
    warm_up = 20
    per_scrape_s = load(server.port, warm_up, reply_bytes, asked).seconds / warm_up
    span_s = 0.1 if stage.quick else 0.4
    scrapes = min(max(int(span_s / per_scrape_s), 50), 10_000)
    before = cpu(server.pid)
    latency = load(server.port, scrapes, reply_bytes, asked)
    used = cpu(server.pid) - before
    return Cost(used.total_s / scrapes * 1e6, used.system_s / scrapes * 1e6, latency.p50_us,
                latency.p99_us)


class Costs:
    """The costs found so far of one kind of task, by what was measured and how it was asked. All of
    them are measured in turn, process after process, so that what else the machine does meanwhile
    falls on all alike."""

    def __init__(self, stage: Stage, containers: int, options: list[str]):
        self._found: dict[tuple[str, Asked], list[Cost]] = {}
        self.bytes: dict[Asked, int] = {}
        for _ in range(stage.processes):
            self._measure(stage, "changing", containers, True, options + EACH_A_ROUND)
            self._measure(stage, "same", containers, False, options + EACH_A_ROUND)
            self._measure(stage, "shared", containers, True, options)
            with stage.endpoint(containers, changing=True) as endpoint:
                for way in WAYS:
                    size = self.bytes[way]
                    with Process([TOOLS / "bench-floor", endpoint.port, size]) as floor:
                        self._add("floor", way, cost(stage, floor, size, Asked()))

    def _measure(self, stage: Stage, what: str, containers: int, changing: bool,
                 options: list[str]) -> None:
        with stage.exporter(containers, changing, options) as exporter:
            for way in WAYS:
                size = scrape(exporter.port, way).bytes
                self.bytes.setdefault(way, size)
                self._add(what, way, cost(stage, exporter, size, way))

    def _add(self, what: str, way: Asked, found: Cost) -> None:
        self._found.setdefault((what, way), []).append(found)

    def median(self, what: str, way: Asked) -> Cost:
        return median_cost(self._found[what, way])


def measure_cpu(stage: Stage) -> None:
    rows = []
    for containers in SIZES:
        for group, options in GROUPS.items():
            costs = Costs(stage, containers, options)
            for way in WAYS:
                each = costs.median("changing", way)
                same = costs.median("same", way).cpu
                floor = costs.median("floor", way).cpu
                rows.append([containers, group, str(way), costs.bytes[way] / 1000, each.cpu,
                             each.cpu - each.system, each.system, each.p50, each.p99, floor,
                             each.cpu / floor, same, same / floor,
                             costs.median("shared", way).cpu])
                name = f"{containers} {group} {way}"
                stage.found |= {f"cpu {name}": each.cpu, f"same {name}": same,
                                f"floor {name}": floor}
    table("CPU of a scrape in us. Changing replies, --ecs.min-interval=0, but for \"same\" (both "
          "replies are those of the last round) and \"shared\" (the default interval). p50 and p99 "
          "are what the scraper waits, and belong to a quiet machine only.",
          ["containers", "groups", "format", "kB", "CPU", "user", "system", "p50", "p99", "floor",
           "x floor", "same", "x floor", "shared"], rows)


def number_in(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if not found:
        raise Failed(f"no {pattern!r} in {text[-500:]!r}")
    return int(found[1].replace(",", ""))


def instructions(stage: Stage, containers: int, changing: bool, options: list[str],
                 asked: Asked) -> float:
    """Of a scrape, outside of the kernel: of two runs the difference, so that the start cancels."""
    def total(scrapes: int) -> int:
        log = stage.folder / "valgrind.log"
        with stage.endpoint(containers, changing) as endpoint:
            tracer = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                      f"--log-file={log}"]
            with Process(tracer + exporter_command(endpoint.port, options)) as exporter:
                size = scrape(exporter.port, asked).bytes
                load(exporter.port, scrapes, size, asked)
        return number_in(r"Collected : ([\d,]+)", log.read_text())

    few, more = 5, 20 if stage.quick or containers == 100 else 55
    return (total(more) - total(few)) / (more - few)


def measure_instructions(stage: Stage) -> None:
    if not shutil.which("valgrind"):
        print("\nNo instructions: valgrind is not installed.")
        return
    rows: list[list[object]] = []
    for containers in (10,) if stage.quick else SIZES:
        for group, options in GROUPS.items():
            for way in WAYS if containers == 10 else WAYS[:2]:
                changing, same = (
                    instructions(stage, containers, changes, options + EACH_A_ROUND, way) / 1000
                    if changes or containers == 10 else None for changes in (True, False))
                rows.append([containers, group, str(way), changing, same])
    table("Instructions of a scrape, in thousands, without the kernel's (callgrind).",
          ["containers", "groups", "format", "changing", "same"], rows)
