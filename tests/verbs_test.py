#!/usr/bin/env python3
"""What `make test` prints in the end, and which files clang-tidy judges anew."""

import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import e2e_test

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "scripts"


def script(name):
    """A script of Python, as a module of its own."""
    loader = importlib.machinery.SourceFileLoader(name, str(SCRIPTS / name))
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def log(**tests):
    """What CTest has in its log of tests that printed this."""
    return "".join(f"{number}/{len(tests)} Testing: {name}\n{number}/{len(tests)} Test: {name}\n"
                   f"Output:\n---\n{text}\n<end of output>\n---\nTest Passed.\n---\n\n"
                   for number, (name, text) in enumerate(tests.items(), start=1))


class SummaryOfATestRun(unittest.TestCase):
    def summary(self, failed=(), **tests):
        return script("test").summary(log(**tests), failed)

    def test_a_run_in_which_all_is_well_has_none(self):
        self.assertEqual(self.summary(layers="42 rooms", e2e_tls="Ran 9 tests\n\nOK"), [])

    def test_what_was_skipped_is_named_with_the_reason(self):
        self.assertEqual(
            self.summary(page="page test skipped: no Chromium",
                         e2e_sandbox="skipped: e2e_sandbox.Calls.test_x: no seccomp\nOK",
                         deploy="test_cdk (Files.test_cdk) ... skipped 'no CDK'\nOK (skipped=1)"),
            ["page: page test skipped: no Chromium",
             "e2e_sandbox: skipped: e2e_sandbox.Calls.test_x: no seccomp",
             "deploy: test_cdk (Files.test_cdk) ... skipped 'no CDK'"])

    def test_what_failed_is_named_with_the_reason(self):
        self.assertEqual(
            self.summary(["e2e_tls", "deploy", "Json.Reads", "slow"],
                         e2e_tls="FAIL: test_x (e2e_tls.Https.test_x)\nTraceback\n"
                                 "failed: e2e_tls.Https.test_x: AssertionError: 1 != 2",
                         deploy="ERROR: test_y (Files.test_y)\nTraceback",
                         **{"Json.Reads": "tests/json_test.cc:7: Failure\nExpected: 1"},
                         slow="nothing is known", other="failed: is a word of its output"),
            ["failed: e2e_tls: e2e_tls.Https.test_x: AssertionError: 1 != 2",
             "failed: deploy: test_y (Files.test_y)",
             "failed: Json.Reads: tests/json_test.cc:7: Failure Expected: 1",
             "failed: slow: see its output"])

    def test_it_fits_a_screen(self):
        lines = self.summary(["e2e_tls"], e2e_tls="\n".join(
            f"failed: e2e_tls.Https.test_{n}: {200 * 'x'}" for n in range(98)))
        self.assertEqual(len(lines), 31)
        self.assertLessEqual(max(map(len, lines)), 150)
        self.assertEqual(lines[-1], "failed: 68 more")


class SummaryOfTheEndToEndTest(unittest.TestCase):
    def said_by(self, case):
        stream = io.StringIO()
        runner = unittest.TextTestRunner(stream, resultclass=e2e_test.Result)
        runner.run(unittest.defaultTestLoader.loadTestsFromTestCase(case))
        return stream.getvalue().splitlines()

    def test_a_line_for_each_failure_and_each_skipped_test(self):
        class Case(unittest.TestCase):
            def test_good(self):
                pass

            def test_bad(self):
                self.assertEqual(1, 2, "they differ\nin a long way")

            def test_parts(self):
                with self.subTest("a: 1\nb: 2\n"):
                    raise OSError("no such key")

            @unittest.skip("there is no browser")
            def test_elsewhere(self):
                pass

        said = [line for line in self.said_by(Case) if line.startswith(("failed: ", "skipped: "))]
        name = f"{__name__}.{Case.__qualname__}"
        self.assertEqual(said, [
            f"skipped: {name}.test_elsewhere: there is no browser",
            f"failed: {name}.test_bad: AssertionError: 1 != 2 : they differ"[:160],
            f"failed: {name}.test_parts [a: 1 b: 2 ]: OSError: no such key"[:160]])


class FilesThatClangTidyJudgesAnew(unittest.TestCase):
    def setUp(self):
        self.tidy = script("tidy")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tidy.ROOT = pathlib.Path(folder.name).resolve()
        (self.tidy.ROOT / "src").mkdir()
        self.write("main.cc", '#include <vector>\n#include "near.h"\n')
        self.write("near.h", '#include "far.h"\n')
        self.write("far.h", "int far();\n")
        self.write("other.h", "int other();\n")

    def write(self, name, text):
        (self.tidy.ROOT / "src" / name).write_text(text)

    def key(self, common=b"settings"):
        self.tidy.included.cache_clear()
        return self.tidy.key(self.tidy.ROOT / "src/main.cc", common)

    def test_those_that_changed_or_include_what_did(self):
        for name in ("main.cc", "near.h", "far.h"):
            with self.subTest(name):
                before = self.key()
                path = self.tidy.ROOT / "src" / name
                self.write(name, path.read_text() + "// more\n")
                self.assertNotEqual(self.key(), before)

    def test_all_after_a_change_of_the_settings(self):
        self.assertNotEqual(self.key(b"settings"), self.key(b"other settings"))

    def test_none_for_a_header_of_others(self):
        before = self.key()
        self.write("other.h", "int changed();\n")
        self.assertEqual(self.key(), before)


if __name__ == "__main__":
    unittest.main()
