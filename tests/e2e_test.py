"""Proves what the release programs do, with a mock endpoint, Prometheus and promtool around them.

Usage: e2e_test.py [PART[.CLASS[.TEST]]...]
Takes the programs from the variables EXPORTER and MOCK. Each e2e_*.py beside this is one part, as
`tls`; without an argument all of them run. --list prints the names of their files.
"""

import signal
import sys
import time
import unittest

PARTS = ["e2e_bounds", "e2e_catalogue", "e2e_command_line", "e2e_endpoints", "e2e_faults",
         "e2e_hostile", "e2e_http", "e2e_image", "e2e_keys", "e2e_limits", "e2e_monitoring", "e2e_process",
         "e2e_prometheus", "e2e_recorded", "e2e_run", "e2e_sandbox", "e2e_tls",
         "e2e_wrong_types"]

MOST_LINES = 30  # of the summary: it fits a screen


class Result(unittest.TextTestResult):
    """Says how long each test took, if that was long, and sums up in the end what failed and why."""

    SLOW_S = 10

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.reasons = []  # of each failure: the test and the last line of its traceback

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        if (took := time.monotonic() - self.began) > self.SLOW_S:
            self.stream.writeln(f"{test.id()}: {took:.0f} s")

    def keep_reason(self, test, error):
        said = str(error[1]).strip().splitlines()
        name = " ".join(test.id().split())  # of a subtest it may have lines
        self.reasons.append(f"{name}: {error[0].__name__}: {said[0] if said else ''}"[:160])

    def addError(self, test, err):
        super().addError(test, err)
        self.keep_reason(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.keep_reason(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.keep_reason(subtest, err)

    def printErrors(self):
        super().printErrors()
        for test, reason in self.skipped:
            self.stream.writeln(f"skipped: {test.id()}: {reason}")
        for line in self.reasons[:MOST_LINES]:
            self.stream.writeln(f"failed: {line}")
        if len(self.reasons) > MOST_LINES:
            self.stream.writeln(f"failed: {len(self.reasons) - MOST_LINES} more")


def main():
    # A shell's background job has SIGINT ignored, and would hand that down to what is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = True
    if sys.argv[1:] == ["--list"]:
        print("\n".join(PARTS))
        return
    names = [name if name.startswith("e2e_") else f"e2e_{name}" for name in sys.argv[1:]]
    tests = unittest.defaultTestLoader.loadTestsFromNames(names or PARTS)
    result = unittest.TextTestRunner(resultclass=Result).run(tests)
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
