"""What every measurement stands on: an endpoint with its replies, and an exporter that asks it."""

import contextlib
import pathlib
from collections.abc import Iterator

from processes import TOOLS, Asked, Process, exporter_command
from replies import write_replies

CORE = ["--metrics.groups=core"]
DEFAULT: list[str] = []
EACH_A_ROUND = ["--ecs.min-interval=0"]  # no scrape gets the round of another
GROUPS = {"core": CORE, "default": DEFAULT}
WAYS = [Asked(), Asked(gzip=True), Asked(openmetrics=True), Asked(openmetrics=True, gzip=True)]
SIZES = (1, 3, 10, 100)  # in containers


class Stage:
    """The folder with the replies, how thorough to be, and what has been measured: `found` has what
    budgets.py compares, by its name there."""

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
