#!/usr/bin/env python3
"""Prints the man page of a program, made of what it prints for --help.
Usage: packaging/man.py PROGRAM VERSION EPOCH     (EPOCH: the page's date, in seconds)
"""

import pathlib
import re
import subprocess
import sys
import time

SEE_ALSO = {"ecs-task-metadata-exporter": "ecs-metadata-mock",
            "ecs-metadata-mock": "ecs-task-metadata-exporter"}


def escaped(text: str) -> str:
    """Plain text to roff: hyphens stay what a shell takes, and no line becomes a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    return "\\&" + text if text.startswith((".", "'")) else text


def paragraph(lines: list[str]) -> str:
    return escaped(" ".join(line.strip() for line in lines if line.strip()))


def item(lines: list[str]) -> str:
    """An option, a command or a variable, two spaces from the margin, and what is said of it: behind
    two spaces more, and on the lines that follow."""
    term, *words = re.split(r"  +", lines[0].strip(), maxsplit=1)
    about = []
    if words and re.fullmatch(r"\([A-Z0-9_]+\)", words[0]):
        term += " " + words.pop()
    return f".TP\n.B {escaped(term)}\n{paragraph(words + lines[1:])}\n"


def man_page(name: str, text: str, version: str, epoch: int) -> str:
    before, found, after = text.partition("Usage: ")
    if not found:
        raise ValueError(f"--help of {name} has no usage")
    usage, _, rest = after.partition("\n")
    about = " ".join(before.split())
    summary = re.match(r"(.+?)[.:](?: |$)", about).group(1)
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    page = (f'.TH "{name.upper()}" 1 "{date}" "{name} {version}" "User Commands"\n.nh\n.ad l\n'
            f".SH NAME\n{escaped(name)} \\- {escaped(summary)}\n"
            f".SH SYNOPSIS\n{escaped(usage)}\n.SH DESCRIPTION\n{escaped(about)}\n")
    items: list[list[str]] = []

    def flush() -> str:
        done = "".join(map(item, items))
        items.clear()
        return done

    for line in rest.splitlines():
        if not line.strip():
            continue
        if not line.startswith(" "):
            title, colon, _ = line.partition(":")
            if not colon:
                raise ValueError(f"--help of {name}: {line!r} is in no section")
            heading, _, note = title.partition(" (")
            page += flush() + f'.SH "{escaped(heading.upper())}"\n'
            if note:
                page += escaped(note.rstrip(")").capitalize()) + ".\n"
        elif re.match(r"  \S", line):
            items.append([line])
        elif items:
            items[-1].append(line)
        else:
            raise ValueError(f"--help of {name}: {line!r} belongs to nothing")
    return page + flush() + f'.SH "SEE ALSO"\n.BR {escaped(SEE_ALSO[name])} (1)\n'


def main() -> None:
    program, version, epoch = sys.argv[1:]
    text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True,
                          env={}).stdout
    print(man_page(pathlib.Path(program).name, text, version, int(epoch)), end="")


if __name__ == "__main__":
    main()
