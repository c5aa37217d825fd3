#!/usr/bin/env python3
"""Checks the rules, alerts and dashboards in monitoring/: that promtool accepts and proves them,
and that they name nothing which the exporter does not print."""

import json
import pathlib
import re
import tempfile
import unittest

import yaml

from promql_names import ROOT, clauses_in, grouped_by, matchers_in, metrics_in, printed
from promtool import promtool

MONITORING = ROOT / "monitoring"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
QUANTITIES = {"stat", "timeseries", "gauge", "table"}  # types of panels that show numbers
UNITS = {"none", "short", "percentunit", "bytes", "Bps", "pps", "cps", "iops", "s", "dtdurations"}


def rules_of(file: str) -> list[dict]:
    groups = yaml.safe_load((MONITORING / file).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def tests_of(file: str) -> list[dict]:
    return yaml.safe_load((MONITORING / "tests" / file).read_text())["tests"]


def readme_queries() -> list[str]:
    blocks = re.findall(r"```promql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    code = re.sub(r"^#.*\n", "", "\n\n".join(blocks), flags=re.MULTILINE)
    return re.split(r"\n\n+", code.strip())


def check_promql(expressions: list[str]):
    rules = [{"record": f"query:{n}", "expr": e} for n, e in enumerate(expressions)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "queries.yml"
        file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
        promtool(MONITORING, "check", "rules", str(file))


class RulesTest(unittest.TestCase):
    def test_promtool_has_nothing_to_say_against_them(self):
        promtool(MONITORING, "check", "rules", "--lint=all", "--lint-fatal", "rules.yml",
                 "alerts.yml")

    def test_they_compute_and_fire_as_their_tests_say(self):
        files = sorted(path.name for path in (MONITORING / "tests").glob("*.yml"))
        self.assertEqual(files, ["alerts_test.yml", "rules_test.yml"])
        promtool(MONITORING / "tests", "test", "rules", *files)

    def test_each_alert_is_proved_to_fire_and_to_be_silent(self):
        proved = {True: set(), False: set()}
        for test in tests_of("alerts_test.yml"):
            for case in test["alert_rule_test"]:
                proved[bool(case["exp_alerts"])].add(case["alertname"])
        alerts = {rule["alert"] for rule in rules_of("alerts.yml")}
        self.assertEqual(proved[True], alerts, "fires")
        self.assertEqual(proved[False], alerts, "is silent")

    def test_each_recording_rule_is_proved_to_give_a_value(self):
        proved = {case["expr"] for test in tests_of("rules_test.yml")
                  for case in test["promql_expr_test"] if case["exp_samples"]}
        self.assertEqual(proved, {rule["record"] for rule in rules_of("rules.yml")})

    def test_the_document_lists_them_with_their_severity(self):
        document = (MONITORING / "README.md").read_text()
        listed = re.findall(r"^\| `(\w+)` \| (\w+) \|", document, re.MULTILINE)
        self.assertEqual(listed, [(rule["alert"], rule["labels"]["severity"])
                                  for rule in rules_of("alerts.yml")])

    def test_the_document_on_scale_counts_the_recorded_series(self):
        levels = [rule["record"].partition(":")[0] for rule in rules_of("rules.yml")]
        count = {level: levels.count(f"ecs_{level}") for level in ("container", "task", "service")}
        self.assertEqual(sum(count.values()), len(levels))
        document = (ROOT / "docs/scale.md").read_text()
        self.assertIn("{container} a container, {task} a task, {service} a service".format(**count),
                      document)
        (default,) = re.findall(r"^\| `rules.yml`.*\| ([\d,]+) \| [\d,]+ \|$", document,
                                re.MULTILINE)
        fleet = 30_000 * count["container"] + 10_000 * count["task"] + 500 * count["service"]
        self.assertEqual(default, f"{fleet:,}")
        self.assertIn(f"For 500 services that is {500 * count['service']:,} series", document)

    def test_alerts_have_what_their_readers_need(self):
        for rule in rules_of("alerts.yml"):
            with self.subTest(rule["alert"]):
                self.assertRegex(rule["alert"], "^ECS[A-Z]")
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                self.assertEqual(rule["annotations"].keys(),
                                 {"summary", "description", "runbook_url"})
                self.assertRegex(rule["annotations"]["summary"], r"^[^{]*\.$")  # static, a sentence
                self.assertIn("{{", rule["annotations"]["description"])


class RunbookTest(unittest.TestCase):
    def setUp(self):
        document = (ROOT / "docs/runbook.md").read_text()
        _, *parts = re.split(r"^## (.+)\n", document, flags=re.MULTILINE)
        self.sections = dict(zip(parts[::2], parts[1::2]))
        self.document = document

    def test_each_alert_has_its_section_and_each_section_an_alert(self):
        alerts = [rule["alert"] for rule in rules_of("alerts.yml")]
        self.assertEqual(list(self.sections), alerts)

    def test_each_alert_leads_to_its_section(self):
        for rule in rules_of("alerts.yml"):
            page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
            self.assertRegex(page, "^https://github.com/[^/]+/ecs-task-metadata-exporter/blob/main"
                                   "/docs/runbook.md$")
            self.assertEqual(anchor, rule["alert"].lower())  # as GitHub makes it of the heading

    def test_each_section_says_what_it_means_and_what_to_look_at_and_to_do(self):
        for alert, section in self.sections.items():
            begins = re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE)
            self.assertEqual(begins, ["It means:", "Look at", "Do:"], alert)

    def test_its_links_lead_to_sections_panels_and_files_that_are_there(self):
        for path, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", self.document):
            if path:
                self.assertTrue((ROOT / "docs" / path).exists(), path)
            else:
                self.assertIn(anchor, [alert.lower() for alert in self.sections])
        titles = {panel["title"] for board in DASHBOARDS
                  for panel in panels(json.loads(board.read_text()))}
        named = re.findall(r'panels? "([^"]+)"(?: and "([^"]+)")?', " ".join(self.document.split()))
        self.assertTrue(named)
        self.assertEqual({title for pair in named for title in pair if title} - titles, set())


class NamesTest(unittest.TestCase):
    """A metric or a label that is misspelt gives no error anywhere, and no data."""

    @classmethod
    def setUpClass(cls):
        cls.labels_of = printed()
        for test in tests_of("rules_test.yml"):
            for case in test["promql_expr_test"]:
                for sample in case["exp_samples"]:
                    labels = re.findall(r'(\w+)="', sample["labels"])
                    cls.labels_of.setdefault(case["expr"], set()).update(labels)

    def assert_known(self, expression: str):
        metrics = metrics_in(expression)
        self.assertTrue(metrics, expression)
        self.assertEqual(metrics - self.labels_of.keys(), set(), expression)
        for metric, labels in matchers_in(expression):
            self.assertEqual(labels - self.labels_of[metric], set(), f"{metric} in {expression}")
        there = {"job", "ServiceName"}.union(*(self.labels_of[metric] for metric in metrics))
        self.assertEqual(grouped_by(expression) - there - {"$by"}, set(), expression)

    def test_rules_and_alerts_name_what_is_there(self):
        for rule in rules_of("rules.yml") + rules_of("alerts.yml"):
            with self.subTest(rule.get("record") or rule.get("alert")):
                self.assert_known(rule["expr"])

    def test_alerts_need_no_recording_rule(self):
        recorded = {rule["record"] for rule in rules_of("rules.yml")}
        for rule in rules_of("alerts.yml"):
            self.assertEqual(metrics_in(rule["expr"]) & recorded, set(), rule["alert"])

    def test_the_queries_of_the_readme_name_what_is_there(self):
        expressions = readme_queries()
        self.assertTrue(expressions)
        for expression in expressions:
            with self.subTest(expression):
                self.assert_known(expression)
                for window in re.findall(r"\[(\w+)\]", expression):
                    self.assertIn(window, ("5m", "1h"), "four scrapes, also at one a minute")
                for _, labels in clauses_in(expression):
                    self.assertIn(labels, (set(), {"job", "instance", "TaskARN"}), expression)
        check_promql(expressions)

    def test_dashboards_name_what_is_there(self):
        for path in DASHBOARDS:
            board = json.loads(path.read_text())
            for panel, expression in queries(board):
                with self.subTest(path.name, panel=panel["title"]):
                    self.assert_known(expression)
            for variable in query_variables(board):
                with self.subTest(path.name, variable=variable["name"]):
                    selector, label = label_values(variable)
                    self.assert_known(selector)
                    (metric,) = metrics_in(selector)
                    self.assertIn(label, self.labels_of[metric])


def panels(board: dict) -> list[dict]:
    """All panels but the rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: dict) -> list[tuple[dict, str]]:
    return [(panel, target["expr"]) for panel in panels(board) for target in panel["targets"]]


def overrides(panel: dict) -> dict[str, dict]:
    """What a panel sets for single fields: {field: {property: value}}."""
    return {override["matcher"]["options"]: {p["id"]: p["value"] for p in override["properties"]}
            for override in panel["fieldConfig"]["overrides"]}


def query_variables(board: dict) -> list[dict]:
    return [v for v in board["templating"]["list"] if v["type"] == "query"]


def label_values(variable: dict) -> tuple[str, str]:
    """The selector and the label of a variable's `label_values(selector, label)`."""
    match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
    if not match:
        raise AssertionError(f"{variable['name']}: not label_values: {variable['query']}")
    return match[1], match[2]


def substituted(board: dict, expression: str) -> list[str]:
    """The expression as Grafana would send it: one for each choice of a custom variable it uses."""
    expression = expression.replace("$__rate_interval", "5m").replace("$__range", "1h")
    expressions = [expression]
    for variable in board["templating"]["list"]:
        name = re.compile(r"\$" + variable["name"] + r"\b")
        is_custom = variable["type"] == "custom"
        values = [o["value"] for o in variable["options"]] if is_custom else [".+"]
        expressions = [name.sub(value, e) for e in expressions
                       for value in (values if name.search(e) else [""])]
    return expressions


class DashboardsTest(unittest.TestCase):
    """The rules of Grafana's dashboard-linter that make sense here, and what it cannot know."""

    def setUp(self):
        self.boards = {path.name: json.loads(path.read_text()) for path in DASHBOARDS}
        self.assertEqual(set(self.boards), {"fleet.json", "task.json"})
        self.excluded = {(rule, entry["dashboard"])
                         for rule, exclusion in yaml.safe_load(
                             (MONITORING / "dashboards/.lint").read_text())["exclusions"].items()
                         for entry in exclusion["entries"] if exclusion["reason"]}

    def test_every_query_is_promql(self):
        for board in self.boards.values():
            with self.subTest(board["title"]):
                expressions = [expression for _, query in queries(board)
                               for expression in substituted(board, query)]
                self.assertFalse([e for e in expressions if "$" in e], "unknown variable")
                check_promql(expressions)

    def test_they_can_be_imported_anywhere_and_found_again(self):
        self.assertEqual(len({board["uid"] for board in self.boards.values()}), len(self.boards))
        for board in self.boards.values():
            with self.subTest(board["title"]):
                self.assertIsNone(board["id"])
                # A board that is imported is its owner's; dashboard-linter wants the opposite.
                self.assertIs(board["editable"], True)
                self.assertIn(("uneditable-dashboard", board["title"]), self.excluded)
                for key in ("uid", "title", "tags", "refresh"):
                    self.assertTrue(board[key], key)
                self.assertGreaterEqual(board["schemaVersion"], 36)

    def test_the_data_source_is_a_variable_and_every_panel_uses_it(self):
        for board in self.boards.values():
            with self.subTest(board["title"]):
                (source,) = (v for v in board["templating"]["list"] if v["type"] == "datasource")
                self.assertEqual((source["name"], source["label"], source["query"]),
                                 ("datasource", "Data source", "prometheus"))
                for used in [*panels(board), *query_variables(board),
                             *(t for p in panels(board) for t in p["targets"])]:
                    self.assertEqual(used["datasource"]["uid"], "${datasource}")

    def test_variables_can_choose_all_and_follow_the_time_range(self):
        for board in self.boards.values():
            with self.subTest(board["title"]):
                variables = {v["name"]: v for v in query_variables(board)}
                for variable in variables.values():
                    self.assertEqual(variable["refresh"], 2, variable["name"])
                wanted = {"job": "Job", "instance": "Instance"}
                if ("template-instance-rule", board["title"]) in self.excluded:
                    del wanted["instance"]
                for name, label in wanted.items():
                    variable = variables[name]
                    self.assertEqual((variable["label"], variable["multi"], variable["allValue"]),
                                     (label, True, ".+"))

    def test_every_panel_says_what_it_shows_and_in_which_unit(self):
        for board in self.boards.values():
            with self.subTest(board["title"]):
                titles = [panel["title"] for panel in panels(board)]
                self.assertEqual(len(titles), len(set(titles)), "two panels of one title")
                for panel in panels(board):
                    with self.subTest(panel["title"]):
                        self.assertIn(panel["type"], QUANTITIES)
                        self.assertRegex(panel["description"], r"\.$")
                        self.assertTrue(panel["targets"])
                        self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)

    def test_every_selector_is_of_the_chosen_jobs_and_instances(self):
        for board in self.boards.values():
            with self.subTest(board["title"]):
                wanted = {"job", "instance"}
                if ("target-instance-rule", board["title"]) in self.excluded:
                    wanted = {"job"}
                for panel, query in queries(board):
                    with self.subTest(panel["title"]):
                        selectors = matchers_in(query)
                        self.assertEqual({metric for metric, _ in selectors}, metrics_in(query))
                        for _, labels in selectors:
                            self.assertLessEqual(wanted, labels, query)
                        for label in wanted:
                            self.assertEqual(query.count(f'{label}=~"${label}"'), len(selectors))

    def test_counters_are_only_seen_as_rates_over_a_window_that_suits_the_scrapes(self):
        selector = r"\([a-z_:]+\{[^}]*\}"
        windows = (rf"rate{selector}\[\$__rate_interval\]\)|"
                   rf"increase{selector}\[\$__(?:rate_interval|range)\]\)|"
                   rf"last_over_time\(ecs_task_info\{{[^}}]*\}}\[\$__range\]\)")
        for board in self.boards.values():
            with self.subTest(board["title"]):
                for panel, query in queries(board):
                    with self.subTest(panel["title"]):
                        rest = re.sub(windows, "", query)
                        self.assertNotRegex(rest, r"_total\b|rate\(|increase\(|\[")

    def test_shares_of_a_limit_change_colour_at_80_and_90_per_cent(self):
        """Of a share, which goes from 0 to 1: Grafana's own threshold stands at 80."""
        bounds = [(None, "green"), (0.8, "orange"), (0.9, "red")]
        found = 0
        for board in self.boards.values():
            for panel in panels(board):
                defaults = panel["fieldConfig"]["defaults"]
                fields = [defaults] if defaults["unit"] == "percentunit" else []
                fields += [field for field in overrides(panel).values()
                           if field.get("unit") == "percentunit"]
                for field in fields:
                    with self.subTest(board["title"], panel=panel["title"]):
                        if panel["title"] == "CPU against the reservation":  # over 1 is no harm
                            self.assertNotIn("thresholds", field)
                            continue
                        found += 1
                        self.assertEqual(field["thresholds"]["mode"], "absolute")
                        self.assertEqual([(step["value"], step["color"])
                                          for step in field["thresholds"]["steps"]], bounds)
                        shown = field.get("custom", {}).get("thresholdsStyle", {}).get("mode")
                        self.assertTrue(shown == "dashed" or field["color"]["mode"] == "thresholds")
        self.assertGreaterEqual(found, 10)

    def test_what_is_wrong_with_a_container_stands_out(self):
        tables = {panel["title"]: panel for panel in panels(self.boards["task.json"])}
        for title, field, colours in (
                ("Health", "Status", {"HEALTHY": "green", "UNKNOWN": "orange", "UNHEALTHY": "red"}),
                ("Exit codes", "Exit code", {"0": "green", "137": "red"})):
            panel = tables[title]
            properties = overrides(panel)[field]
            (mapping,) = properties["mappings"]
            self.assertEqual({value: to["color"] for value, to in mapping["options"].items()},
                             colours)
            self.assertEqual(properties["custom.cellOptions"]["type"], "color-text")
            shown = [re.search(r"by \(([^)]*)\)", t["expr"])[1] for t in panel["targets"]]
            organize = panel["transformations"][-1]["options"]
            self.assertTrue(field in organize["renameByName"].values()
                            or (field in shown[0] and field not in organize["excludeByName"]))

    def test_restarts_are_whole(self):
        recorded = {rule["record"]: rule["expr"] for rule in rules_of("rules.yml")}
        found = 0
        for board in self.boards.values():
            for panel, query in queries(board):
                expressions = [query, *(recorded.get(name, "") for name in metrics_in(query))]
                for expression in expressions:
                    for at in re.finditer(r"\bincrease\(", expression):
                        found += 1
                        self.assertTrue(expression[:at.start()].endswith("round("), panel["title"])
        self.assertGreaterEqual(found, 4)

    def test_a_task_is_chosen_by_its_id(self):
        (task,) = (v for v in query_variables(self.boards["task.json"]) if v["name"] == "task")
        pattern = re.compile(task["regex"].strip("/").replace("(?<", "(?P<").replace("\\/", "/"))
        infos = [line for golden in ROOT.glob("tests/testdata/*/metrics.txt")
                 for line in golden.read_text().splitlines() if line.startswith("ecs_task_info{")]
        self.assertTrue(infos)
        for info in infos:
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', info))
            if "TaskID" in labels:
                match = pattern.search(labels["TaskARN"])
                self.assertEqual((match["text"], match["value"]),
                                 (labels["TaskID"], labels["TaskARN"]))

    def test_alerts_are_shown_where_they_fired(self):
        fired = {"alertname", "alertstate", "severity", "job", "instance", "TaskARN", "Cluster",
                 "TaskDefinitionFamily", "ContainerName"}
        for board in self.boards.values():
            with self.subTest(board["title"]):
                (annotation,) = board["annotations"]["list"]
                self.assertEqual(annotation["datasource"]["uid"], "${datasource}")
                self.assertTrue(annotation["enable"])
                query = annotation["expr"]
                self.assertRegex(query, r'^ALERTS\{alertstate="firing", alertname=~"ECS\.\+", '
                                        r'job=~"\$job", ')
                self.assertLessEqual(set(re.findall(r"(\w+)=~?\"", query)), fired)
                check_promql(substituted(board, query))
                text = annotation["titleFormat"] + annotation["textFormat"]
                shown = re.findall(r"{{(\w+)}}", text)
                self.assertIn("alertname", shown)
                self.assertLessEqual(set(shown), fired)

    def test_panels_do_not_overlap(self):
        for board in self.boards.values():
            with self.subTest(board["title"]):
                taken: dict[tuple[int, int], str] = {}
                for panel in board["panels"]:
                    at = panel["gridPos"]
                    self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
                    for x in range(at["x"], at["x"] + at["w"]):
                        for y in range(at["y"], at["y"] + at["h"]):
                            other = taken.setdefault((x, y), panel["title"])
                            self.assertEqual(other, panel["title"])
                self.assertEqual(len({p["id"] for p in board["panels"]}), len(board["panels"]))


if __name__ == "__main__":
    unittest.main()
