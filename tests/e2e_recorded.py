"""Recorded replies to text, byte for byte, by the program as it is shipped."""

import pathlib

from e2e_programs import ProgramsTest, command

CASES = sorted(path.parent for path in
               (pathlib.Path(__file__).resolve().parent / "testdata").glob("*/task.json"))


class RecordedReplies(ProgramsTest):
    def test_each_case_prints_what_is_recorded_of_it(self):
        self.assertGreaterEqual(len(CASES), 21)
        for expected, variables in (("core.txt", {"METRICS_GROUPS": "core"}),
                                    ("metrics.txt", {"METRICS_GROUPS": "all"}),
                                    ("ecs_exporter.txt", {"METRICS_GROUPS": "",
                                                          "METRICS_PROFILE": "ecs_exporter"})):
            for case in CASES:
                with self.subTest(case=case.name, expected=expected):
                    ended = command("scrape", f"--task={case / 'task.json'}",
                                    f"--stats={case / 'stats.json'}", **variables)
                    self.assertEqual(ended.stdout, (case / expected).read_text(), ended.stderr)
