#!/usr/bin/env python3
"""Checks the scrape configurations in deploy/prometheus/: what promtool knows of them, and what
their relabelling makes of targets."""

import fnmatch
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import yaml

from promql_names import ROOT
from promtool import promtool

CONFIGS = ROOT / "deploy/prometheus"
UNCHECKED = {"alloy.config", "adot-sidecar.yaml", "cwagent.json", "ecs-observer.yaml",
             "prometheus-aws-sd.yml"}


def read(name: str) -> dict:
    return yaml.safe_load((CONFIGS / name).read_text())


class DiscoveryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for rules in ("rules.yml", "alerts.yml"):  # which the configurations expect beside them
            shutil.copy(ROOT / "monitoring" / rules, self.folder)

    def check(self, config: dict, *options: str):
        (self.folder / "config.json").write_text(json.dumps(config))  # which is YAML too
        promtool(self.folder, "check", "config", *options, "config.json")

    def relabelled(self, config: dict, *discovered: dict[str, str]) -> list[dict[str, str]]:
        """The labels that discovered targets end with; those that are dropped are left out."""
        (scrape,) = config["scrape_configs"]
        static = {key: value for key, value in scrape.items() if not key.endswith("_sd_configs")}
        static["static_configs"] = [{"targets": [labels["__address__"]], "labels": labels}
                                    for labels in discovered]
        (self.folder / "static.json").write_text(json.dumps({"scrape_configs": [static]}))
        found = json.loads(promtool(self.folder, "check", "service-discovery", "--timeout=1s",
                                    "static.json", scrape["job_name"]))
        self.assertEqual(len(found), len(discovered))
        return [{name: value for name, value in target["labels"].items()
                 if not name.startswith("__") or name == "__address__"}
                for target in found if target.get("labels")]

    def test_promtool_accepts_what_it_knows(self):
        for name in ("prometheus-shard.yml", "dns-sd.yml", "ecs-discovery-file-sd.yml",
                     "cwagent-prometheus.yml"):
            with self.subTest(name):
                self.check(read(name))
        self.check(read("prometheus-agent-amp.yml"), "--agent")

    def test_promtool_accepts_the_rest_of_what_it_does_not_know(self):
        aws = read("prometheus-aws-sd.yml")
        for scrape in aws["scrape_configs"]:
            del scrape["aws_sd_configs"]
        self.check(aws)
        self.check(read("adot-sidecar.yaml")["receivers"]["prometheus"]["config"])

    def test_files_say_so_when_nothing_has_checked_them(self):
        for path in CONFIGS.iterdir():
            if path.name == "cwagent.json":  # JSON has no comments: its companion says it
                companion = (CONFIGS / "cwagent-prometheus.yml").read_text()
                self.assertIn("cwagent.json is unchecked", companion)
            elif path.name != "discovery-policy.json":
                self.assertEqual("Unchecked" in path.read_text(), path.name in UNCHECKED, path.name)

    def ecs_target(self, **labels: str) -> dict[str, str]:
        return {"__address__": "10.0.1.7:9659", "__meta_ecs_last_status": "RUNNING",
                "__meta_ecs_task_arn": "arn:aws:ecs:eu-central-1:123456789012:task/shop/0f3a",
                "__meta_ecs_cluster": "shop", "__meta_ecs_service": "front-svc",
                "__meta_ecs_task_definition":
                    "arn:aws:ecs:eu-central-1:123456789012:task-definition/shop-front:42", **labels}

    def test_a_task_becomes_a_target_named_after_it(self):
        self.assertEqual(self.relabelled(read("prometheus-aws-sd.yml"), self.ecs_target()), [{
            "__address__": "10.0.1.7:9659", "job": "ecs-task", "instance": "0f3a",
            "ecs_cluster": "shop", "ecs_service": "front-svc", "ecs_family": "shop-front"}])

    def test_a_task_that_does_not_run_is_no_target(self):
        stopped = [self.ecs_target(__meta_ecs_last_status=status, __address__=f"10.0.1.{host}:9659")
                   for host, status in enumerate(("PENDING", "DEACTIVATING", "STOPPED"))]
        self.assertEqual(self.relabelled(read("prometheus-aws-sd.yml"), *stopped), [])

    def test_it_asks_for_ecs_on_the_port_of_the_exporter_by_cluster_arn(self):
        for scrape in read("prometheus-aws-sd.yml")["scrape_configs"]:
            for discovery in scrape["aws_sd_configs"]:
                self.assertEqual((discovery["role"], discovery["port"]), ("ecs", 9659))
                for cluster in discovery["clusters"]:
                    self.assertRegex(cluster, "^arn:aws:ecs:")

    def test_all_say_since_which_prometheus_it_finds_tasks_without_crashing(self):
        texts = [path.read_text() for path in (ROOT / "README.md", ROOT / "docs/scale.md",
                                               CONFIGS / "prometheus-aws-sd.yml")]
        for text in texts:
            since = re.findall(r"(\d+\.\d+) or later", re.sub(r"^# ", "", text, flags=re.MULTILINE))
            self.assertEqual(since, ["3.15"])
        for older in ("ecs-observer.yaml", "ecs-discovery-file-sd.yml", "dns-sd.yml"):
            self.assertIn(older, texts[2])
            self.assertTrue((CONFIGS / older).exists())
        self.assertIn("`request_concurrency`", texts[1])

    def test_each_target_is_in_exactly_one_of_the_shards(self):
        config = read("prometheus-shard.yml")
        hashmod, keep, *_ = config["scrape_configs"][0]["relabel_configs"]
        fleet = [{"__address__": f"10.0.1.{host}:9659"} for host in range(40)]
        kept = []
        for shard in range(hashmod["modulus"]):
            keep["regex"] = str(shard)
            mine = [target["__address__"] for target in self.relabelled(config, *fleet)]
            self.assertTrue(mine, f"shard {shard} has nothing to do")
            kept += mine
        self.assertEqual(sorted(kept), sorted(target["__address__"] for target in fleet))

    def without_shards(self, name: str) -> dict:
        config = read(name)
        (scrape,) = config["scrape_configs"]
        scrape["relabel_configs"] = [rule for rule in scrape["relabel_configs"]
                                     if "__tmp_shard" not in str(rule)]
        return config

    def test_what_a_discoverer_writes_becomes_a_target_that_the_alerts_know(self):
        observed = {"__address__": "10.0.1.7:9659", "__metrics_path__": "/metrics",
                    "__meta_ecs_source": "arn:aws:ecs:eu-central-1:123456789012:task/shop/0f3a",
                    "__meta_ecs_cluster_name": "shop", "__meta_ecs_service_name": "front-svc",
                    "__meta_ecs_container_name": "ecs-task-metadata-exporter"}
        written = {"__address__": "10.0.1.8:9659", "ecs_cluster": "shop", "instance": "0f3b"}
        for name in ("prometheus-shard.yml", "prometheus-agent-amp.yml"):
            with self.subTest(name):
                targets = self.relabelled(self.without_shards(name), observed, written)
                self.assertCountEqual(targets, [
                    {"__address__": "10.0.1.7:9659", "job": "ecs-task", "instance": "0f3a",
                     "ecs_cluster": "shop", "ecs_service": "front-svc"},
                    {**written, "job": "ecs-task"}])

    def test_the_discoverer_writes_where_the_servers_read(self):
        observer = read("ecs-observer.yaml")
        self.assertEqual(list(observer["extensions"]), observer["service"]["extensions"])
        for name in ("prometheus-shard.yml", "prometheus-agent-amp.yml"):
            (scrape,) = read(name)["scrape_configs"]
            ((pattern,),) = (discovery["files"] for discovery in scrape["file_sd_configs"])
            for extension in observer["extensions"].values():
                self.assertTrue(fnmatch.fnmatch(extension["result_file"], pattern), name)

    def test_whatever_finds_tasks_for_prometheus_says_their_cluster(self):
        for path in sorted(CONFIGS.glob("*.yml")):
            if path.name != "cwagent-prometheus.yml":  # which sends to CloudWatch
                rules = read(path.name)["scrape_configs"][0]["relabel_configs"]
                labels = [rule.get("target_label") for rule in rules]
                self.assertIn("ecs_cluster", labels, path.name)
        self.assertIn('target_label  = "ecs_cluster"', (CONFIGS / "alloy.config").read_text())

    def test_the_snippet_of_the_readme_is_what_the_file_for_it_says(self):
        readme = (ROOT / "README.md").read_text()
        (snippet,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", readme, re.DOTALL)
        config = yaml.safe_load(snippet)
        self.assertEqual(self.relabelled(config, self.ecs_target()), [{
            "__address__": "10.0.1.7:9659", "job": "ecs-task", "instance": "10.0.1.7:9659",
            "ecs_cluster": "shop"}])
        (scrape,) = config["scrape_configs"]
        (discovery,) = scrape.pop("aws_sd_configs")
        (whole,) = read("prometheus-aws-sd.yml")["scrape_configs"]
        for key, value in discovery.items():
            self.assertEqual(value, whole["aws_sd_configs"][0][key], key)
        self.assertEqual(scrape["scrape_interval"], "30s")
        self.check(config)

    def test_labels_of_the_exporters_own_container_are_dropped(self):
        labels = self.relabelled(read("ecs-discovery-file-sd.yml"), {
            "__address__": "10.0.2.3:32801", "job": "ecs-task",
            "container_name": "ecs-task-metadata-exporter", "docker_image": "exporter:1",
            "task_arn": "arn:aws:ecs:eu-central-1:123456789012:task/shop/0f3a",
            "cluster_arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/shop"})
        self.assertEqual(labels, [{"__address__": "10.0.2.3:32801", "job": "ecs-task",
                                   "instance": "0f3a", "ecs_cluster": "shop"}])

    def test_jobs_have_the_name_that_the_alerts_ask_for(self):
        for name in ("prometheus-shard.yml", "dns-sd.yml", "ecs-discovery-file-sd.yml",
                     "prometheus-agent-amp.yml"):
            (scrape,) = read(name)["scrape_configs"]
            self.assertEqual(scrape["job_name"], "ecs-task", name)

    def test_the_cloudwatch_agent_finds_and_selects_what_there_is(self):
        agent = json.loads((CONFIGS / "cwagent.json").read_text())
        agent = agent["logs"]["metrics_collected"]["prometheus"]
        (scrape,) = read("cwagent-prometheus.yml")["scrape_configs"]
        self.assertTrue(scrape["honor_labels"])
        self.assertEqual(scrape["file_sd_configs"][0]["files"],
                         [agent["ecs_service_discovery"]["sd_result_file"]])
        golden = "\n".join(path.read_text() for path in ROOT.glob("tests/testdata/*/metrics.txt"))
        for declaration in agent["emf_processor"]["metric_declaration"]:
            for selector in declaration["metric_selectors"]:
                name = selector.removeprefix("^").removesuffix("$")
                self.assertIn(f"\n{name}{{", golden)
            for dimensions in declaration["dimensions"]:
                self.assertNotIn("TaskARN", dimensions)
                for dimension in dimensions:
                    self.assertIn(f'{dimension}="', golden)


if __name__ == "__main__":
    unittest.main()
