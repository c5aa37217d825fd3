#!/usr/bin/env python3
"""Reads the #includes of src/ and mock/ and says which of them break the plan of ARCHITECTURE.md."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Lowest first. A room may include rooms of lower layers only.
LAYERS = [
    ["environment", "error", "password", "quote", "timestamp", "units", "version"],
    ["family", "json", "log", "model", "tls_context", "tls_session"],
    ["basic_auth", "endpoint", "exposition", "fetch", "http_server", "metrics", "options", "parse",
     "web_config"],
    ["scrape", "web_access"],
    ["healthcheck", "serve"],
    ["main"],
]
LAYER_OF = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}

# What only these rooms know.
WALLS = {
    "boost/beast": {"fetch", "http_server"},
    "boost/json": {"json"},
    "boost/url": {"endpoint"},
    "CLI/": {"options"},
    "crypt.h": {"password"},
    "openssl/": {"basic_auth", "tls_context", "tls_session"},
    "yaml-cpp/": {"web_config"},
}

# The mock is a program of its own: it may know the server and everything under it.
MOCK_MAY_INCLUDE = {"http_server"} | {r for r, layer in LAYER_OF.items() if layer < LAYER_OF["http_server"]}


def includes(path):
    """The (line number, name) of every #include of a file, quoted and angled alike."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if match := re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line):
            yield number, match[1]


def sources(folder):
    return sorted(p for p in (ROOT / folder).iterdir() if p.suffix in (".h", ".cc"))


def complaint_about_src(room, name, own_rooms):
    """What is wrong with a room's include of `name`; None if nothing is."""
    for prefix, knowers in WALLS.items():
        if name.startswith(prefix) and room not in knowers:
            return f"only {' and '.join(sorted(knowers))} may include <{prefix}...>"
    if "mock" in pathlib.PurePath(name).parts:
        return "src/ knows nothing of the mock"
    other = pathlib.PurePath(name).stem
    if other not in own_rooms or other == room:
        return None
    if LAYER_OF[other] >= LAYER_OF[room]:
        return (f"{room} (layer {LAYER_OF[room]}) may not include {other} (layer {LAYER_OF[other]}): "
                "arrows point only down")
    return None


def complaint_about_mock(name, own_rooms):
    """What is wrong with an include of the mock; None if nothing is."""
    other = pathlib.PurePath(name).stem
    if other in own_rooms and other not in MOCK_MAY_INCLUDE:
        return f"the mock may include http_server and what lies under it, not {other}"
    return None


def main():
    complaints = []
    rooms = {p.stem for p in sources("src")}
    mock_files = {p.name for p in sources("mock")}
    for room in sorted(rooms - LAYER_OF.keys()):
        complaints.append(f"src/{room}: in no layer; give it one in ARCHITECTURE.md and here")
    for room in sorted(LAYER_OF.keys() - rooms):
        complaints.append(f"src/{room}: in layer {LAYER_OF[room]}, but there is no such file")
    known = rooms & LAYER_OF.keys()

    for path in sources("src"):
        if path.stem not in known:
            continue
        for number, name in includes(path):
            if text := complaint_about_src(path.stem, name, known):
                complaints.append(f"src/{path.name}:{number}: {text}")
    for path in sources("mock"):
        for number, name in includes(path):
            if name in mock_files:
                continue
            if text := complaint_about_mock(name, known):
                complaints.append(f"mock/{path.name}:{number}: {text}")

    print("\n".join(complaints) or f"{len(rooms)} rooms, every arrow points down")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
