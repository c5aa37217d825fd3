"""What the exporter answers to requests, and where it listens."""

import http.client
import json
import socket
import unittest

from e2e_programs import (Exporter, Mock, ProgramsTest, Samples, Server, ask, command,
                          environment, on_a_free_port, program)


class AnswerOverHttp(ProgramsTest):
    def setUp(self):
        self.mock = self.started(Mock("--frozen"))
        self.exporter = self.started(Exporter(self.mock.url))

    def test_metrics_say_that_they_are_text_0_0_4(self):
        reply = self.exporter.ask("/metrics")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(int(reply.headers["Content-Length"]), len(reply.body.encode()))
        self.assert_complete(Samples(reply.body))

    def test_a_query_does_not_change_the_path(self):
        self.assert_complete(Samples(self.exporter.ask("/metrics?a=b").body))

    def test_head_has_the_headers_of_get_and_no_body(self):
        for path in ("/metrics", "/-/healthy", "/nowhere"):
            with self.subTest(path):
                get, head = self.exporter.ask(path), self.exporter.ask(path, "HEAD")
                self.assertEqual(head.status, get.status)
                for name in ("Content-Type", "Content-Length"):
                    self.assertEqual(head.headers[name], get.headers[name])
                self.assertEqual(head.body, "")

    def test_an_unknown_path_is_not_found_and_told_where_the_metrics_are(self):
        for path in ("/nowhere", "/metrics/", "/metric", "/-/"):
            with self.subTest(path):
                reply = self.exporter.ask(path)
                self.assertEqual(reply.status, 404)
                self.assertIn("/metrics", reply.body)

    def test_any_other_method_is_not_allowed(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            with self.subTest(method):
                reply = self.exporter.ask("/metrics", method)
                self.assertEqual((reply.status, reply.headers["Allow"]), (405, "GET, HEAD"))

    def test_the_path_of_the_metrics_can_be_another(self):
        exporter = self.started(Exporter(self.mock.url, "--web.telemetry-path=/deep/down"))
        self.assert_complete(Samples(exporter.ask("/deep/down").body))
        self.assertEqual(exporter.ask("/metrics").status, 404)

    def test_it_is_healthy_while_the_endpoint_is_dead(self):
        exporter = self.started(Exporter(f"http://127.0.0.1:{self.dead_port()}"))
        self.assertEqual(exporter.scrape().up, (0, {}))
        reply = exporter.ask("/-/healthy")
        self.assertEqual((reply.status, reply.body), (200, "healthy\n"))

    def test_it_is_not_ready_before_the_endpoint_has_answered(self):
        self.mock.set_faults("fail=both=500")
        exporter = self.started(Exporter(self.mock.url, "--ecs.min-interval=0"))
        self.assertEqual(exporter.ask("/-/ready").status, 503)
        self.mock.set_faults("")
        self.assertEqual(exporter.ask("/-/ready").status, 200)

    def test_it_is_healthy_while_a_scrape_hangs(self):
        self.mock.set_faults("delay=3600s")
        scrape = http.client.HTTPConnection("127.0.0.1", self.exporter.port)
        self.addCleanup(scrape.close)
        before = self.mock.requests()
        scrape.request("GET", "/metrics")
        while self.mock.requests() == before:
            self.assertEqual(self.exporter.ask("/-/healthy").status, 200)
        self.assertEqual(self.exporter.ask("/-/healthy").status, 200)

    def test_one_connection_serves_scrape_after_scrape(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.exporter.port)
        self.addCleanup(connection.close)
        connection.connect()
        first = connection.sock
        for _ in range(5):
            connection.request("GET", "/metrics")
            self.assertEqual(connection.getresponse().read()[:6], b"# HELP")
            self.assertIs(connection.sock, first)


class ListeningAddress(ProgramsTest):
    ENDPOINT = "--ecs.metadata-uri=http://127.0.0.1:1"

    def serving(self, *options, **variables):
        return self.started(
            Server([program("EXPORTER"), self.ENDPOINT, *options], environment(**variables)))

    def taken_port(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        return taken.getsockname()[1]

    def assert_healthy(self, port, host="127.0.0.1"):
        self.assertEqual(ask(port, "/-/healthy", host=host).status, 200)

    def test_port_0_picks_a_port_and_the_log_says_which(self):
        exporter = self.serving("--web.listen-address=127.0.0.1:0")
        self.assertRegex(exporter.address, r"^127\.0\.0\.1:[1-9]\d*$")
        self.assert_healthy(exporter.port)

    def test_the_port_comes_from_the_environment_and_is_on_all_addresses(self):
        port, exporter = on_a_free_port(lambda port: (port, self.serving(PORT=str(port))))
        self.assertRegex(exporter.address, rf"^(\[::\]|0\.0\.0\.0):{port}$")
        self.assert_healthy(port)
        if exporter.address.startswith("[::]"):
            self.assert_healthy(port, host="::1")

    def test_the_option_wins_over_the_port_of_the_environment(self):
        exporter = self.serving("--web.listen-address=127.0.0.1:0", PORT=str(self.taken_port()))
        self.assert_healthy(exporter.port)

    def test_several_addresses_are_all_served(self):
        exporter = self.serving("--web.listen-address=127.0.0.1:0",
                                "--web.listen-address=127.0.0.2:0")
        exporter.wait_for_line('"address":"127.0.0.2:')
        addresses = [line["address"] for line in exporter.log if line["msg"] == "listening"]
        self.assertEqual(len(addresses), 2)
        for address in addresses:
            host, port = address.split(":")
            self.assert_healthy(int(port), host)

    def test_an_ipv6_address_stands_in_brackets(self):
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                pass
        except OSError as e:
            raise unittest.SkipTest(f"this host has no IPv6: {e}")
        exporter = self.serving(WEB_LISTEN_ADDRESS="[::1]:0")
        self.assertRegex(exporter.address, r"^\[::1\]:[1-9]\d*$")
        self.assert_healthy(exporter.port, "::1")

    def test_an_address_in_use_ends_it_with_one_sentence(self):
        port = self.taken_port()
        for options, variables in (([f"--web.listen-address=127.0.0.1:{port}"], {}),
                                   ([], {"PORT": str(port)})):
            with self.subTest(options=options, variables=variables):
                ended = command(self.ENDPOINT, *options, **variables)
                self.assertEqual(ended.returncode, 1)
                errors = [line for line in map(json.loads, ended.stderr.splitlines())
                          if line["level"] == "error"]
                self.assertEqual(len(errors), 1)
                self.assertRegex(errors[0]["error"],
                                 rf"^cannot listen on (127\.0\.0\.1)?:{port}: .*in use$")
