"""The exporter's other commands, its options and its log."""

import json
import os
import re
import shlex
import signal
import subprocess

from e2e_programs import (DEADLINE_S, UP, USAGE, Exporter, Mock, ProgramsTest, Running, Samples, ask, command,
                          environment, program)

V4 = "ECS_CONTAINER_METADATA_URI_V4"
DEAD = "--ecs.metadata-uri=http://127.0.0.1:1"


class ScrapeCommand(ProgramsTest):
    def test_it_prints_what_a_scraper_would_get(self):
        mock = self.started(Mock("--frozen"))
        ended = command("scrape", f"--ecs.metadata-uri={mock.url}")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout, self.started(Exporter(mock.url)).ask().body)

    def test_it_fails_on_a_dead_endpoint_and_says_up_0(self):
        ended = command("scrape", f"--ecs.metadata-uri=http://127.0.0.1:{self.dead_port()}")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(Samples(ended.stdout).values, {(UP, frozenset()): 0})
        (line,) = ended.stderr.splitlines()
        self.assertEqual(json.loads(line)["reason"], "connect")

    def test_it_fails_on_an_endpoint_that_hangs_after_the_timeout(self):
        mock = self.started(Mock("--delay=3600s", "--only=stats"))
        ended = command("scrape", f"--ecs.metadata-uri={mock.url}", "--ecs.timeout=300ms")
        self.assertEqual(ended.returncode, 1)
        self.assertNotIn(USAGE, Samples(ended.stdout).families)
        self.assertEqual(json.loads(ended.stderr)["reason"], "timeout")


class ScrapeOfRecordedReplies(ProgramsTest):
    def setUp(self):
        self.task, self.stats = (os.path.join(self.folder(), name)
                                 for name in ("task.json", "stats.json"))
        self.mock = self.started(Mock("--frozen"))
        self.write(self.task, self.mock.ask("/task").body)
        self.write(self.stats, self.mock.ask("/task/stats").body)

    def write(self, path, text):
        with open(path, "w") as file:
            file.write(text)

    def scrape(self):
        return command("scrape", f"--task={self.task}", f"--stats={self.stats}")

    def test_it_prints_what_the_endpoint_would_have_given(self):
        ended = self.scrape()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout,
                         command("scrape", f"--ecs.metadata-uri={self.mock.url}").stdout)

    def test_a_reply_with_a_fault_is_named_and_the_rest_printed(self):
        self.write(self.stats, "[1, 2")
        ended = self.scrape()
        self.assertEqual(ended.returncode, 1)
        samples = Samples(ended.stdout)
        self.assertEqual(samples.up[0], 0)
        self.assertNotIn(USAGE, samples.families)
        (line,) = ended.stderr.splitlines()
        self.assertEqual(json.loads(line)["reason"], "json")
        self.assertIn("/task/stats", json.loads(line)["error"])

    def test_a_container_that_is_left_out_may_have_no_stats(self):
        task = json.loads(self.mock.ask("/task").body)
        task["Containers"].append({"DockerId": "noisy-1", "Name": "noisy", "Type": "NORMAL",
                                   "KnownStatus": "RUNNING"})
        self.write(self.task, json.dumps(task))
        self.assertEqual(self.scrape().returncode, 1)
        for option in ("--containers.exclude=noisy", "--containers.include=[^n].*"):
            with self.subTest(option):
                ended = command("scrape", f"--task={self.task}", f"--stats={self.stats}", option)
                self.assertEqual((ended.returncode, ended.stderr), (0, ""))
                self.assertEqual(Samples(ended.stdout).up[0], 1)

    def test_pipes_are_read_to_their_end(self):
        ended = subprocess.run(
            ["/bin/sh", "-c", 'cat "$1" | exec "$0" scrape --task=/dev/stdin --stats="$2"',
             program("EXPORTER"), self.task, self.stats],
            env=environment(), capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout, self.scrape().stdout)

    def test_a_file_without_an_end_is_refused(self):
        ended = command("scrape", "--task=/dev/zero", f"--stats={self.stats}",
                        "--ecs.max-body-bytes=100000")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(json.loads(ended.stderr)["error"],
                         '--task: cannot read "/dev/zero": it is over 100000 bytes')

    def test_a_file_that_is_not_there_is_named(self):
        os.remove(self.stats)
        ended = self.scrape()
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertIn(self.stats, json.loads(ended.stderr)["error"])

    def test_one_file_without_the_other_is_a_usage_error(self):
        for option in (f"--task={self.task}", f"--stats={self.stats}"):
            with self.subTest(option):
                ended = command("scrape", option)
                self.assertEqual(ended.returncode, 2)
                self.assertRegex(ended.stderr, "--task and --stats")


class CommandLine(ProgramsTest):
    def test_version_is_one_line_with_the_version_of_the_project(self):
        ended = command("version")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        with open(os.path.join(os.path.dirname(__file__), "..", "VERSION")) as file:
            version = file.read().strip()
        self.assertRegex(ended.stdout, rf"\Aecs-task-metadata-exporter {re.escape(version)} .+\n\Z")

    def test_metrics_prints_the_document_of_all_metrics(self):
        ended = command("metrics")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        with open(os.path.join(os.path.dirname(__file__), "..", "docs", "metrics.md")) as file:
            self.assertEqual(ended.stdout, file.read())

    def test_help_names_each_command_and_each_option_with_its_variable(self):
        for arguments in (["--help"], ["-h"], ["serve", "--help"], ["scrape", "--help"]):
            with self.subTest(arguments):
                ended = command(*arguments)
                self.assertEqual((ended.returncode, ended.stderr), (0, ""))
                for word in ("serve", "scrape", "version", "9659", "ECS_CONTAINER_METADATA_URI_V4"):
                    self.assertIn(word, ended.stdout)
                for option in ("ecs.metadata-uri", "ecs.timeout", "ecs.min-interval", "ecs.v2",
                               "ecs.stats", "ecs.max-body-bytes", "port", "web.listen-address",
                               "web.telemetry-path", "log.level", "log.format",
                               "additional-log-fields"):
                    variable = re.sub("[.-]", "_", option).upper()
                    self.assertRegex(ended.stdout, rf"--{re.escape(option)}\b.*\({variable}\)")

    def test_a_bad_value_is_named_with_its_option_or_variable(self):
        for option, variable, values in [
                ("--ecs.timeout", "ECS_TIMEOUT", ["0", "-1s", "5", "5 s", "soon", "5d"]),
                ("--ecs.min-interval", "ECS_MIN_INTERVAL", ["-1s", "5", "often"]),
                ("--ecs.max-body-bytes", "ECS_MAX_BODY_BYTES", ["0", "-1", "4MiB"]),
                ("--ecs.v2", "ECS_V2", ["perhaps"]),
                ("--ecs.stats", "ECS_STATS", ["some", "false"]),
                ("--port", "PORT", ["65536", "-1", "http", "96 59"]),
                ("--web.listen-address", "WEB_LISTEN_ADDRESS", ["9659", "localhost"]),
                ("--web.telemetry-path", "WEB_TELEMETRY_PATH", ["metrics", "/", "/-/healthy"]),
                ("--log.level", "LOG_LEVEL", ["loud"]),
                ("--log.format", "LOG_FORMAT", ["xml"])]:
            for value in values:
                for source, ended in ((option, command(DEAD, f"{option}={value}")),
                                      (variable, command(DEAD, **{variable: value}))):
                    with self.subTest(source=source, value=value):
                        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                        (line,) = ended.stderr.splitlines()
                        self.assertIn(f'{source}: "{value}"', line)

    def test_an_address_that_is_none_is_named(self):
        for value in (":http", "127.0.0.1:65536", "localhost:9659", "::1:9659", "[::1:9659"):
            with self.subTest(value):
                ended = command(DEAD, f"--web.listen-address={value}")
                self.assertEqual(ended.returncode, 2)
                self.assertIn(value, json.loads(ended.stderr.splitlines()[-1])["error"])

    def test_a_static_label_that_a_metric_has_is_named(self):
        for label, options in (("family", ["--metrics.profile=ecs_exporter"]),
                               ("known_status", ["--metrics.profile=ecs_exporter"]),
                               ("Status", []), ("status", ["--labels.style=snake"])):
            with self.subTest(label):
                ended = command(DEAD, "scrape", f'--labels.static={{"{label}": "x"}}', *options)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                (line,) = ended.stderr.splitlines()
                self.assertIn(f'--labels.static: "{label}"', json.loads(line)["error"])

    def test_an_unknown_word_is_named_but_for_what_may_be_a_secret(self):
        for word, named in (("--nonsense", "option --nonsense here"), ("frobnicate", "word 2 of"),
                            ("--ecs.timeouts=5s", "option --ecs.timeouts here")):
            with self.subTest(word):
                ended = command(DEAD, word)
                self.assertEqual(ended.returncode, 2)
                (line,) = ended.stderr.splitlines()
                self.assertIn(named, line)
                self.assertNotIn("5s", line)
                self.assertNotIn("frobnicate", line)

    def test_an_error_names_the_option_or_the_variable_that_was_written(self):
        for option, variable, value in (
                ("--metrics.groups", "METRICS_GROUPS", "nonsense"),
                ("--labels.task", "LABELS_TASK", "Nonsense"),
                ("--labels.static", "LABELS_STATIC", '{"a": 1}'),
                ("--containers.include", "CONTAINERS_INCLUDE", "("),
                ("--web.listen-address", "WEB_LISTEN_ADDRESS", "x:1"),
                ("--web.config.file", "WEB_CONFIG_FILE", "/no/such/file"),
                ("--ecs.metadata-uri", "ECS_METADATA_URI", "http://user:secret@host/")):
            for source, ended in ((option, command(f"{option}={value}", **{V4: "http://h"})),
                                  (variable, command(**{V4: "http://h", variable: value}))):
                with self.subTest(source):
                    self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                    error = json.loads(ended.stderr.splitlines()[-1])["error"]
                    self.assertTrue(error.startswith(f"{source}: "), error)
                    self.assertNotIn("secret", error)

    def test_lost_output_is_a_failure(self):
        mock = self.started(Mock("--frozen"))
        uri = f"--ecs.metadata-uri={mock.url}"
        for arguments in (["scrape", uri], ["version"], ["metrics"], ["--help"]):
            for where, lost in (("full", "No space left on device"), ("closed", "Bad file")):
                with self.subTest(arguments=arguments, where=where):
                    to = ">/dev/full" if where == "full" else ">&-"
                    ended = subprocess.run(
                        ["/bin/sh", "-c", f'exec "$0" "$@" {to}', program("EXPORTER"), *arguments],
                        env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                        text=True, timeout=DEADLINE_S)
                    self.assertEqual(ended.returncode, 1)
                    (line,) = ended.stderr.splitlines()
                    self.assertIn(f"cannot write to stdout: {lost}", line)


class LogOfTheExporter(ProgramsTest):
    MESSAGES = ["starting", "listening", "the endpoint began to fail", "stopping"]

    def lines(self, *options, **variables):
        """The log of an exporter that starts, meets a fault, and is told to stop."""
        mock = self.started(Mock("--fail=both=500"))
        exporter = self.started(Running(
            [program("EXPORTER"), "--web.listen-address=127.0.0.1:0", "--ecs.min-interval=0",
             f"--ecs.metadata-uri={mock.url}", *options], environment(**variables)))
        listening = exporter.lines[exporter.wait_for_line("/metrics")]
        port = int(re.search(r"127\.0\.0\.1:(\d+)", listening)[1])
        self.assertEqual(Samples(ask(port, "/metrics").body).up[0], 0)
        exporter.send(signal.SIGTERM)
        self.assertEqual(exporter.wait(), 0)
        return exporter.lines

    def test_the_lines_are_json_with_a_time_a_level_and_a_message(self):
        lines = [json.loads(line) for line in self.lines()]
        self.assertEqual([line["msg"] for line in lines], self.MESSAGES)
        self.assertEqual([line["level"] for line in lines],
                         ["info", "info", "warn", "info"])
        for line in lines:
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_the_additional_fields_stand_on_each_line_and_replace_none(self):
        fields = {"service": "shop \"north\"", "zone": "é", "msg": "mine", "level": "", "time": "0"}
        lines = [json.loads(line)
                 for line in self.lines(ADDITIONAL_LOG_FIELDS=json.dumps(fields))]
        self.assertEqual([line["msg"] for line in lines], self.MESSAGES)
        for line in lines:
            self.assertEqual((line["service"], line["zone"]), (fields["service"], fields["zone"]))
            self.assertNotIn(line["time"], ("", "0"))

    def test_invalid_additional_fields_are_ignored_with_one_warning(self):
        for value in ("service=shop", '{"service": "shop"', '["shop"]', '"shop"', "7",
                      '{"service": "shop", "replicas": 2}', '{"service": null}'):
            with self.subTest(value):
                ignored, *others = [json.loads(line)
                                    for line in self.lines(ADDITIONAL_LOG_FIELDS=value)]
                self.assertEqual(ignored["level"], "warn")
                self.assertNotIn("shop", str(ignored))
                self.assertRegex(ignored["msg"], "ADDITIONAL_LOG_FIELDS is ignored")
                self.assertEqual([line["msg"] for line in others], self.MESSAGES)
                for line in [ignored, *others]:
                    self.assertNotIn("service", line)

    def test_logfmt_has_the_same_fields(self):
        lines = [dict(word.split("=", 1) for word in shlex.split(line))
                 for line in self.lines("--log.format=logfmt",
                                        ADDITIONAL_LOG_FIELDS='{"service": "shop north"}')]
        self.assertEqual([line["msg"] for line in lines], self.MESSAGES)
        self.assertEqual(lines[2]["reason"], "status")
        for line in lines:
            self.assertEqual(line["service"], "shop north")

    def test_a_level_leaves_out_what_is_less_severe(self):
        mock = self.started(Mock("--fail=both=500"))
        for level, count in (("debug", 2), ("info", 1), ("warn", 1), ("error", 0)):
            with self.subTest(level):
                ended = command("scrape", f"--ecs.metadata-uri={mock.url}", LOG_LEVEL=level)
                self.assertEqual(len(ended.stderr.splitlines()), count)
