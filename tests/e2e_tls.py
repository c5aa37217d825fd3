"""TLS, client certificates, passwords, and the web configuration file, read again when it changes."""

import base64
import contextlib
import glob
import http.client
import json
import os
import select
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from e2e_programs import (DEADLINE_S, AddressInUse, Exporter, Mock, ProgramsTest, Reply, Samples,
                          Server, command, environment, installed, on_a_free_port, program,
                          wait_until)
from e2e_prometheus import Prometheus

TESTDATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata", "web")
DEAD = "--ecs.metadata-uri=http://127.0.0.1:1"

# Hashes of "open sesame".
QUICK = "$2y$04$Zc3kQ9vXhT1uWm5eYb7NaO3iFysENpmkalkQa.bFwlNzxblq1xQ96"
SLOW = "$2b$14$Pf8sLr2xVj6tKd0gUi4QwOPRnosOmAqzgtWYhVgWgP/CiezZVZ1Nu"


def openssl(*arguments, text="", check=True):
    return subprocess.run([installed("openssl"), *arguments], input=text, capture_output=True,
                          text=True, check=check, timeout=DEADLINE_S)


# A strict client, as Python 3.13, wants to be told what a key is for.
KEY_USAGE = ("-addext", "keyUsage=critical,digitalSignature,keyCertSign")


def self_signed(folder, name, *extensions):
    """NAME.pem and NAME.key."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key",
            "-out", f"{folder}/{name}.pem", *KEY_USAGE, *extensions)


def signed(folder, request, authority, key, *options):
    """The certificate that an authority with that key gives for NAME.csr, as PEM. It names the key
    of the authority, without which a strict client does not trust it."""
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as extensions:
        extensions.write("subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        extensions.flush()
        return openssl("x509", "-req", "-in", f"{folder}/{request}.csr", "-CA",
                       f"{folder}/{authority}.pem", "-CAkey", f"{folder}/{key}.key", "-days", "2",
                       "-extfile", extensions.name, "-copy_extensions", "copyall", *options).stdout


def of_the_ca(folder, name, san):
    """NAME.pem of ca.pem, and NAME.key."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr",
            "-addext", f"subjectAltName={san}", "-addext", "extendedKeyUsage=clientAuth,serverAuth")
    signed(folder, name, "ca", "ca", "-out", f"{folder}/{name}.pem")


def copy(folder, name, new_name):
    """The same certificate and key by other names."""
    for ending in ("pem", "key"):
        shutil.copy(f"{folder}/{name}.{ending}", f"{folder}/{new_name}.{ending}")


def read(path):
    with open(path) as file:
        return file.read()


def authorization(name, password="open sesame"):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


class WebTest(ProgramsTest):
    """A folder with certificates, and exporters that serve with a configuration of it."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.mkdtemp(prefix="ecs-exporter-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        self_signed(cls.certificates, "ca")
        self_signed(cls.certificates, "stranger")
        of_the_ca(cls.certificates, "server", "DNS:localhost,IP:127.0.0.1")
        of_the_ca(cls.certificates, "other", "DNS:other.internal")
        of_the_ca(cls.certificates, "client", "DNS:prometheus.internal,IP:10.0.0.7")

    def setUp(self):
        self.web = self.folder()
        for path in glob.glob(f"{self.certificates}/*"):
            shutil.copy(path, self.web)

    def configure(self, text):
        """At once, as one who edits with care does."""
        path = f"{self.web}/web.yml"
        with open(f"{path}.new", "w") as file:
            file.write(text)
        os.replace(f"{path}.new", path)
        return path

    def serving(self, text, *options, endpoint=DEAD):
        return self.started(Server(
            [program("EXPORTER"), "--web.listen-address=127.0.0.1:0", endpoint,
             f"--web.config.file={self.configure(text)}", "--log.level=debug", *options],
            environment()))

    def tls(self, more="", server="server"):
        return (f"tls_server_config:\n  cert_file: {server}.pem\n  key_file: {server}.key\n" + more)

    def context(self, client=None):
        context = ssl.create_default_context(cafile=f"{self.web}/ca.pem")
        if client:
            context.load_cert_chain(f"{self.web}/{client}.pem", f"{self.web}/{client}.key")
        return context

    def connection(self, exporter, client=None):
        connection = http.client.HTTPSConnection("127.0.0.1", exporter.port, timeout=DEADLINE_S,
                                                 context=self.context(client))
        self.addCleanup(connection.close)
        return connection

    def ask(self, exporter, path="/-/healthy", client=None, headers={}):
        connection = self.connection(exporter, client)
        connection.request("GET", path, headers=headers)
        return Reply(connection.getresponse())

    def assert_refused(self, exporter, client=None):
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.ask(exporter, client=client)

    def s_client(self, exporter, *options):
        """What the client said, and whether there was a session."""
        ended = openssl("s_client", "-connect", f"127.0.0.1:{exporter.port}", *options, check=False)
        said = ended.stdout.replace("Peer Temp Key:", "Server Temp Key:")  # as OpenSSL 3.5 says it
        return said, ended.returncode == 0 and "Cipher is (NONE)" not in said


class ConfigurationsThatPromtoolKnows(WebTest):
    """Each file is taken, or refused, as promtool does."""

    def setUp(self):
        super().setUp()
        shutil.copytree(TESTDATA, self.web, dirs_exist_ok=True)
        copy(self.web, "server", "cert")
        os.replace(f"{self.web}/cert.key", f"{self.web}/key.pem")
        with open(f"{self.web}/both.pem", "w") as file:
            file.write(read(f"{self.web}/key.pem") + read(f"{self.web}/cert.pem"))

    def promtool_takes(self, name):
        return subprocess.run([installed("promtool"), "check", "web-config", name], cwd=self.web,
                              capture_output=True, timeout=DEADLINE_S).returncode == 0

    def names(self, kind):
        names = sorted(glob.glob(f"{kind}/*.yml", root_dir=self.web))
        self.assertGreater(len(names), 20)
        return names

    def test_good_ones_are_served(self):
        for name in self.names("good"):
            with self.subTest(name):
                self.assertTrue(self.promtool_takes(name))
                exporter = Server([program("EXPORTER"), "--web.listen-address=127.0.0.1:0", DEAD,
                                   f"--web.config.file={self.web}/{name}"], environment())
                exporter.end()

    def test_bad_ones_end_it_with_the_sentence_beside_them(self):
        for name in self.names("bad"):
            with self.subTest(name):
                self.assertFalse(self.promtool_takes(name))
                ended = subprocess.run(
                    [program("EXPORTER"), "--web.listen-address=127.0.0.1:0", DEAD,
                     f"--web.config.file={name}"], cwd=self.web, env=environment(),
                    capture_output=True, text=True, timeout=DEADLINE_S)
                self.assertEqual(ended.returncode, 2)
                (line,) = [json.loads(line) for line in ended.stderr.splitlines()]
                self.assertEqual(line["error"] + "\n",
                                 read(f"{self.web}/{name.removesuffix('.yml')}.error"))


class Https(WebTest):
    def test_a_client_that_sends_without_a_pause_holds_up_nobody_else(self):
        for sent in (b"\r\n", b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"):
            with self.subTest(sent):
                exporter = self.serving(self.tls())
                over, begun = threading.Event(), threading.Event()

                def flood(data=2_000_000 // len(sent) * sent):
                    while not over.is_set():
                        # The exporter closes what is too much for it, and all when it ends.
                        with contextlib.suppress(OSError), self.context().wrap_socket(
                                socket.create_connection(("127.0.0.1", exporter.port), DEADLINE_S),
                                server_hostname="localhost") as client:
                            begun.set()
                            while not over.is_set():
                                client.sendall(data)

                floods = [threading.Thread(target=flood) for _ in range(2)]
                for thread in floods:
                    thread.start()
                try:
                    self.assertTrue(begun.wait(DEADLINE_S))
                    for _ in range(3):
                        self.assertEqual(self.ask(exporter).status, 200)
                finally:
                    over.set()
                    exporter.end()
                    for thread in floods:
                        thread.join(DEADLINE_S)

    def test_both_versions_of_tls_are_served_and_the_log_says_https(self):
        exporter = self.serving(self.tls())
        self.assertEqual([line["scheme"] for line in exporter.log if "scheme" in line], ["https"])
        for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            with self.subTest(version):
                said, agreed = self.s_client(exporter, option, "-CAfile", f"{self.web}/ca.pem")
                self.assertTrue(agreed)
                self.assertIn(f"New, {version}, Cipher is", said)
                self.assertIn("Verify return code: 0 (ok)", said)

    def test_old_versions_are_refused_unless_asked_for(self):
        old = ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        self.assertFalse(self.s_client(self.serving(self.tls()), *old)[1])
        said, agreed = self.s_client(self.serving(self.tls("  min_version: TLS10\n")), *old)
        self.assertTrue(agreed)
        self.assertIn("New, TLSv1.0, Cipher is ECDHE-ECDSA-AES", said)

    def test_weak_cipher_suites_are_refused(self):
        exporter = self.serving(self.tls())
        weak = [suite for suite in openssl("ciphers", "-s", "-tls1_2", "ALL:eNULL@SECLEVEL=0")
                .stdout.strip().split(":") if not suite.startswith("ECDHE-ECDSA-") or
                not ("GCM" in suite or "CHACHA20" in suite) or "ARIA" in suite]
        self.assertGreater(len(weak), 20)
        self.assertIn("ECDHE-ECDSA-AES128-SHA", weak)
        for suite in weak:
            with self.subTest(suite):
                self.assertFalse(self.s_client(exporter, "-tls1_2", "-cipher",
                                               f"{suite}@SECLEVEL=0")[1])
        self.assertTrue(self.s_client(exporter, "-tls1_2", "-cipher",
                                      "ECDHE-ECDSA-AES128-GCM-SHA256")[1])

    def test_suites_versions_and_curves_are_those_of_the_file(self):
        exporter = self.serving(self.tls(
            "  max_version: TLS12\n  curve_preferences: [CurveP384]\n"
            "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n"))
        said, agreed = self.s_client(exporter)
        self.assertTrue(agreed)
        self.assertIn("TLSv1.2, Cipher is ECDHE-ECDSA-CHACHA20-POLY1305", said)
        self.assertIn("Server Temp Key: ECDH, secp384r1", said)
        self.assertFalse(self.s_client(exporter, "-tls1_3")[1])
        self.assertFalse(self.s_client(exporter, "-curves", "X25519")[1])

    def test_http_1_1_is_what_is_agreed_upon(self):
        exporter = self.serving(self.tls("http_server_config:\n  http2: true\n"))
        self.assertIn("ALPN protocol: http/1.1",
                      self.s_client(exporter, "-alpn", "h2,http/1.1")[0])
        self.assertFalse(self.s_client(exporter, "-alpn", "h2")[1])
        exporter.wait_for_line("http2 is ignored")

    def test_a_connection_serves_scrape_after_scrape(self):
        mock = self.started(Mock("--frozen"))
        exporter = self.serving(self.tls(), endpoint=f"--ecs.metadata-uri={mock.url}")
        connection = self.connection(exporter)
        for _ in range(5):
            connection.request("GET", "/metrics")
            self.assertEqual(Samples(connection.getresponse().read().decode()).up[0], 1)

    def test_plain_http_is_told_to_come_back_with_https(self):
        reply = self.serving(self.tls()).ask("/metrics")
        self.assertEqual((reply.status, reply.body), (400, "this port speaks HTTPS, not HTTP\n"))

    def test_requests_that_are_refused_are_told_so(self):
        exporter = self.serving(self.tls())
        self.assertEqual(self.ask(exporter, headers={"X-Long": 9000 * "x"}).status, 431)

    def test_a_client_that_says_nothing_keeps_no_one_waiting(self):
        exporter = self.serving(self.tls(), "--web.max-connections=2")
        with contextlib.ExitStack() as silent:
            for _ in range(8):
                silent.enter_context(socket.create_connection(("127.0.0.1", exporter.port)))
            self.assertEqual(self.ask(exporter).status, 200)

    def test_the_headers_of_the_file_are_on_each_reply(self):
        headers = {"Strict-Transport-Security": "max-age=60", "X-XSS-Protection": "0",
                   "X-Content-Type-Options": "nosniff", "X-Frame-Options": "deny",
                   "Content-Security-Policy": "sandbox"}
        exporter = self.serving(
            self.tls("http_server_config: " + json.dumps({"headers": headers})))  # which is YAML too
        for path in ("/-/healthy", "/nowhere"):
            reply = self.ask(exporter, path)
            self.assertEqual({name: reply.headers[name] for name in headers}, headers)

    def test_pem_may_stand_in_the_file_itself(self):
        def quoted(name):
            return json.dumps(read(f"{self.web}/{name}"))  # which is YAML too
        exporter = self.serving(
            f"tls_server_config:\n  cert: {quoted('server.pem')}\n  key: {quoted('server.key')}\n"
            f"  client_ca: {quoted('ca.pem')}\n  client_auth_type: RequireAndVerifyClientCert\n")
        self.assertEqual(self.ask(exporter, client="client").status, 200)
        self.assert_refused(exporter)


class ClientCertificates(WebTest):
    CASES = {  # which clients each type lets in
        "NoClientCert": {None, "stranger", "client"},
        "RequestClientCert": {None, "stranger", "client"},
        "RequireAnyClientCert": {"stranger", "client"},
        "VerifyClientCertIfGiven": {None, "client"},
        "RequireAndVerifyClientCert": {"client"},
    }

    def test_each_type_lets_in_whom_it_says(self):
        for kind, let_in in self.CASES.items():
            ca = "" if kind == "NoClientCert" else "  client_ca_file: ca.pem\n"
            exporter = self.serving(self.tls(f"  client_auth_type: {kind}\n{ca}"))
            for client in (None, "stranger", "client"):
                with self.subTest(kind=kind, client=client):
                    if client in let_in:
                        self.assertEqual(self.ask(exporter, client=client).status, 200)
                    else:
                        self.assert_refused(exporter, client)

    def test_only_allowed_names_are_let_in(self):
        base = self.tls("  client_ca_file: ca.pem\n"
                        "  client_auth_type: RequireAndVerifyClientCert\n")
        for san in ("prometheus.internal", "10.0.0.7"):
            exporter = self.serving(base + f"  client_allowed_sans: [a.internal, {san}]\n")
            self.assertEqual(self.ask(exporter, client="client").status, 200)
            self.assert_refused(exporter, "other")
        self.assert_refused(self.serving(base + "  client_allowed_sans: [internal]\n"), "client")

    def test_names_need_a_certificate_to_stand_in(self):
        ended = command(DEAD, "--web.config.file=" + self.configure(
            self.tls("  client_allowed_sans: [a]\n  client_auth_type: RequestClientCert\n")))
        self.assertEqual(ended.returncode, 2)
        self.assertIn("client_allowed_sans without client_auth_type", ended.stderr)


class Passwords(WebTest):
    USERS = f"basic_auth_users:\n  alice: {QUICK}\n  bob: {SLOW}\n"

    def test_every_path_wants_one(self):
        exporter = self.serving(self.USERS)
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/nowhere"):
            with self.subTest(path):
                reply = exporter.ask(path)
                self.assertEqual((reply.status, reply.headers["WWW-Authenticate"]), (401, "Basic"))
                self.assertNotEqual(exporter.ask(path, headers=authorization("alice")).status, 401)

    def test_only_the_right_one_of_a_known_name_will_do(self):
        exporter = self.serving(f"basic_auth_users:\n  alice: {QUICK}\n")
        ask = lambda headers: exporter.ask("/-/healthy", headers=headers).status
        for _ in range(2):  # what was right must not make right what is wrong
            self.assertEqual(ask(authorization("alice")), 200)
            for wrong in (authorization("alice", "open"), authorization("alice", ""),
                          authorization("alice", "open sesame\0"), authorization("mallory"),
                          authorization(""), {"Authorization": "Basic"},
                          {"Authorization": "Basic !!!!"}, {"Authorization": "Basic YWxpY2U="},
                          {"Authorization": authorization("alice")["Authorization"][6:]},
                          {"Authorization": "Bearer x"}):
                with self.subTest(wrong):
                    self.assertEqual(ask(wrong), 401)

    def test_a_name_that_nobody_has_takes_as_long_as_any_other(self):
        exporter = self.serving(self.USERS)  # as the slowest of the others
        bob = authorization("bob")
        self.assertEqual(exporter.ask("/-/healthy", headers=bob).status, 200)
        asked = [self.pending(exporter, "mallory", f"wrong {n}") for n in range(4)]
        for _ in range(20):
            self.assertEqual(exporter.ask("/-/healthy", headers=bob).status, 200)
        self.assertEqual(select.select(asked[-1:], [], [], 0)[0], [])

    def pending(self, exporter, name, password):
        """A socket on which a request has been sent."""
        asked = socket.create_connection(("127.0.0.1", exporter.port), DEADLINE_S)
        self.addCleanup(asked.close)
        header = authorization(name, password)["Authorization"]
        asked.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n\r\n".encode())
        return asked

    def test_a_slow_hash_does_not_delay_a_scrape_and_too_many_are_refused(self):
        exporter = self.serving(self.USERS)
        alice = authorization("alice")
        self.assertEqual(exporter.ask("/-/healthy", headers=alice).status, 200)
        asked = [self.pending(exporter, "bob", f"wrong {n}") for n in range(20)]
        self.assertEqual(exporter.ask("/-/healthy", headers=alice).status, 200)
        statuses = []
        while len(statuses) < 4:  # those that need not wait for a hash are answered first
            for one in select.select(asked, [], [], DEADLINE_S)[0]:
                statuses.append(one.recv(4096).split()[1])
                asked.remove(one)
        self.assertGreaterEqual(statuses.count(b"503"), 3)
        self.assertEqual(exporter.ask("/-/healthy", headers=alice).status, 200)
        self.assertEqual(select.select(asked[-1:], [], [], 0)[0], [])
        # And nobody waits for the rest at the end.
        exporter.send(15)
        self.assertEqual(exporter.wait(), 0)


    def test_a_client_that_guesses_locks_out_no_other(self):
        exporter = self.serving(f"basic_auth_users:\n  bob: {SLOW}\n")
        for n in range(40):
            self.pending(exporter, "bob", f"wrong {n}")
        other = http.client.HTTPConnection("127.0.0.1", exporter.port, DEADLINE_S,
                                           source_address=("127.0.0.2", 0))
        self.addCleanup(other.close)
        other.request("GET", "/-/healthy", headers=authorization("bob"))
        self.assertEqual(Reply(other.getresponse()).status, 200)


class ConfigurationThatChanges(WebTest):
    def subject(self, exporter):
        """Whose certificate new connections get."""
        pem = ssl.get_server_certificate(("127.0.0.1", exporter.port), timeout=DEADLINE_S)
        return openssl("x509", "-noout", "-subject", text=pem).stdout.strip()

    def test_a_new_certificate_is_for_new_connections_and_old_ones_stay(self):
        copy(self.web, "server", "mine")
        exporter = self.serving(self.tls(server="mine"))
        self.assertIn("server", self.subject(exporter))
        connection = self.connection(exporter)
        connection.request("GET", "/-/healthy")
        connection.getresponse().read()
        kept = connection.sock
        copy(self.web, "other", "mine")
        wait_until("the other certificate is served",
                   lambda: "other" in self.subject(exporter))
        connection.request("GET", "/-/healthy")
        self.assertEqual(connection.getresponse().read(), b"healthy\n")
        self.assertIs(connection.sock, kept)

    def test_a_new_authority_is_for_new_connections(self):
        shutil.copy(f"{self.web}/ca.pem", f"{self.web}/clients.pem")
        exporter = self.serving(self.tls("  client_ca_file: clients.pem\n"
                                         "  client_auth_type: RequireAndVerifyClientCert\n"))
        self.assertEqual(self.ask(exporter, client="client").status, 200)
        self.assert_refused(exporter, "stranger")
        shutil.copy(f"{self.web}/stranger.pem", f"{self.web}/clients.pem")

        def is_let_in():
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                return self.ask(exporter, client="stranger").status == 200

        wait_until("the stranger is none any more", is_let_in)
        self.assert_refused(exporter, "client")

    def test_less_is_asked_of_clients_only_after_a_restart(self):
        shutil.copy(f"{self.web}/ca.pem", f"{self.web}/clients.pem")
        strict = self.tls("  client_auth_type: RequireAndVerifyClientCert\n"
                          "  client_ca_file: clients.pem\n"
                          "  client_allowed_sans: [prometheus.internal]\n")
        lines = strict.splitlines(keepends=True)
        without_ca = "".join(line for line in lines if "clients.pem" not in line)
        for weaker in ("".join(lines[:3]),   # as a file that is half written
                       "".join(lines[:-1]),  # any certificate of the authority
                       without_ca,           # of any authority that the system trusts
                       without_ca.replace("RequireAndVerifyClientCert", "RequireAnyClientCert")):
            with self.subTest(weaker):
                exporter = self.serving(strict)
                self.configure(weaker)
                self.assert_kept(exporter, lambda: self.ask(exporter, client="client").status,
                                 "less is asked of the certificates of clients only after a restart")
                self.assert_refused(exporter)
                self.assert_refused(exporter, "server")

    def test_what_is_chosen_of_tls_ends_only_after_a_restart(self):
        for choice, error in (
                ("  min_version: TLS13\n", "older versions of TLS are spoken"),
                ("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n", "cipher_suites end"),
                ("  curve_preferences: [CurveP256]\n", "curve_preferences end"),
                ("http_server_config:\n  headers: {Strict-Transport-Security: max-age=9}\n",
                 "the header Strict-Transport-Security ends or is cut short")):
            with self.subTest(choice):
                exporter = self.serving(self.tls(choice))
                self.configure(self.tls())
                self.assert_kept(exporter, lambda: self.ask(exporter).status,
                                 f"{error} only after a restart")

    def test_no_header_ends_alone_and_none_is_cut_short(self):
        def headers(**values):
            return self.tls("http_server_config:\n  headers:\n" + "".join(
                f"    {name.replace('_', '-')}: {value}\n" for name, value in values.items()))

        both = {"X_Frame_Options": "deny", "Strict_Transport_Security": "max-age=31536000"}
        for less, lost in (
                ({"X_Frame_Options": "deny"}, "Strict-Transport-Security"),
                ({"Strict_Transport_Security": "max-age=31536000"}, "X-Frame-Options"),
                (both | {"Strict_Transport_Security": "max-age=3"}, "Strict-Transport-Security")):
            with self.subTest(less):
                exporter = self.serving(headers(**both))
                self.configure(headers(**less))
                self.assert_kept(exporter, lambda: self.ask(exporter).status,
                                 f"the header {lost} ends or is cut short only after a restart")
        exporter = self.serving(headers(**both))
        self.configure(headers(**both | {"X_Frame_Options": "sameorigin"}))
        wait_until("another value is sent",
                   lambda: self.ask(exporter).headers["X-Frame-Options"] == "sameorigin")

    def test_users_come_and_go(self):
        exporter = self.serving(f"basic_auth_users:\n  alice: {QUICK}\n")
        ask = lambda name: exporter.ask("/-/healthy", headers=authorization(name)).status
        self.assertEqual((ask("alice"), ask("carol")), (200, 401))
        self.configure(f"basic_auth_users:\n  carol: {QUICK}\n")
        wait_until("carol is let in", lambda: ask("carol") == 200)
        self.assertEqual(ask("alice"), 401)

    def assert_kept(self, exporter, ask, error):
        """The old one goes on, and the log says why."""
        def refused():
            self.assertEqual(ask(), 200)
            return self.errors(exporter)

        (line,) = wait_until("the change is refused", refused)
        self.assertIn(error, line["error"])

    def errors(self, exporter):
        return [line for line in exporter.log if line["level"] == "error"]

    def test_a_broken_file_changes_nothing_but_the_log(self):
        good = self.tls(f"basic_auth_users:\n  alice: {QUICK}\n")
        exporter = self.serving(good)
        ask = lambda: self.ask(exporter, headers=authorization("alice")).status
        self.configure(good + "unknown: key\n")
        self.assert_kept(exporter, ask, "unknown key, none of")
        self.configure(good.replace("alice", "carol"))
        wait_until("the mended file is taken", lambda: ask() == 401)
        self.assertEqual(len(self.errors(exporter)), 1)

    def test_a_certificate_without_its_key_changes_nothing_but_the_log(self):
        copy(self.web, "server", "mine")
        exporter = self.serving(self.tls(server="mine"))
        shutil.copy(f"{self.web}/other.pem", f"{self.web}/mine.pem")
        self.assert_kept(exporter, lambda: self.ask(exporter).status, "is not the key of")
        self.assertIn("server", self.subject(exporter))
        shutil.copy(f"{self.web}/other.key", f"{self.web}/mine.key")
        wait_until("both are taken", lambda: "other" in self.subject(exporter))

    def test_protection_does_not_end_with_an_empty_file(self):
        exporter = self.serving(self.tls())
        self.configure("")
        self.assert_kept(exporter, lambda: self.ask(exporter).status, "TLS ends only after")
        exporter = self.serving(f"basic_auth_users:\n  alice: {QUICK}\n")
        self.configure("")
        ask = lambda: exporter.ask("/-/healthy", headers=authorization("alice")).status
        self.assert_kept(exporter, ask, "passwords are no longer asked for only after")
        self.assertEqual(exporter.ask("/-/healthy").status, 401)


class ConfigurationOfTheEnvironment(WebTest):
    def variables(self, **more):
        return {"WEB_TLS_CERT": read(f"{self.web}/server.pem"),
                "WEB_TLS_KEY": read(f"{self.web}/server.key"), **more}

    def test_it_says_the_same(self):
        exporter = self.started(Exporter("http://127.0.0.1:1", **self.variables(
            WEB_TLS_CLIENT_CA=read(f"{self.web}/ca.pem"),
            WEB_BASIC_AUTH_USERS=json.dumps({"alice": QUICK}))))
        self.assert_refused(exporter)
        self.assertEqual(self.ask(exporter, client="client").status, 401)
        self.assertEqual(
            self.ask(exporter, client="client", headers=authorization("alice")).status, 200)

    def test_the_file_may_be_named_there(self):
        exporter = self.started(Exporter("http://127.0.0.1:1",
                                         WEB_CONFIG_FILE=self.configure(self.tls())))
        self.assertEqual(self.ask(exporter).status, 200)

    def test_half_of_it_or_both_are_refused(self):
        cases = {
            "WEB_TLS_CERT and WEB_TLS_KEY go together": {"WEB_TLS_CERT": "x"},
            "WEB_TLS_CLIENT_CA without WEB_TLS_CERT": {"WEB_TLS_CLIENT_CA": "x"},
            "WEB_TLS_CERT has no certificate": {"WEB_TLS_CERT": "x", "WEB_TLS_KEY": "x"},
            "WEB_TLS_KEY has no private key": self.variables(WEB_TLS_KEY="x"),
            "WEB_TLS_CLIENT_CA has no certificate": self.variables(WEB_TLS_CLIENT_CA="x"),
            "WEB_BASIC_AUTH_USERS is not a JSON object": {"WEB_BASIC_AUTH_USERS": "[]"},
            "WEB_BASIC_AUTH_USERS is not a JSON object of": {"WEB_BASIC_AUTH_USERS": "{}"},
            "WEB_BASIC_AUTH_USERS: name 1: this user has no bcrypt hash":
                {"WEB_BASIC_AUTH_USERS": '{"alice": "plain"}'},
            "WEB_CONFIG_FILE and WEB_TLS_CERT are both given":
                self.variables(WEB_CONFIG_FILE="web.yml"),
        }
        for sentence, variables in cases.items():
            with self.subTest(sentence):
                ended = command(DEAD, **variables)
                self.assertEqual(ended.returncode, 2)
                self.assertIn(sentence, ended.stderr)
                self.assertNotIn("PRIVATE KEY", ended.stderr)
                self.assertEqual(len(ended.stderr.splitlines()), 1)


class HealthcheckCommand(WebTest):
    def healthcheck(self, exporter, *options, **variables):
        return command("healthcheck", *options,
                       f"--web.listen-address=127.0.0.1:{exporter.port}", **variables)

    def assert_alive(self, ended):
        self.assertEqual((ended.stderr, ended.stdout, ended.returncode), ("", "", 0))

    def assert_dead(self, ended, sentence):
        self.assertEqual((ended.stdout, ended.returncode), ("", 1))
        self.assertRegex(ended.stderr, rf"\A[^\n]*{sentence}[^\n]*\n\Z")

    def test_an_exporter_is_alive_in_each_mode(self):
        required = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
        users = f"basic_auth_users:\n  bob: {SLOW}\n"
        for text in ("", self.tls(), users, self.tls(users), self.tls(required),
                     self.tls(required + "  max_version: TLS12\n"), self.tls(required + users),
                     self.tls("  min_version: TLS10\n  max_version: TLS10\n")):
            with self.subTest(text):
                exporter = self.serving(text)
                self.assert_alive(
                    self.healthcheck(exporter, f"--web.config.file={self.web}/web.yml"))

    def test_a_configuration_that_is_being_changed_kills_nobody(self):
        for text in ("", self.tls()):
            exporter = self.serving(text)
            path = self.configure("tls_server_")
            self.assert_alive(self.healthcheck(exporter, f"--web.config.file={path}"))

    def test_the_port_is_that_of_the_environment(self):
        def start(port):
            return self.started(Server([program("EXPORTER"), DEAD],
                                       environment(PORT=str(port)))).port
        port = on_a_free_port(start)
        self.assert_alive(command("healthcheck", PORT=str(port)))
        for address in (f":{port}", f"0.0.0.0:{port}"):
            self.assert_alive(command("healthcheck", WEB_LISTEN_ADDRESS=f"{address},127.0.0.1:1"))

    def test_nobody_there_is_dead(self):
        port = self.dead_port()
        self.assert_dead(command("healthcheck", f"--web.listen-address=127.0.0.1:{port}"),
                         f"127.0.0.1:{port}: cannot connect: ")
        self.assert_dead(command("healthcheck", PORT="0"), "the port is 0")

    def test_who_does_not_answer_as_expected_is_dead(self):
        plain, https = self.serving(""), self.serving(self.tls())
        self.assert_dead(self.healthcheck(plain, f"--web.config.file={self.web}/web.yml"),
                         "no reply over TLS: ")
        self.assert_dead(self.healthcheck(https), "status 400")

    def test_who_does_not_answer_at_all_is_dead(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        port = silent.getsockname()[1]
        for options in ([], [f"--web.config.file={self.configure(self.tls())}"]):
            self.assert_dead(command("healthcheck", *options,
                                     f"--web.listen-address=127.0.0.1:{port}"),
                             "no reply within 2 seconds")


class PrometheusThatIsLetIn(WebTest):
    def test_it_scrapes_with_a_client_certificate_and_a_password(self):
        mock = self.started(Mock("--frozen"))
        exporter = self.serving(
            self.tls("  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
                     "  client_allowed_sans: [prometheus.internal]\n"
                     f"basic_auth_users:\n  alice: {QUICK}\n"),
            endpoint=f"--ecs.metadata-uri={mock.url}")
        for _ in range(5):
            prometheus = self.started(Prometheus(self.folder(), {"secure": exporter}, {
                "scheme": "https",
                "basic_auth": {"username": "alice", "password": "open sesame"},
                "tls_config": {"ca_file": f"{self.web}/ca.pem",
                               "cert_file": f"{self.web}/client.pem",
                               "key_file": f"{self.web}/client.key"}}))
            if prometheus.is_ready():
                break
        wait_until("it was scraped", lambda: prometheus.values("up") == [1])
        self.assertTrue(prometheus.series("secure"))
