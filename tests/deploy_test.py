#!/usr/bin/env python3
"""Checks deploy/: that every form of the sidecar says the same, keeps to the schemas of AWS, and
names what is there. Discovery has a test of its own."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from promql_names import ROOT
from promtool import promtool

DEPLOY = ROOT / "deploy"
NAME = "ecs-task-metadata-exporter"


class Template(yaml.SafeLoader):
    """Reads CloudFormation's YAML; `!Ref x` becomes {"Ref": "x"}."""


def _intrinsic(loader: Template, suffix: str, node: yaml.Node):
    value = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence,
             yaml.MappingNode: loader.construct_mapping}[type(node)](node)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", _intrinsic)


def lower(value):
    """A container definition of a template, with the keys that the API has."""
    if isinstance(value, list):
        return [lower(item) for item in value]
    if isinstance(value, dict):
        maps = ("DockerLabels", "Options")
        return {key[0].lower() + key[1:]: inner if key in maps else lower(inner)
                for key, inner in value.items()}
    return value


def sidecar(containers: list[dict]) -> dict:
    (container,) = (c for c in containers if c["name"] == NAME)
    return container


def without(container: dict, *keys: str) -> dict:
    return {key: value for key, value in container.items() if key not in keys}


def task_definition(name: str) -> dict:
    return json.loads((DEPLOY / "ecs" / name).read_text())


def from_template(template: dict) -> dict:
    (task,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::ECS::TaskDefinition")
    return sidecar(lower(task["Properties"]["ContainerDefinitions"]))


def node(*arguments: str) -> str:
    if not (DEPLOY / "cdk/node_modules").exists():
        raise unittest.SkipTest("deploy/cdk/node_modules is not there; `make setup` installs it from npm")
    # A variable of the machine's own must not reach into the test.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    run = subprocess.run(["node", *arguments], cwd=DEPLOY / "cdk", env=environment,
                         capture_output=True, text=True)
    if run.returncode != 0:
        raise AssertionError(f"node {' '.join(arguments)}:\n{run.stdout}{run.stderr}")
    return run.stdout


@functools.cache
def terraform(name: str) -> dict:
    """A Terraform file as JSON, with its expressions as strings."""
    return json.loads(node("test/hcl.js", str(DEPLOY / "terraform" / name)))


class SidecarTest(unittest.TestCase):
    def setUp(self):
        self.reference = sidecar(task_definition("fargate.json")["containerDefinitions"])

    def test_it_can_not_harm_the_task(self):
        self.assertIs(self.reference["essential"], False)
        self.assertIs(self.reference["readonlyRootFilesystem"], True)
        self.assertEqual(self.reference["user"], "65532:65532")
        self.assertEqual(self.reference["linuxParameters"], {"capabilities": {"drop": ["ALL"]}})
        self.assertEqual(self.reference["restartPolicy"],
                         {"enabled": True, "restartAttemptPeriod": 60})

    def test_its_health_check_needs_no_shell(self):
        self.assertEqual(self.reference["healthCheck"]["command"],
                         ["CMD", "/ecs-task-metadata-exporter", "healthcheck"])

    def test_every_discovery_by_labels_finds_its_port(self):
        labels = self.reference["dockerLabels"]
        (mapping,) = self.reference["portMappings"]
        for label in ("ECS_PROMETHEUS_EXPORTER_PORT", "PROMETHEUS_EXPORTER_PORT"):
            self.assertEqual(labels[label], str(mapping["containerPort"]))
        agent = json.loads((DEPLOY / "prometheus/cwagent.json").read_text())
        discovery = agent["logs"]["metrics_collected"]["prometheus"]["ecs_service_discovery"]
        self.assertLessEqual(set(discovery["docker_label"].values()), labels.keys())

    def test_its_image_is_of_this_version(self):
        version = (ROOT / "VERSION").read_text().strip()
        for path in (DEPLOY / "ecs").glob("*.json"):
            image = sidecar(json.loads(path.read_text())["containerDefinitions"])["image"]
            self.assertTrue(image.endswith(f":{version}"), f"{path.name}: {image}")
        package, lock = (json.loads((DEPLOY / "cdk" / name).read_text())
                         for name in ("package.json", "package-lock.json"))
        for part in (package, lock, lock["packages"][""]):
            self.assertEqual(part["version"], version)

    def test_the_task_definitions_differ_in_the_port_alone(self):
        for name, mode, port in (("ec2-awsvpc.json", "awsvpc", {}),
                                 ("ec2-bridge.json", "bridge", {"hostPort": 0})):
            task = task_definition(name)
            self.assertEqual(task["networkMode"], mode)
            (mapping,) = self.reference["portMappings"]
            self.assertEqual(sidecar(task["containerDefinitions"]),
                             {**self.reference, "portMappings": [{**mapping, **port}]}, name)

    def test_the_cloudformation_template_has_the_same(self):
        template = yaml.load((DEPLOY / "ecs/cloudformation.yml").read_text(), Template)
        self.assertEqual(without(from_template(template), "image", "logConfiguration"),
                         without(self.reference, "image", "logConfiguration"))

    def test_only_the_scraper_is_let_in_by_it(self):
        template = yaml.load((DEPLOY / "ecs/cloudformation.yml").read_text(), Template)
        resources = template["Resources"]
        rules = [resource["Properties"] for resource in resources.values()
                 if resource["Type"] == "AWS::EC2::SecurityGroupIngress"]
        self.assertEqual([(r["FromPort"], r["ToPort"], r["SourceSecurityGroupId"]) for r in rules],
                         [(9659, 9659, {"Ref": "ScraperSecurityGroupId"})])
        self.assertNotIn("SecurityGroupIngress", resources["TaskSecurityGroup"]["Properties"])

    def test_the_cdk_construct_makes_the_same(self):
        template = json.loads((DEPLOY / "cdk/test/templates/fargate.json").read_text())
        self.assertEqual(without(from_template(template), "logConfiguration"),
                         without(self.reference, "logConfiguration"))

    def test_the_terraform_module_makes_the_same(self):
        module = terraform("main.tf")
        (local,) = module["locals"]
        text = re.sub(r"\s+", " ", local["container_definition"])
        fixed = without(self.reference, "name", "image", "portMappings", "logConfiguration",
                        "dockerLabels")
        given = {"cpu": "cpu", "memoryReservation": "memory_reservation", "memory": "memory"}
        for key, literal in literals(fixed):
            if key in given:
                (variable,) = module["variable"][given[key]]
                self.assertEqual(json.dumps(variable["default"]), literal)
                literal = f"var.{given[key]}"
            self.assertIn(f"{key} = {literal}", text)
        variables = {"9659": "tostring(var.port)", "ecs-task": "var.job_name"}
        for label, value in self.reference["dockerLabels"].items():
            self.assertIn(f"{label} = {variables.get(value, json.dumps(value))}", text)


def literals(value: dict) -> list[tuple[str, str]]:
    """Each innermost key of a container definition, with its value as HCL writes it."""
    found = []
    for key, inner in value.items():
        found += literals(inner) if isinstance(inner, dict) else [(key, json.dumps(inner))]
    return found


class ExamplesTest(unittest.TestCase):
    """That what a task cannot start without is in the examples, and said."""

    def test_the_architecture_is_a_parameter_of_the_template(self):
        template = yaml.load((DEPLOY / "ecs/cloudformation.yml").read_text(), Template)
        parameter = template["Parameters"]["CpuArchitecture"]
        self.assertEqual(parameter["AllowedValues"], ["X86_64", "ARM64"])
        self.assertIn(parameter["Default"], parameter["AllowedValues"])
        task = template["Resources"]["TaskDefinition"]["Properties"]
        self.assertEqual(task["RuntimePlatform"]["CpuArchitecture"], {"Ref": "CpuArchitecture"})

    def test_whoever_names_a_log_group_creates_it(self):
        template = yaml.load((DEPLOY / "ecs/cloudformation.yml").read_text(), Template)
        groups = {name for name, resource in template["Resources"].items()
                  if resource["Type"] == "AWS::Logs::LogGroup"}
        task = template["Resources"]["TaskDefinition"]["Properties"]
        for container in task["ContainerDefinitions"]:
            self.assertIn(container["LogConfiguration"]["Options"]["awslogs-group"]["Ref"], groups)
        example = terraform("examples/fargate/main.tf")
        (call,) = example["module"]["exporter"]
        named = re.search(r"aws_cloudwatch_log_group\.(\w+)\.name",
                          call["log_configuration"]["options"]["awslogs-group"])[1]
        self.assertIn(named, example["resource"]["aws_cloudwatch_log_group"])

    def test_the_role_may_read_the_secrets_of_the_terraform_example(self):
        example = terraform("examples/fargate/main.tf")
        (call,) = example["module"]["exporter"]
        policies = json.dumps(example["resource"]["aws_iam_role_policy"])
        self.assertIn("secretsmanager:GetSecretValue", policies)
        self.assertTrue(call["secrets"])
        for arn in call["secrets"].values():
            self.assertIn(arn.removeprefix("${").removesuffix("}"), policies)

    def test_the_document_says_what_the_sidecar_may_keep_from_starting(self):
        document = (DEPLOY / "README.md").read_text()
        for word in ("CannotPullContainerError", "repositoryCredentials", "awslogs-create-group",
                     "logs:CreateLogGroup", "ECS Exec"):
            self.assertIn(word, document)
        readme = (ROOT / "README.md").read_text()
        headings = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
                    for heading in re.findall(r"^## (.*)", document, re.MULTILINE)]
        (anchor,) = re.findall(r"\(deploy/README\.md#([\w-]+)\)", readme)
        self.assertIn(anchor, headings)


class FilesTest(unittest.TestCase):
    def test_every_json_and_yaml_can_be_read(self):
        for path in (p for p in DEPLOY.rglob("*") if not {"node_modules", "lib"} & set(p.parts)):
            if path.suffix == ".json":
                json.loads(path.read_text())
            elif path.suffix in (".yml", ".yaml"):
                yaml.load(path.read_text(), Template)

    def test_every_terraform_file_can_be_read(self):
        for path in DEPLOY.glob("terraform/**/*.tf"):
            parsed = terraform(str(path.relative_to(DEPLOY / "terraform")))
            for variable, (body,) in parsed.get("variable", {}).items():
                self.assertIn("type", body, f"{path}: {variable}")

    def test_the_terraform_example_gives_the_module_what_it_asks_for(self):
        module, example = terraform("main.tf"), terraform("examples/fargate/main.tf")
        (call,) = example["module"]["exporter"]
        needed = {name for name, (body,) in module["variable"].items() if "default" not in body}
        self.assertLessEqual(needed, call.keys())
        self.assertLessEqual(call.keys() - {"source"}, module["variable"].keys())
        asked = set(re.findall(r"module\.exporter\.(\w+)", json.dumps(example)))
        self.assertEqual(asked, module["output"].keys())

    def test_compose_mounts_what_is_there_and_scrapes_what_runs(self):
        folder = DEPLOY / "compose"
        compose = yaml.safe_load((folder / "compose.yml").read_text())
        for service in compose["services"].values():
            for volume in service.get("volumes", []):
                self.assertTrue((folder / volume.split(":")[0]).exists(), volume)
        prometheus = yaml.safe_load((folder / "prometheus.yml").read_text())
        (target,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
        self.assertIn(target.split(":")[0], compose["services"])
        health = compose["services"]["exporter"]["healthcheck"]["test"]
        self.assertEqual(health, ["CMD", "/ecs-task-metadata-exporter", "healthcheck"])

    def test_promtool_accepts_what_compose_gives_to_prometheus(self):
        with tempfile.TemporaryDirectory() as copy:
            for path in (DEPLOY / "compose/prometheus.yml", *(ROOT / "monitoring").glob("*.yml")):
                shutil.copy(path, copy)
            promtool(pathlib.Path(copy), "check", "config", "prometheus.yml")


class WorkflowsTest(unittest.TestCase):
    def setUp(self):
        paths = sorted((ROOT / ".github/workflows").glob("*.yml"))
        self.assertEqual([path.name for path in paths], ["nightly.yml", "release.yml", "test.yml"])
        self.texts = {path.name: path.read_text() for path in paths}

    def test_actions_are_pinned_by_commit_and_say_which_release_that_is(self):
        for name, text in self.texts.items():
            uses = re.findall(r"uses: (.*)", text)
            self.assertTrue(uses)
            for action in uses:
                self.assertRegex(action, r"^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", name)

    def test_rights_are_given_job_by_job(self):
        for name, text in self.texts.items():
            workflow = yaml.safe_load(text)
            self.assertEqual(workflow["permissions"], {}, name)
            for job, body in workflow["jobs"].items():
                writes = [right for right, level in body["permissions"].items() if level == "write"]
                self.assertEqual(bool(writes), job == "publish", f"{name}: {job}")

    def test_nothing_from_outside_is_pasted_into_a_shell(self):
        for name, text in self.texts.items():
            for job in yaml.safe_load(text)["jobs"].values():
                for step in job["steps"]:
                    self.assertNotIn("${{", step.get("run", ""), name)


class CdkTest(unittest.TestCase):
    def test_it_builds_and_its_own_tests_pass(self):
        node("node_modules/typescript/lib/tsc.js")
        tests = sorted(str(path) for path in (DEPLOY / "cdk/test").glob("*.test.js"))
        report = node("--test", "--test-reporter=tap", *tests)
        self.assertRegex(report, r"# pass [1-9]")
        self.assertIn("# fail 0", report)

    def test_what_is_published_is_what_is_built(self):
        package = json.loads((DEPLOY / "cdk/package.json").read_text())
        built = json.loads((DEPLOY / "cdk/tsconfig.json").read_text())["compilerOptions"]["outDir"]
        self.assertEqual(package["files"], [built, "README.md"])
        for entry in (package["main"], package["types"]):
            self.assertEqual(pathlib.PurePosixPath(entry).parent.name, built)
        for peer in package["peerDependencies"]:
            self.assertIn(peer, package["devDependencies"])

    def test_every_dependency_is_pinned_by_hash(self):
        lock = json.loads((DEPLOY / "cdk/package-lock.json").read_text())
        for path, package in lock["packages"].items():
            if path and not package.get("inBundle"):
                self.assertRegex(package.get("integrity", ""), "^sha512-", path)


if __name__ == "__main__":
    unittest.main()
