"""What the kernel lets the exporter do: its filter of system calls, and where there is none. That the
rest of the program works in it, the other parts prove; what it refuses, tests/sandbox_test.cc."""

import base64
import errno
import json
import os
import platform
import re
import subprocess
import sys
import unittest

from e2e_programs import Exporter, Mock, ProgramsTest, Server, environment, program
from e2e_tls import QUICK

HERE = os.path.dirname(os.path.abspath(__file__))
FILTER = 2  # as /proc says it
UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]

# A kernel without filters, or without one of their flags, as far as the program that is started can
# see: seccomp() fails where it is given one of these flags.
REFUSING = r"""
import ctypes, os, struct, sys
number, error, flags = map(int, sys.argv[1:4])
rows = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 24), (0x45, 0, 1, flags),
        (6, 0, 0, 0x50000 | error), (6, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
for arguments in ((38, 1, 0, 0, 0), (22, 2, program, 0, 0)):
    if libc.prctl(*arguments):
        sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[4], sys.argv[4:])
"""
SECCOMP = {"x86_64": 317, "aarch64": 277}  # the call's number
ANY_FLAG, SPEC_ALLOW = 0xFFFFFFFF, 4


def status(pid):
    """The modes of each thread: of its filters, and whether it can gain privileges."""
    found = set()
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as file:
            text = file.read()
        found.add(tuple(int(re.search(rf"^{name}:\s*(\d+)$", text, re.MULTILINE)[1])
                        for name in ("Seccomp", "NoNewPrivs")))
    return found


class SandboxOfTheExporter(ProgramsTest):
    def setUp(self):
        self.mock = self.started(Mock("--frozen"))
        # What this test itself runs in, the exporter inherits.
        ((self.outer_filter, self.outer_privileges),) = status("self")

    def assert_serves(self, exporter):
        self.assert_complete(exporter.scrape())

    def test_once_it_serves_the_kernel_filters_its_calls_and_it_gains_no_privilege(self):
        exporter = self.started(Exporter(self.mock.url))
        self.assert_serves(exporter)
        self.assertEqual(status(exporter.pid), {(FILTER, 1)})
        self.assertEqual([line["msg"] for line in exporter.log], ["starting", "listening"])

    def test_threads_that_begin_later_are_filtered_too(self):
        users = json.dumps({"alice": QUICK})
        exporter = self.started(Exporter(self.mock.url, WEB_BASIC_AUTH_USERS=users))
        wrong = base64.b64encode(b"alice:wrong").decode()
        self.assertEqual(exporter.ask(headers={"Authorization": f"Basic {wrong}"}).status, 401)
        self.assertEqual(len(os.listdir(f"/proc/{exporter.pid}/task")), 2)
        self.assertEqual(status(exporter.pid), {(FILTER, 1)})

    def test_it_can_be_switched_off(self):
        for options, variables in ((["--no-sandbox"], {}), ([], {"NO_SANDBOX": "true"})):
            with self.subTest(options=options):
                exporter = self.started(Exporter(self.mock.url, *options, **variables))
                self.assert_serves(exporter)
                self.assertEqual(status(exporter.pid),
                                 {(self.outer_filter, self.outer_privileges)})

    def on_a_kernel_that_refuses(self, error, flags):
        number = SECCOMP[platform.machine()]
        return self.started(Server(
            [sys.executable, "-c", REFUSING, str(number), str(error), str(flags),
             program("EXPORTER"), "--web.listen-address=127.0.0.1:0",
             f"--ecs.metadata-uri={self.mock.url}"], environment()))

    def test_where_the_kernel_refuses_the_log_says_so_and_it_serves(self):
        for code in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
            with self.subTest(errno.errorcode[code]):
                exporter = self.on_a_kernel_that_refuses(code, ANY_FLAG)
                line = exporter.log_entry("without a sandbox")
                self.assertEqual(line["level"], "warn")
                self.assertIn(os.strerror(code), line["error"])
                self.assert_serves(exporter)

    def test_where_the_kernel_does_not_know_a_flag_it_is_left_out(self):
        exporter = self.on_a_kernel_that_refuses(errno.EINVAL, SPEC_ALLOW)
        self.assert_serves(exporter)
        self.assertEqual([line["msg"] for line in exporter.log], ["starting", "listening"])
        with open(f"/proc/{exporter.pid}/status") as file:
            # With the one that refuses the flag, and what this test runs in.
            self.assertRegex(file.read(), r"Seccomp_filters:\s*([2-9]|\d\d)")

    def test_names_are_looked_up_in_it_by_udp_and_by_tcp(self):
        try:
            subprocess.run([*UNSHARE, "true"], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as e:
            raise unittest.SkipTest("a network of its own is not permitted here: "
                                    f"{(getattr(e, 'stderr', '') or str(e)).strip()}")
        inner = subprocess.run([*UNSHARE, sys.executable, "-B", os.path.join(HERE, "lone_network.py")],
                               capture_output=True, text=True)
        self.assertEqual((inner.returncode, inner.stderr), (0, ""))
