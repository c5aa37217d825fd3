"""The program alone in an empty root, as in an image FROM scratch: it serves, and its health is checked
with nothing but the environment that both have."""

import json
import os
import shutil
import subprocess
import unittest

from e2e_programs import (DEADLINE_S, Mock, Samples, Server, environment, on_a_free_port, program)
from e2e_tls import QUICK, WebTest, authorization, read


class ProgramAlone(WebTest):
    def setUp(self):
        super().setUp()
        self.root = self.folder()
        shutil.copy(program("EXPORTER"), os.path.join(self.root, "exporter"))
        tried = subprocess.run(self.inside("version"), capture_output=True, text=True)
        if tried.returncode != 0 and "unshare" in tried.stderr:
            raise unittest.SkipTest(f"another root is not permitted here: {tried.stderr.strip()}")

    def inside(self, *arguments):
        return ["unshare", "--user", "--map-root-user", f"--root={self.root}", "/exporter", *arguments]

    def started_with(self, **variables):
        """An exporter on all addresses, and its environment."""
        def start(port):
            env = environment(PORT=str(port), **variables)
            return self.started(Server(self.inside(), env)), env
        return on_a_free_port(start)

    def healthcheck(self, env):
        ended = subprocess.run(self.inside("healthcheck"), env=env, capture_output=True, text=True,
                               timeout=DEADLINE_S)
        return ended.returncode, ended.stderr

    def test_health_is_checked_whatever_it_serves(self):
        tls = {"WEB_TLS_CERT": read(f"{self.web}/server.pem"),
               "WEB_TLS_KEY": read(f"{self.web}/server.key")}
        mutual = {**tls, "WEB_TLS_CLIENT_CA": read(f"{self.web}/ca.pem")}
        users = {"WEB_BASIC_AUTH_USERS": json.dumps({"alice": QUICK})}
        for variables in ({}, tls, mutual, users, tls | users, mutual | users):
            with self.subTest(sorted(variables)):
                exporter, env = self.started_with(
                    ECS_CONTAINER_METADATA_URI_V4="http://127.0.0.1:1", **variables)
                self.assertEqual(self.healthcheck(env), (0, ""))
                exporter.end()
                code, said = self.healthcheck(env)
                self.assertEqual(code, 1)
                self.assertIn(f"127.0.0.1:{exporter.port}: cannot connect", said)

    def test_it_scrapes_and_asks_for_certificates_and_passwords(self):
        mock = self.started(Mock("--frozen"))
        exporter, _ = self.started_with(
            ECS_CONTAINER_METADATA_URI_V4=mock.url, WEB_TLS_CERT=read(f"{self.web}/server.pem"),
            WEB_TLS_KEY=read(f"{self.web}/server.key"), WEB_TLS_CLIENT_CA=read(f"{self.web}/ca.pem"),
            WEB_BASIC_AUTH_USERS=json.dumps({"alice": QUICK}))
        self.assert_refused(exporter)
        reply = self.ask(exporter, "/metrics", "client", authorization("alice"))
        self.assert_complete(Samples(reply.body))
        self.assertEqual(self.ask(exporter, "/metrics", "client").status, 401)
