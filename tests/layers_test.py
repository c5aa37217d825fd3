#!/usr/bin/env python3
"""Reads the table of layers in ARCHITECTURE.md and the #includes of src/ and mock/, and prints each
include that breaks the plan."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Libraries that only some rooms of src/ know.
WALLS = {
    "boost/beast": {"fetch", "http_server"},
    "boost/json": {"json"},
    "CLI/": {"options"},
    "crypt.h": {"password"},
    "libdeflate": {"gzip_writer"},
    "linux/seccomp.h": {"sandbox"},
    "openssl/": {"basic_auth", "tls_context", "tls_session"},
    "yaml-cpp/": {"web_config"},
}


def layers():
    """Room to layer, from the table's rows: `| 2 | `fetch` | ...`."""
    rows = re.findall(r"^\| *(\d+) *\|([^|]*)\|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    return {room: int(layer) for layer, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}


def sources(folder):
    """The C++ files of a folder. Errors: OSError, for a folder that is not there."""
    return sorted(p for p in (ROOT / folder).iterdir() if p.suffix in (".h", ".cc"))


def includes(path):
    """Where each #include of a file is ("src/fetch.cc:4"), its name, and whether it is quoted."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if match := re.match(r'\s*#\s*include\s*(["<])([^">]+)', line):
            yield f"{path.relative_to(ROOT)}:{number}", match[2], match[1] == '"'


def missing_rooms(layer_of, rooms):
    for room in sorted(rooms - layer_of.keys()):
        yield f"src/{room} is in no layer of ARCHITECTURE.md"
    for room in sorted(layer_of.keys() - rooms):
        yield f"ARCHITECTURE.md has a room {room}, src/ has none"


def broken_in_src(layer_of):
    for path in sources("src"):
        room = path.stem
        for place, name, quoted in includes(path):
            for library, knowers in WALLS.items():
                if name.startswith(library) and room not in knowers:
                    yield f"{place}: only {' and '.join(sorted(knowers))} may include <{name}>"
            other = name.removesuffix(".h")
            if not quoted or other == room or room not in layer_of or name.endswith(".inc"):
                continue  # .inc: made from a file of src/ that is no C++
            if other not in layer_of:
                yield f"{place}: \"{name}\" is no room of src/"
            elif layer_of[other] >= layer_of[room]:
                yield (f"{place}: {room} (layer {layer_of[room]}) may not include {other} "
                       f"(layer {layer_of[other]}), includes point down only")


def broken_in_mock(layer_of):
    own = {path.name for path in sources("mock")}
    for path in sources("mock"):
        for place, name, quoted in includes(path):
            other = name.removesuffix(".h")
            if not quoted or name in own or other == "http_server":
                continue
            if layer_of.get(other, sys.maxsize) >= layer_of["http_server"]:
                yield f"{place}: the mock may include http_server and lower layers, not {other}"


def main():
    layer_of = layers()
    rooms = {path.stem for path in sources("src")}
    complaints = [*missing_rooms(layer_of, rooms), *broken_in_src(layer_of), *broken_in_mock(layer_of)]
    print("\n".join(complaints) or f"{len(rooms)} rooms, every include points down")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
