#!/usr/bin/env python3
"""Measures the exporter as it is shipped against the least that such a program can do (the
floor), and against its budgets. Everything runs on one core, so that nothing of what is counted is
the price of waking another one, and what is counted is the measured process alone. docs/bench.md
says how to read it. Usage: bench/bench.py [--only PART,...] [--quick]"""

import argparse
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable

import budgets
from burden import measure_burden, measure_syscalls
from cpu_time import measure_cpu, measure_instructions
from footprint import measure_input, measure_memory, measure_size, measure_start
from processes import Failed, end_on_signals
from report import machine, table
from stage import Stage

PARTS: dict[str, Callable[[Stage], None]] = {
    "cpu": measure_cpu, "instructions": measure_instructions, "memory": measure_memory,
    "input": measure_input, "syscalls": measure_syscalls, "start": measure_start,
    "size": measure_size, "burden": measure_burden}


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
    end_on_signals()
    print(machine())
    # Children inherit it. The last one, as the first has most of the interrupts.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        stage = Stage(pathlib.Path(folder), arguments.quick)
        try:
            for part in parts:
                PARTS[part](stage)
        except (Failed, OSError) as failure:
            print(f"bench.py: {failure}", file=sys.stderr)
            return 1
    table("Budgets.", ["what", "measured", "at most", ""], budgets.verdicts(stage.found))
    print(f"\n{time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
