#!/usr/bin/env python3
"""Judges what packaging/packages has left in build/dist: the packages, the tarballs, the bills of
materials and the checksums. Takes ARCHITECTURE=FOLDER... of what was packed.
"""

import gzip
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIST = ROOT / "build/dist"
NAME = "ecs-task-metadata-exporter"
PROGRAMS = (NAME, "ecs-metadata-mock")
VERSION = (ROOT / "VERSION").read_text().strip()
FOLDERS: dict[str, pathlib.Path] = {}  # by architecture
MOST_EXPOSED = "20"  # of 100, as systemd rates a service; one without any protection has 96


def output(*command: str | pathlib.Path, **options) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def deb(architecture: str) -> pathlib.Path:
    return DIST / f"{NAME}_{VERSION}-1_{architecture}.deb"


def sbom(architecture: str) -> pathlib.Path:
    return DIST / f"{NAME}_{VERSION}_{architecture}.spdx.json"


def words(text: str) -> list[str]:
    return text.split()


class Packages(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.native = output("dpkg", "--print-architecture").strip()
        cls.folder = tempfile.TemporaryDirectory(prefix="ecs-exporter-packages-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.unpacked = {}
        for architecture in FOLDERS:
            cls.unpacked[architecture] = pathlib.Path(cls.folder.name, architecture)
            output("dpkg-deb", "--raw-extract", deb(architecture), cls.unpacked[architecture])

    def test_lintian_has_nothing_against_the_packages(self) -> None:
        found = subprocess.run(
            ["lintian", "--allow-root", "--fail-on", "error,warning", *map(deb, FOLDERS)],
            text=True, stdout=subprocess.PIPE)
        self.assertEqual((found.returncode, found.stdout), (0, ""))

    def test_the_programs_are_those_that_were_built(self) -> None:
        for architecture, unpacked in self.unpacked.items():
            with self.subTest(architecture):
                self.assertEqual(output("dpkg-deb", "--field", deb(architecture), "Architecture",
                                        "Version", "Depends"),
                                 f"Architecture: {architecture}\nVersion: {VERSION}-1\n")
                for program in PROGRAMS:
                    packed = unpacked / "usr/bin" / program
                    built = FOLDERS[architecture] / program
                    self.assertEqual(packed.read_bytes(), built.read_bytes())
                    self.assertEqual(packed.stat().st_mode & 0o7777, 0o755)

    def test_every_file_belongs_to_root_and_can_be_read_by_all(self) -> None:
        for architecture in FOLDERS:
            with self.subTest(architecture):
                listed = output("dpkg-deb", "--contents", deb(architecture)).splitlines()
                self.assertGreater(len(listed), 20)
                for line in listed:
                    self.assertRegex(line, r"^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) root/root ")

    def test_what_is_configured_is_not_overwritten(self) -> None:
        for architecture, unpacked in self.unpacked.items():
            with self.subTest(architecture):
                listed = (unpacked / "DEBIAN/conffiles").read_text().split()
                self.assertEqual(["/" + str(path.relative_to(unpacked))
                                  for path in (unpacked / "etc").rglob("*") if path.is_file()], listed)

    def test_the_manual_says_what_help_says(self) -> None:
        unpacked = self.unpacked[self.native]
        for program in PROGRAMS:
            with self.subTest(program):
                page = gzip.decompress(
                    (unpacked / f"usr/share/man/man1/{program}.1.gz").read_bytes())
                file = pathlib.Path(self.folder.name, f"{program}.1")
                file.write_bytes(page)
                shown = subprocess.run(
                    ["man", "--warnings", "--local-file", file], text=True, capture_output=True,
                    env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "1000"})
                self.assertEqual((shown.returncode, shown.stderr), (0, ""))
                manual = " ".join(words(re.sub(".\b", "", shown.stdout)))
                text = output(unpacked / "usr/bin" / program, "--help", env={})
                said = re.sub(r"(?m)^Usage: |^\S.*:$", "", text)  # titles have another form
                for line in said.splitlines():
                    for part in re.split(r"  +", line.strip()):
                        self.assertIn(" ".join(words(part)), manual)
                for architecture in self.unpacked:
                    other = self.unpacked[architecture] / f"usr/share/man/man1/{program}.1.gz"
                    self.assertEqual(gzip.decompress(other.read_bytes()), page)

    def test_the_unit_is_valid_and_confined(self) -> None:
        unpacked = self.unpacked[self.native]
        text = (unpacked / f"lib/systemd/system/{NAME}.service").read_text()
        unit = pathlib.Path(self.folder.name, f"{NAME}.service")
        unit.write_text(text.replace("ExecStart=/", f"ExecStart={unpacked}/"))
        self.assertNotEqual(unit.read_text(), text)
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((verified.returncode, verified.stdout), (0, ""))
        rated = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                                f"--threshold={MOST_EXPOSED}", unit],
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(rated.returncode, 0, rated.stdout)

    def test_the_variables_of_the_configuration_are_those_of_the_program(self) -> None:
        unpacked = self.unpacked[self.native]
        text = output(unpacked / "usr/bin" / NAME, "--help", env={})
        known = set(re.findall(r"\(([A-Z0-9_]+)\)$", text, re.MULTILINE))
        named = re.findall(r"(?m)^#?([A-Z_]+)=", (unpacked / f"etc/default/{NAME}").read_text())
        self.assertGreater(len(named), 0)
        self.assertLessEqual(set(named), known)

    def test_the_tarball_has_the_same_programs_and_what_must_accompany_them(self) -> None:
        for architecture in FOLDERS:
            with self.subTest(architecture):
                top = f"{NAME}-{VERSION}-linux-{architecture}"
                with tarfile.open(DIST / f"{top}.tar.gz") as archive:
                    files = {member.name: archive.extractfile(member).read()
                             for member in archive if member.isfile()}
                for program in PROGRAMS:
                    self.assertEqual(files[f"{top}/{program}"],
                                     (FOLDERS[architecture] / program).read_bytes())
                self.assertEqual(files[f"{top}/{sbom(architecture).name}"],
                                 sbom(architecture).read_bytes())
                self.assertEqual(files[f"{top}/LICENSE"], (ROOT / "LICENSE").read_bytes())
                self.assertTrue(any(name.startswith(f"{top}/libraries/libssl") for name in files))

    def test_the_bill_of_materials_has_what_spdx_requires(self) -> None:
        for architecture in FOLDERS:
            with self.subTest(architecture):
                document = json.loads(sbom(architecture).read_text())
                self.assertEqual(document["spdxVersion"], "SPDX-2.3")
                self.assertEqual(document["dataLicense"], "CC0-1.0")
                self.assertEqual(document["SPDXID"], "SPDXRef-DOCUMENT")
                self.assertRegex(document["documentNamespace"], r"^https://[^#\s]+$")
                self.assertRegex(document["creationInfo"]["created"],
                                 r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
                for creator in document["creationInfo"]["creators"]:
                    self.assertRegex(creator, r"^(Tool|Person|Organization): \S")
                entries = {entry["SPDXID"]: entry for entry in document["packages"]}
                self.assertEqual(len(entries), len(document["packages"]))
                for identifier, entry in entries.items():
                    self.assertRegex(identifier, r"^SPDXRef-[A-Za-z0-9.-]+$")
                    self.assertTrue(entry["name"] and entry["versionInfo"])
                    self.assertIs(entry["filesAnalyzed"], False)
                    for key in ("downloadLocation", "licenseConcluded", "licenseDeclared",
                                "copyrightText"):
                        self.assertTrue(entry[key])
                for relation in document["relationships"]:
                    for key in ("spdxElementId", "relatedSpdxElement"):
                        self.assertIn(relation[key], {*entries, "SPDXRef-DOCUMENT"})

                programs = {relation["relatedSpdxElement"] for relation in document["relationships"]
                            if relation["relationshipType"] == "DESCRIBES"}
                self.assertEqual({entries[one]["name"] for one in programs}, set(PROGRAMS))
                for one in programs:
                    file = FOLDERS[architecture] / entries[one]["name"]
                    self.assertEqual(entries[one]["checksums"], [
                        {"algorithm": "SHA256",
                         "checksumValue": hashlib.sha256(file.read_bytes()).hexdigest()}])
                    linked = {relation["relatedSpdxElement"]
                              for relation in document["relationships"]
                              if (relation["spdxElementId"], relation["relationshipType"])
                              == (one, "STATIC_LINK")}
                    self.assertEqual(linked, set(entries) - programs)

    def test_the_bill_of_materials_names_the_versions_that_are_linked(self) -> None:
        for architecture in FOLDERS:
            with self.subTest(architecture):
                document = json.loads(sbom(architecture).read_text())
                versions = {entry["name"]: entry["versionInfo"] for entry in document["packages"]}
                self.assertEqual(set(versions), {
                    *PROGRAMS, "OpenSSL", "Boost", "yaml-cpp", "libdeflate", "libxcrypt", "CLI11",
                    "glibc", "libstdc++", "libgcc"})
                # The one that has written its version into the program itself.
                compiler = re.search(rb"GCC: \(Debian [^)]+\) ([0-9.]+)",
                                     (FOLDERS[architecture] / NAME).read_bytes())
                for library in ("libstdc++", "libgcc"):
                    self.assertEqual(versions[library].partition("-")[0], compiler[1].decode())

    def test_the_checksums_are_those_of_all_files(self) -> None:
        output("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS", cwd=DIST)
        listed = {line.split()[1] for line in (DIST / "SHA256SUMS").read_text().splitlines()}
        self.assertEqual(listed | {"SHA256SUMS"}, {path.name for path in DIST.iterdir()})
        self.assertEqual(len(listed - {"image.tar"}), 3 * len(FOLDERS))

    def test_the_same_programs_make_the_same_bytes_again(self) -> None:
        before = output("sha256sum", *sorted(DIST.glob(f"{NAME}*")))
        output(ROOT / "packaging/packages", *sys.argv[1:])
        self.assertEqual(output("sha256sum", *sorted(DIST.glob(f"{NAME}*"))), before)


if __name__ == "__main__":
    FOLDERS.update((architecture, ROOT / folder) for architecture, _, folder in
                   (argument.partition("=") for argument in sys.argv[1:]))
    if not FOLDERS:
        sys.exit("packages_test.py: no ARCHITECTURE=FOLDER is given")
    unittest.main(argv=[sys.argv[0]])
