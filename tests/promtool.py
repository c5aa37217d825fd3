"""Runs promtool, which scripts/setup unpacks."""

import pathlib
import subprocess

from e2e_programs import installed


def promtool(folder: pathlib.Path, *arguments: str) -> str:
    """What it printed to stdout, run in `folder`. Errors: AssertionError with its complaint."""
    run = subprocess.run([installed("promtool"), *arguments], cwd=folder, capture_output=True,
                         text=True)
    if run.returncode != 0:
        raise AssertionError(f"promtool {' '.join(arguments)}:\n{run.stdout}{run.stderr}")
    return run.stdout
