#!/usr/bin/env python3
"""Prints the bill of materials of a build, as SPDX 2.3 in JSON: the two programs, and each library
of which a part is linked into them, with the version of the Debian package that it comes from.
Usage: packaging/sbom.py ARCHITECTURE FOLDER VERSION EPOCH     (EPOCH: its date, in seconds)
       packaging/sbom.py --packages     (only the names of the packages, as installed here)
"""

import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import time
import urllib.parse

PROGRAMS = ("ecs-task-metadata-exporter", "ecs-metadata-mock")
GCC = "GPL-3.0-or-later WITH GCC-exception-3.1"
# Library, licence, a file of the Debian package; without a slash: one that the compiler finds.
LIBRARIES = (
    ("OpenSSL", "Apache-2.0", "/usr/include/openssl/ssl.h"),
    ("Boost", "BSL-1.0", "/usr/include/boost/version.hpp"),
    ("yaml-cpp", "MIT", "/usr/include/yaml-cpp/yaml.h"),
    ("libdeflate", "MIT", "/usr/include/libdeflate.h"),
    ("libxcrypt", "LGPL-2.1-or-later", "/usr/include/crypt.h"),
    ("CLI11", "BSD-3-Clause", "/usr/include/CLI/CLI.hpp"),
    ("glibc", "LGPL-2.1-or-later", "/usr/include/stdio.h"),
    ("libstdc++", GCC, "libstdc++.a"),
    ("libgcc", GCC, "libgcc.a"),
)


def output(*command: str) -> str:
    return subprocess.check_output(command, text=True).strip()


def owner(file: str) -> str:
    """The installed package that has a file."""
    return output("dpkg-query", "--search", os.path.realpath(file)).partition(":")[0]


def installed(package: str) -> tuple[str, str]:
    """The version of an installed package, and the source package that it was built from."""
    version, source = output("dpkg-query", "--show",
                             "--showformat=${Version} ${source:Package}\\n",
                             package).splitlines()[0].split()
    return version, source


def packages(architecture: str) -> list[tuple[str, str, str, str, str]]:
    """Library, licence, package, version and source package of all that is linked in."""
    is_native = output("dpkg", "--print-architecture") == architecture
    compiler = "g++" if is_native else "aarch64-linux-gnu-g++"
    versions = {}
    if not is_native:  # scripts/setup has written down what it unpacked
        listed = pathlib.Path(os.environ["TOOLS"], architecture, "packages").read_text()
        for line in listed.splitlines():
            package, version, source = line.split()
            versions[package] = (version, source)
    found = []
    for library, licence, file in LIBRARIES:
        if "/" in file:
            package = owner(file)
            version, source = installed(package) if is_native else versions[package]
        else:
            package = owner(output(compiler, f"-print-file-name={file}"))
            version, source = installed(package)
        found.append((library, licence, package, version, source))
    return found


def program_entry(name: str, path: pathlib.Path, version: str) -> dict:
    return {
        "SPDXID": f"SPDXRef-{name}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "APPLICATION",
        "checksums": [{"algorithm": "SHA256",
                       "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}],
    }


def library_entry(architecture: str, library: str, licence: str, package: str, version: str,
                  source: str) -> dict:
    qualifiers = urllib.parse.urlencode({
        "arch": architecture, "distro": f"debian-{debian_release()}", "upstream": source})
    locator = f"pkg:deb/debian/{package}@{urllib.parse.quote(version, safe='~')}?{qualifiers}"
    return {
        "SPDXID": "SPDXRef-" + library.replace("+", "x"),
        "name": library,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "LIBRARY",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": locator}],
    }


def debian_release() -> str:
    return platform.freedesktop_os_release()["VERSION_ID"]


def document(architecture: str, folder: pathlib.Path, version: str, epoch: int) -> dict:
    programs = [program_entry(name, folder / name, version) for name in PROGRAMS]
    libraries = [library_entry(architecture, *found) for found in packages(architecture)]
    build = programs[0]["checksums"][0]["checksumValue"]
    name = f"ecs-task-metadata-exporter-{version}-{architecture}"
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", program["SPDXID"]) for program in programs]
    relations += [(program["SPDXID"], "STATIC_LINK", library["SPDXID"])
                  for program in programs for library in libraries]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{build}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "creators": ["Tool: ecs-task-metadata-exporter/packaging/sbom.py"],
        },
        "packages": programs + libraries,
        "relationships": [{"spdxElementId": one, "relationshipType": kind,
                           "relatedSpdxElement": other} for one, kind, other in relations],
    }


def main() -> None:
    if sys.argv[1:] == ["--packages"]:
        native = output("dpkg", "--print-architecture")
        print("\n".join(package for _, _, package, _, _ in packages(native)))
        return
    architecture, folder, version, epoch = sys.argv[1:]
    print(json.dumps(document(architecture, pathlib.Path(folder), version, int(epoch)), indent=2))


if __name__ == "__main__":
    main()
