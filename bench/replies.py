"""Replies of the metadata endpoint for a task of any number of containers, made of the ten of a
test case. In `FRAMES` versions, a second apart: the counters grow from one to the next."""

import datetime
import hashlib
import json
import pathlib

SAMPLE = pathlib.Path(__file__).resolve().parent.parent / "tests/testdata/ten-containers"
FRAMES = 16
# What grows in a second, by key.
GROWTH = {"total_usage": 41_234_567, "usage_in_usermode": 31_000_000,
          "usage_in_kernelmode": 10_234_567, "system_cpu_usage": 4_000_000_000, "usage": 4096,
          "anon": 4096, "active_anon": 4096, "pgfault": 17, "rx_bytes": 12_345, "rx_packets": 23,
          "tx_bytes": 6_789, "tx_packets": 19, "value": 4096}


def write_replies(folder: pathlib.Path, containers: int, changing: bool) -> int:
    """Writes task-0.json, stats-0.json and, if `changing`, further versions of the stats for
    bench/endpoint, in the agent's compact JSON. Of the task there is one, as while all is well an
    agent says the same of it again and again. Returns the bytes of the first two."""
    task = json.loads((SAMPLE / "task.json").read_text())
    stats = json.loads((SAMPLE / "stats.json").read_text())
    some = [_container(task["Containers"], stats, number) for number in range(containers)]
    task["Containers"] = [container for container, _ in some]
    stats = {container["DockerId"]: sample for container, sample in some}
    folder.mkdir(parents=True, exist_ok=True)
    size = _write(folder / "task-0.json", task)
    for frame in range(FRAMES if changing else 1):
        bytes_of_stats = _write(folder / f"stats-{frame}.json", _later(stats, frame))
        size += bytes_of_stats if frame == 0 else 0
    return size


def _container(of_task: list, of_stats: dict, number: int) -> tuple[dict, dict]:
    """One of the sample's, and from the eleventh on a copy with a name and an id of its own."""
    container = of_task[number % len(of_task)]
    text = json.dumps([container, of_stats[container["DockerId"]]])
    if number >= len(of_task):
        name = container["Name"]
        text = text.replace(container["DockerId"], hashlib.sha256(b"%d" % number).hexdigest())
        text = text.replace(f'"{name}"', f'"{name}-{number}"')
    container, sample = json.loads(text)
    return container, sample


def _later(value: object, seconds: int) -> object:
    if isinstance(value, list):
        return [_later(element, seconds) for element in value]
    if not isinstance(value, dict):
        return value
    return {key: _later_member(key, member, seconds) for key, member in value.items()}


def _later_member(key: str, value: object, seconds: int) -> object:
    if key in ("read", "preread"):
        text, fraction = str(value).split(".")
        time = datetime.datetime.fromisoformat(text) + datetime.timedelta(seconds=seconds)
        return f"{time.isoformat()}.{fraction}"
    if key in GROWTH and isinstance(value, int):
        return value + GROWTH[key] * seconds
    return _later(value, seconds)


def _write(path: pathlib.Path, document: object) -> int:
    return path.write_text(json.dumps(document, separators=(",", ":")))
