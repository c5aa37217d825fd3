"""How the exporter finds the endpoint: its versions, the variables of ECS and the option."""

import json

from e2e_programs import UP, Exporter, Mock, ProgramsTest, Server, command, environment, program

V4, V3, OWN = "ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI", "ECS_METADATA_URI"


class EndpointOfATask(ProgramsTest):
    def exporter(self, *options, **variables):
        return self.started(Server(
            [program("EXPORTER"), "--web.listen-address=127.0.0.1:0", *options],
            environment(**variables)))

    def assert_uses(self, exporter, source, url):
        starting = exporter.log_entry('"msg":"starting"')
        self.assertEqual((starting["found_in"], starting["endpoint"]), (source, url))

    def test_versions_2_3_and_4_give_the_same_metrics(self):
        mock = self.started(Mock("--frozen"))
        wanted = self.started(Exporter(mock.url)).scrape()
        self.assert_complete(wanted)
        cases = [
            ("version 4", {V4: f"{mock.url}/v4/0f5a"}, [], V4, "/v4/0f5a/task"),
            ("version 3", {V3: f"{mock.url}/v3/0f5a"}, [], V3, "/v3/0f5a/task"),
            ("version 2", {}, [f"--ecs.metadata-uri={mock.url}/v2"], "--ecs.metadata-uri",
             "/v2/metadata"),
            ("a slash at the end", {V4: f"{mock.url}/v4/0f5a/"}, [], V4, "/v4/0f5a/task"),
        ]
        for name, variables, options, source, path in cases:
            with self.subTest(name):
                exporter = self.exporter(*options, **variables)
                self.assert_uses(exporter, source, mock.url + path)
                self.assertEqual(exporter.scrape().values, wanted.values)

    def test_the_first_that_is_set_and_not_empty_wins(self):
        mock = self.started(Mock("--frozen"))
        dead = f"http://127.0.0.1:{self.dead_port()}"
        live, option = mock.url, f"--ecs.metadata-uri={mock.url}"
        cases = [
            ("--ecs.metadata-uri", [option], {OWN: dead, V4: dead, V3: dead}),
            (OWN, [], {OWN: live, V4: dead, V3: dead}),
            (V4, [], {OWN: "", V4: live, V3: dead}),
            (V3, [], {OWN: "", V4: "", V3: live}),
            (V4, ["--ecs.v2"], {V4: live}),
        ]
        for source, options, variables in cases:
            with self.subTest(options=options, variables=variables):
                exporter = self.exporter(*options, **variables)
                self.assert_uses(exporter, source, f"{live}/task")
                self.assert_complete(exporter.scrape())

    def test_the_fixed_address_of_version_2_is_taken_only_where_it_is_asked_for(self):
        for source, exporter in (("--ecs.v2", self.exporter("--ecs.v2")),
                                 ("ECS_V2", self.exporter(ECS_V2="true"))):
            self.assert_uses(exporter, source, "http://169.254.170.2:80/v2/metadata")

    def test_without_any_it_ends_and_names_the_variables(self):
        for subcommand in ([], ["serve"], ["scrape"]):
            with self.subTest(subcommand):
                ended = command(*subcommand)
                self.assertEqual(ended.returncode, 2)
                (line,) = ended.stderr.splitlines()
                for name in (V4, V3, OWN, "--ecs.metadata-uri"):
                    self.assertIn(name, json.loads(line)["error"])
                self.assertEqual(ended.stdout, "")

    def test_a_bad_uri_ends_it_and_is_named_with_its_source(self):
        bad = ["https://127.0.0.1/v4/a", "127.0.0.1:80", "http://", "http:///v4/a", "nonsense",
               "http://127.0.0.1:99999/", "http://127.0.0.1/v4//a", "http://127.0.0.1/v4/a?b"]
        for uri in bad:
            for source, variables in ((OWN, {OWN: uri}), (V4, {V4: uri}),
                                      (V3, {V3: uri})):
                with self.subTest(uri=uri, source=source):
                    ended = command(**variables)
                    self.assertEqual(ended.returncode, 2)
                    (line,) = ended.stderr.splitlines()
                    self.assertTrue(json.loads(line)["error"].startswith(f"{source}: "), line)
                    if len(uri) > len("http://"):  # which the reason may name
                        self.assertNotIn(uri, line)

    def test_localhost_and_an_ipv6_address_need_no_resolver(self):
        mock = self.started(Mock("--frozen"))
        self.assert_complete(self.exporter(**{V4: f"http://localhost:{mock.port}"}).scrape())
        samples = self.exporter(**{V4: f"http://[::1]:{mock.port}"}).scrape()
        self.assertEqual(samples.values, {(UP, frozenset()): 0})  # the mock is on IPv4 only
