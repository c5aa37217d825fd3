"""Which metrics and labels there are, and which of them a PromQL expression names."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET_LABELS = {"job", "instance"}

_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
_METRIC = re.compile(r"\b(?:ecs_|process_|scrape_)[a-z0-9_:]+|\bup\b")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? \S+")
_LABEL = re.compile(rf'({_NAME})="(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(rf"({_METRIC.pattern})\s*\{{([^}}]*)\}}")
_CLAUSE = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_MATCHER = re.compile(rf"({_NAME})\s*(?:=~|!~|!=|=)")


def printed() -> dict[str, set[str]]:
    """Each metric that the exporter prints, and its labels: from the golden files, and for what it
    says of itself, which those leave out, from the catalogue."""
    found: dict[str, set[str]] = {"up": {*TARGET_LABELS, "ecs_cluster"}}
    for golden in sorted(ROOT.glob("tests/testdata/*/metrics.txt")):
        for line in golden.read_text().splitlines():
            if match := not line.startswith("#") and _SAMPLE.fullmatch(line):
                labels = found.setdefault(match[1], set(TARGET_LABELS))
                labels.update(_LABEL.findall(match[2] or ""))
    task = found["ecs_container_exporter_up"]
    catalogue = (ROOT / "docs/metrics.md").read_text()
    self_group = catalogue.partition("\n## self\n")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| `({_NAME})` \|[^|]*\|[^|]*\|([^|]*)\|", self_group, re.MULTILINE)
    for name, labels in rows:
        listed = {label.strip() for label in labels.split(",")} - {""}
        found[name] = TARGET_LABELS | (task if "T" in listed else set()) | (listed - {"T"})
    return found


def metrics_in(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return set(_METRIC.findall(_CLAUSE.sub("", _without_strings(expression))))


def matchers_in(expression: str) -> list[tuple[str, set[str]]]:
    """Each selector with braces: its metric, and the labels that it matches."""
    return [(metric, set(_MATCHER.findall(inside)))
            for metric, inside in _SELECTOR.findall(_without_strings(expression))]


def clauses_in(expression: str) -> list[tuple[str, set[str]]]:
    """Each by, without, on, ignoring, group_left and group_right: the word, and its labels."""
    return [(word, {label.strip() for label in labels.split(",")} - {""})
            for word, labels in _CLAUSE.findall(_without_strings(expression))]


def grouped_by(expression: str) -> set[str]:
    """The labels of all clauses."""
    return set().union(*(labels for _, labels in clauses_in(expression)))


def _without_strings(expression: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
