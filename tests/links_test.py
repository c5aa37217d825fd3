#!/usr/bin/env python3
"""Fails for a link in a Markdown file that leads nowhere: to a file or a heading of this repository that is not
there, or to a reference without a definition. Fails too for a document that no other file links to."""

import os
import pathlib
import re
import tempfile
import unittest
from urllib.parse import unquote, urlsplit

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_OURS = {".git", "build", "node_modules"}

INLINE = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^\s)>]+)>?[^)]*\)")
DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:\s+<?(\S+?)>?(?:\s.*)?$", re.MULTILINE)
REFERENCE = re.compile(r"\]\[([^\]]+)\]")


def markdown_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield from (pathlib.Path(folder) / name for name in sorted(names) if name.endswith(".md"))


def without_fences(text):
    """The text with its fenced blocks of code as empty lines."""
    lines, fence = [], ""
    for line in text.splitlines():
        mark = re.match(r"\s*(`{3,}|~{3,})", line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
            lines.append("")
        elif mark:
            fence = mark[1]
            lines.append("")
        else:
            lines.append(line)
    return "\n".join(lines)


def prose(text):
    """The text without code."""
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", without_fences(text))


def anchors(text):
    """What GitHub makes of the headings."""
    found, seen = set(), {}
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", without_fences(text), re.MULTILINE):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found


def links(text):
    """The targets of all links of a text, and the references that it does not define."""
    text = prose(text)
    definitions = dict((name.lower(), target) for name, target in DEFINITION.findall(text))
    references = {name.lower() for name in REFERENCE.findall(text)}
    return INLINE.findall(text) + list(definitions.values()), sorted(references - definitions.keys())


def problem(root, file, target):
    """What is wrong with a link; "" for nothing, or where that cannot be known here."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return ""
    path = unquote(parts.path)
    place = (root / path.lstrip("/") if path.startswith("/") else file.parent / path).resolve() if path else file
    if not place.is_relative_to(root):
        return "leads out of the repository"
    if not place.exists():
        return "is not there"
    if parts.fragment and place.suffix == ".md" and parts.fragment not in anchors(place.read_text()):
        return f"has no heading for #{parts.fragment}"
    return ""


def complaints(root):
    linked = set()
    files = list(markdown_files(root))
    for file in files:
        targets, undefined = links(file.read_text())
        name = file.relative_to(root)
        for reference in undefined:
            yield f"{name}: [{reference}] is not defined"
        for target in targets:
            if wrong := problem(root, file, target):
                yield f"{name}: {target} {wrong}"
            linked.add((file.parent / unquote(urlsplit(target).path)).resolve())
    for file in files:
        if file.is_relative_to(root / "docs") and file not in linked and file != root / "docs/README.md":
            yield f"{file.relative_to(root)}: nothing links to it"


class LinksTest(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        self.assertGreater(len(list(markdown_files(ROOT))), 10)
        self.assertEqual(list(complaints(ROOT)), [])

    def test_one_that_does_not_is_found(self):
        text = ("# One `two` [three](b.md), four!\n# Same\n# Same\n[a](a.md#one-two-three-four) [b](#same-1) [c](/docs)\n"
                "`[no](x)` [d](x.md) [e](#same-2) [f](../x) [g][h] [i][j] <!-- -->\n```\n[no](y)\n# no\n```\n"
                "![k](<docs/z.png>) [l](https://example.org/x#y) [m](#no)\n\n[j]: docs/q.md#r \"title\"\n")
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "docs").mkdir()
            (root / "a.md").write_text(text)
            (root / "b.md").write_text("")
            (root / "docs/q.md").write_text("# Q\n")
            (root / "docs/alone.md").write_text("")
            self.assertEqual(list(complaints(root)), [
                "a.md: [h] is not defined",
                "a.md: x.md is not there",
                "a.md: #same-2 has no heading for #same-2",
                "a.md: ../x leads out of the repository",
                "a.md: docs/z.png is not there",
                "a.md: #no has no heading for #no",
                "a.md: docs/q.md#r has no heading for #r",
                "docs/alone.md: nothing links to it"])


if __name__ == "__main__":
    unittest.main()
