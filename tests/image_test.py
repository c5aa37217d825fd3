#!/usr/bin/env python3
"""Judges build/dist/image.tar: what its index and configurations say, what is in it, and that each
of its root file systems runs as in a container: read-only, as 65532 without capabilities, as PID 1.

Takes ARCHITECTURE=FOLDER... of what was packed, and the mock from the variable MOCK. Needs root.
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import unittest

from e2e_programs import Mock, ProgramsTest, Server, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent
ARCHIVE = ROOT / "build/dist/image.tar"
PROGRAM = "ecs-task-metadata-exporter"
MACHINES = {"amd64": 62, "arm64": 183}  # as ELF numbers them
LARGEST = 8_000_000  # bytes of the program: a change beyond it must not pass unseen
FOLDERS: dict[str, pathlib.Path] = {}  # by architecture


def git(*arguments: str) -> str:
    return subprocess.check_output(["git", "-C", ROOT, *arguments], text=True).strip()


class Image:
    """One architecture of the archive."""

    def __init__(self, manifest: dict, config: dict, layers: list[bytes]):
        self.manifest, self.config, self.layers = manifest, config, layers

    def files(self) -> list[tuple[tarfile.TarInfo, bytes]]:
        found = []
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                for member in archive:
                    content = archive.extractfile(member)
                    found.append((member, content.read() if content else b""))
        return found


class Archive:
    """The archive's blobs, each of which must have the digest and size by which it is named."""

    def __init__(self, path: pathlib.Path):
        with tarfile.open(path) as archive:
            self.files = {member.name: archive.extractfile(member).read()
                          for member in archive if member.isfile()}
        self.used = {"oci-layout", "index.json"}
        (self.entry,) = json.loads(self.files["index.json"])["manifests"]
        self.index = json.loads(self.blob(self.entry))

    def blob(self, descriptor: dict) -> bytes:
        kind, _, digest = descriptor["digest"].partition(":")
        name = f"blobs/{kind}/{digest}"
        self.used.add(name)
        content = self.files[name]
        if hashlib.sha256(content).hexdigest() != digest or len(content) != descriptor["size"]:
            raise AssertionError(f"{name} is not what its name and size say")
        return content

    def image(self, descriptor: dict) -> Image:
        manifest = json.loads(self.blob(descriptor))
        layers = [gzip.decompress(self.blob(layer)) for layer in manifest["layers"]]
        return Image(manifest, json.loads(self.blob(manifest["config"])), layers)

    def images(self) -> dict[str, Image]:
        return {one["platform"]["architecture"]: self.image(one)
                for one in self.index["manifests"]}


class WhatIsInIt(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.archive = Archive(ARCHIVE)
        cls.images = cls.archive.images()

    def test_the_index_has_each_architecture_once_and_the_archive_nothing_else(self) -> None:
        self.assertEqual([one["platform"] for one in self.archive.index["manifests"]],
                         [{"architecture": name, "os": "linux"} for name in FOLDERS])
        self.assertEqual(set(self.archive.files), self.archive.used)

    def test_the_configuration_is_that_of_the_dockerfile(self) -> None:
        created = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct"))
        for architecture, image in self.images.items():
            with self.subTest(architecture):
                self.assertEqual(image.config["architecture"], architecture)
                self.assertEqual(image.config["os"], "linux")
                self.assertEqual(image.config["created"], subprocess.check_output(
                    ["date", "--utc", f"--date=@{created}", "+%FT%TZ"], text=True).strip())
                config = image.config["config"]
                self.assertEqual(config.pop("Labels"), {
                    "org.opencontainers.image.title": PROGRAM,
                    "org.opencontainers.image.description":
                        "Prometheus metrics of an ECS task, from inside the task",
                    "org.opencontainers.image.licenses": "Apache-2.0",
                    "org.opencontainers.image.version": (ROOT / "VERSION").read_text().strip(),
                    "org.opencontainers.image.revision": git("rev-parse", "HEAD"),
                })
                config.pop("Env", None)  # the builder's PATH
                self.assertEqual(config, {"User": "65532:65532", "Entrypoint": [f"/{PROGRAM}"],
                                          "ExposedPorts": {"9659/tcp": {}}})

    def test_there_is_one_layer_with_the_program_and_nothing_else(self) -> None:
        for architecture, image in self.images.items():
            with self.subTest(architecture):
                self.assertEqual(len(image.layers), 1)
                self.assertEqual(image.config["rootfs"]["diff_ids"],
                                 ["sha256:" + hashlib.sha256(image.layers[0]).hexdigest()])
                ((file, content),) = image.files()
                self.assertEqual((file.name, file.type, file.mode & 0o7777, file.uid, file.gid),
                                 (PROGRAM, tarfile.REGTYPE, 0o755, 0, 0))
                self.assertEqual(content, (FOLDERS[architecture] / PROGRAM).read_bytes())
                self.assertEqual(content[:4], b"\x7fELF")
                self.assertEqual(int.from_bytes(content[18:20], "little"), MACHINES[architecture])
                self.assertLess(len(content), LARGEST)


# PID 1 of its namespace, with mounts of its own: binds the root folder to itself, so that it can be
# made read-only, and becomes what runs there.
CONTAINER = """
user=$1 root=$2
shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" "$@"
"""


class HowItRuns(ProgramsTest):
    def container(self, architecture: str) -> list[str]:
        """Unpacks the image, and returns the command line that runs its entry point there."""
        image = Archive(ARCHIVE).images()[architecture]
        root = self.folder()
        os.chmod(root, 0o755)
        for file, content in image.files():
            path = pathlib.Path(root, file.name)
            path.write_bytes(content)
            path.chmod(file.mode & 0o7777)
        config = image.config["config"]
        entry = config["Entrypoint"]
        if os.uname().machine != {"amd64": "x86_64", "arm64": "aarch64"}[architecture]:
            emulator = pathlib.Path("/usr/bin/qemu-aarch64-static")
            pathlib.Path(root, "emulator").write_bytes(emulator.read_bytes())
            pathlib.Path(root, "emulator").chmod(0o755)
            entry = ["/emulator", *entry]
        return ["unshare", "--mount", "--pid", "--fork", "sh", "-e", "-c", CONTAINER, "sh",
                config["User"], root, *entry]

    def first_process(self, unshare: Server) -> int:
        """The process in the container, of which unshare is the parent."""
        children = pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
        (child,) = wait_until("unshare has a child", lambda: children.read_text().split())
        return int(child)

    def assert_confined(self, pid: int) -> None:
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        self.assertEqual(status["Uid"].split(), ["65532"] * 4)
        self.assertEqual(status["Gid"].split(), ["65532"] * 4)
        self.assertEqual(int(status["CapEff"], 16), 0)
        self.assertEqual(status["NSpid"].split()[-1], "1")
        root = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()[0].split()
        self.assertEqual((root[4], root[5].split(",")[0]), ("/", "ro"))

    def test_it_serves_and_is_healthy_until_sigterm(self) -> None:
        mock = self.started(Mock())
        for architecture in FOLDERS:
            with self.subTest(architecture):
                container = self.container(architecture)
                variables = {"ECS_METADATA_URI": mock.url, "METRICS_GROUPS": "core"}
                exporter = self.started(Server(
                    [*container, "--web.listen-address=127.0.0.1:0"],
                    {"PATH": os.environ["PATH"], **variables}))
                inside = self.first_process(exporter)
                # Where a test fails before SIGTERM: the parent's end would not be the child's.
                self.addCleanup(self.kill, inside, exporter)
                self.assert_confined(inside)
                self.assert_complete(exporter.scrape())

                variables["WEB_LISTEN_ADDRESS"] = f"127.0.0.1:{exporter.port}"
                check = lambda: subprocess.run(
                    [*container, "healthcheck"], env={"PATH": os.environ["PATH"], **variables},
                    capture_output=True, text=True, timeout=60)
                healthy = check()
                self.assertEqual(healthy.returncode, 0, healthy.stderr)
                os.kill(inside, signal.SIGTERM)
                self.assertEqual(exporter.wait(), 0)
                self.assertEqual(check().returncode, 1)

    def kill(self, pid: int, exporter: Server) -> None:
        if exporter.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def report() -> None:
    archive = Archive(ARCHIVE)
    print(f"{ARCHIVE.relative_to(ROOT)}: {archive.entry['digest']}")
    for architecture, image in archive.images().items():
        (layer,) = image.manifest["layers"]
        print(f"  {architecture}: {sum(len(content) for _, content in image.files())} bytes,"
              f" {layer['size']} compressed")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    FOLDERS.update((architecture, ROOT / folder) for architecture, _, folder in
                   (argument.partition("=") for argument in sys.argv[1:]))
    if not FOLDERS:
        sys.exit("image_test.py: no ARCHITECTURE=FOLDER is given")
    if os.geteuid() != 0:
        sys.exit("image_test.py: only root may mount and change the root folder")
    report()
    unittest.main(argv=sys.argv[:1])
