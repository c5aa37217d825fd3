"""What the reader gets: on which machine, and tables."""

import os
import pathlib
import platform
import re
import subprocess

from processes import EXPORTER


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = dict(line.split("=", 1) for line in
                   pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    version = subprocess.run([EXPORTER, "version"], capture_output=True, text=True, check=True)
    return (f"{version.stdout.strip()}\n{os.cpu_count()} cores, {model[1] if model else '?'}, "
            f"{release['PRETTY_NAME'].strip(chr(34))}, Linux {platform.release()}, load "
            f"{os.getloadavg()[0]:.1f} when it began")


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
