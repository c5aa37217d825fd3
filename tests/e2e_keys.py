"""Every kind of key, certificate, signature, group and cipher suite that TLS must know. The release
holds only a part of OpenSSL: what it lost by mistake is missed here."""

import contextlib
import functools
import http.client
import itertools
import re
import shutil
import ssl
import tempfile
import unittest

from e2e_programs import DEADLINE_S, command
from e2e_tls import KEY_USAGE, WebTest, openssl, read, signed

# How openssl makes a key of each kind, and signs with it.
KEYS = {
    "rsa": ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
    "pss": ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["ed25519"],
}
# Authorities: the kind of their key, and how they sign.
AUTHORITIES = {
    "rsa-pkcs1": ("rsa", ["-sha256"]),
    "rsa-pss": ("rsa", ["-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt",
                        "rsa_pss_saltlen:digest"]),
    "pss": ("pss", ["-sha256"]),
    "p256": ("p256", ["-sha256"]),
    "p384": ("p384", ["-sha384"]),
    "p521": ("p521", ["-sha512"]),
    "ed25519": ("ed25519", []),
}
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
GROUPS = {"X25519": "X25519, 253 bits", "P-256": "ECDH, prime256v1, 256 bits",
          "P-384": "ECDH, secp384r1, 384 bits", "P-521": "ECDH, secp521r1, 521 bits"}
CURVES = {"X25519": "X25519", "P-256": "CurveP256", "P-384": "CurveP384", "P-521": "CurveP521"}
SUITES_12 = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]  # after ECDHE-*-
SUITES_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
OPTIONAL_SUITES = {  # Go's name of each that a file can ask for, less what comes before _WITH_
    "AES_128_CBC_SHA": "AES128-SHA", "AES_256_CBC_SHA": "AES256-SHA",
    "AES_128_GCM_SHA256": "AES128-GCM-SHA256", "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
}


def is_rsa(kind):
    return kind in ("rsa", "pss")


@functools.cache
def certificates():
    """A folder with a key, a request and a server's certificate of each kind, and each authority's."""
    folder = tempfile.mkdtemp(prefix="ecs-exporter-e2e-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    for kind, arguments in KEYS.items():
        openssl("genpkey", "-algorithm", *arguments, "-out", f"{folder}/{kind}.key")
        openssl("req", "-new", "-key", f"{folder}/{kind}.key", "-subj", f"/CN={kind}", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", f"{folder}/{kind}.csr")
    for name, (kind, signing) in AUTHORITIES.items():
        openssl("req", "-x509", "-key", f"{folder}/{kind}.key", "-subj", f"/CN=CA {name}", "-days", "2",
                *KEY_USAGE, *signing, "-out", f"{folder}/ca-{name}.pem")
    for kind in KEYS:
        certify(folder, kind, "p256")
    return folder


def certify(folder, kind, authority):
    """KIND-AUTHORITY.pem: the certificate that it gives the key of that kind."""
    ca_kind, signing = AUTHORITIES[authority]
    signed(folder, kind, f"ca-{authority}", ca_kind, *signing, "-out", f"{folder}/{kind}-{authority}.pem")


class KeysTest(WebTest):
    @classmethod
    def setUpClass(cls):
        cls.certificates = certificates()

    def serving_with(self, kind, more="", key=None):
        return self.serving(
            f"tls_server_config:\n  cert_file: {kind}-p256.pem\n"
            f"  key_file: {key or f'{kind}.key'}\n{more}")

    def agree(self, exporter, *options):
        """What s_client said of a session that it had to have, and trust."""
        said, agreed = self.s_client(exporter, "-CAfile", f"{self.web}/ca-p256.pem", *options)
        self.assertTrue(agreed, said)
        self.assertIn("Verify return code: 0 (ok)", said)
        return said

    def assert_alive(self, exporter):
        """The healthcheck, which is a client of the same OpenSSL, agrees with the server too."""
        ended = command("healthcheck", f"--web.config.file={self.web}/web.yml",
                        f"--web.listen-address=127.0.0.1:{exporter.port}")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))


class KeysOfTheServer(KeysTest):
    def suites_12(self, kind):
        return [f"ECDHE-{'RSA' if is_rsa(kind) else 'ECDSA'}-{suite}" for suite in SUITES_12]

    def test_each_kind_speaks_each_version_group_and_suite(self):
        for kind in KEYS:
            exporter = self.serving_with(kind)
            self.assert_alive(exporter)
            sessions = [*zip(itertools.repeat(("-tls1_2", "-cipher")), self.suites_12(kind)),
                        *zip(itertools.repeat(("-tls1_3", "-ciphersuites")), SUITES_13)]
            for ((version, option), suite), group in itertools.product(sessions, GROUPS):
                if suite not in (sessions[0][1], SUITES_13[0]) and group != "X25519":
                    continue  # each suite, and each group, but not all pairs
                own = f"P-{kind[1:]}" if kind.startswith("p") and kind != "pss" else group
                if version == "-tls1_2" and group not in ("X25519", own):
                    continue  # the client must offer the key's own curve, which is then preferred
                with self.subTest(kind=kind, suite=suite, group=group):
                    said = self.agree(exporter, version, option, suite, "-groups",
                                      group if version == "-tls1_3" or own == group else
                                      f"{group}:{own}")
                    self.assertIn(f"Cipher is {suite}\n", said)
                    self.assertIn(f"Server Temp Key: {GROUPS[group]}\n", said)

    def forms(self, kind):
        """The key of that kind in each form: its name, the line that it must begin with, its text."""
        path = f"{self.web}/{kind}.key"
        yield "PKCS#8", "-----BEGIN PRIVATE KEY-----", read(path)
        if kind in ("pss", "ed25519"):
            return
        old = openssl("pkey", "-in", path, "-traditional").stdout
        yield "traditional", f"-----BEGIN {'RSA' if is_rsa(kind) else 'EC'} PRIVATE KEY-----", old
        yield "after words", "RSA or not", "RSA or not\n" + old
        yield "with lines of DOS", "-----BEGIN", old.replace("\n", "\r\n")
        if kind.startswith("p"):  # as `openssl ecparam -genkey` writes it
            yield ("after its curve", "-----BEGIN EC PARAMETERS-----",
                   openssl("ecparam", "-name", f"P-{kind[1:]}").stdout + old)

    def test_each_form_of_a_key_is_read(self):
        for kind in KEYS:
            for name, first, text in self.forms(kind):
                with self.subTest(kind=kind, form=name):
                    self.assertTrue(text.startswith(first), text.partition("\n")[0])
                    with open(f"{self.web}/form.key", "w", newline="") as file:
                        file.write(text)
                    self.agree(self.serving_with(kind, key="form.key"))

    def test_a_key_with_a_passphrase_is_refused_and_nobody_asked(self):
        for kind, form in (("rsa", []), ("rsa", ["-traditional"]), ("p256", ["-traditional"])):
            with self.subTest(kind=kind, form=form):
                openssl("pkey", "-in", f"{self.web}/{kind}.key", *form, "-aes128", "-passout",
                        "pass:x", "-out", f"{self.web}/secret.key")
                path = self.configure(f"tls_server_config:\n  cert_file: {kind}-p256.pem\n"
                                      "  key_file: secret.key\n")
                ended = command("--ecs.metadata-uri=http://127.0.0.1:1", f"--web.config.file={path}")
                self.assertEqual(ended.returncode, 2)
                self.assertIn("has no private key in PEM form without a passphrase", ended.stderr)

    def test_each_signature_that_a_client_may_prefer_is_made(self):
        cases = [("rsa", "-tls1_2", f"{scheme}+SHA{bits}") for scheme in ("RSA", "RSA-PSS")
                 for bits in (256, 384, 512)]
        cases += [("rsa", "-tls1_3", f"RSA-PSS+SHA{bits}") for bits in (256, 384, 512)]
        cases += [("p256", "-tls1_2", f"ECDSA+SHA{bits}") for bits in (256, 384, 512)]
        for kind, version, algorithm in cases:
            with self.subTest(kind=kind, version=version, algorithm=algorithm):
                said = self.agree(self.serving_with(kind), version, "-sigalgs", algorithm)
                self.assertIn(f"Peer signing digest: {algorithm.partition('+')[2]}\n", said)

    def test_a_chain_is_sent_whole(self):
        openssl("req", "-new", "-key", f"{self.web}/rsa.key", "-subj", "/CN=between", "-addext",
                "basicConstraints=critical,CA:true", *KEY_USAGE, "-out", f"{self.web}/between.csr")
        signed(self.web, "between", "ca-p256", "p256", "-out", f"{self.web}/between.pem")
        leaf = signed(self.web, "ed25519", "between", "rsa")
        with open(f"{self.web}/ed25519-p256.pem", "w") as file:
            file.write(leaf + read(f"{self.web}/between.pem"))
        self.agree(self.serving_with("ed25519"))

    def test_each_group_and_suite_of_a_file_is_served_alone(self):
        for (group, shown), version in itertools.product(GROUPS.items(), ("-tls1_2", "-tls1_3")):
            with self.subTest(group=group, version=version):
                exporter = self.serving_with("rsa", f"  curve_preferences: [{CURVES[group]}]\n")
                # In TLS 1.3 the client's first guess is another group, so the server asks again.
                first = "P-256" if group != "P-256" else "X25519"
                said = self.agree(exporter, version, "-groups", f"{first}:{group}")
                self.assertIn(f"Server Temp Key: {shown}\n", said)
                self.assert_alive(exporter)
        for (go, name), (auth, kind) in itertools.product(OPTIONAL_SUITES.items(),
                                                          (("RSA", "rsa"), ("ECDSA", "p384"))):
            with self.subTest(suite=go, auth=auth):
                exporter = self.serving_with(
                    kind, f"  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_{auth}_WITH_{go}]\n")
                said = self.agree(exporter, "-cipher", "ALL:@SECLEVEL=0")
                self.assertIn(f"Cipher is ECDHE-{auth}-{name}\n", said)
                self.assert_alive(exporter)

    def test_old_versions_can_be_had_with_each_key_that_they_know(self):
        for kind, version in itertools.product(("rsa", "p256", "p384", "p521"), ("1", "1_1")):
            name = f"TLSv1.{version.partition('_')[2] or 0}"
            with self.subTest(kind=kind, version=name):
                exporter = self.serving_with(
                    kind, f"  min_version: TLS10\n  max_version: TLS1{name[-1]}\n")
                # OpenSSL's level 0, as there is nothing better than SHA-1 in these.
                said = self.agree(exporter, f"-tls{version}", "-cipher", "DEFAULT:@SECLEVEL=0")
                self.assertIn(f"New, TLSv1.0, Cipher is ECDHE-{'RSA' if is_rsa(kind) else 'ECDSA'}-",
                              said)
                self.assertRegex(said, rf"Protocol *: {re.escape(name.removesuffix('.0'))}\n")
                self.assert_alive(exporter)


class WhatAServerRefuses(KeysTest):
    """As those look for who judge a server from outside."""

    def test_nothing_older_than_tls_1_2(self):
        for kind in ("rsa", "p256"):
            exporter = self.serving_with(kind)
            for version in ("-tls1", "-tls1_1"):
                with self.subTest(kind=kind, version=version):
                    said, agreed = self.s_client(exporter, version, "-cipher", "ALL:@SECLEVEL=0")
                    self.assertFalse(agreed)
                    self.assertIn("Cipher is (NONE)", said)

    def test_no_suite_that_is_weak_even_if_the_client_knows_no_other(self):
        all_of_them = openssl("ciphers", "-tls1_2", "ALL:COMPLEMENTOFALL@SECLEVEL=0").stdout
        strong = re.compile("ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)")
        weak = [suite for suite in all_of_them.strip().split(":")
                if not suite.startswith("TLS_") and not strong.fullmatch(suite)]
        for word in ("AES128-SHA", "NULL", "DHE", "AECDH", "PSK", "CAMELLIA", "ARIA", "CCM", "-SHA384"):
            self.assertTrue([suite for suite in weak if word in suite], word)
        for kind in ("rsa", "p256"):
            exporter = self.serving_with(kind)
            for suites, taken in ((weak, False), (weak + self.suites_of(kind), True)):
                said, agreed = self.s_client(exporter, "-tls1_2", "-cipher",
                                             ":".join(suites) + ":@SECLEVEL=0")
                self.assertEqual(agreed, taken, said)
            self.assertIn(f"Cipher is {self.suites_of(kind)[0]}\n", said)
            weak_13 = "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
            self.assertFalse(self.s_client(exporter, "-tls1_3", "-ciphersuites", weak_13)[1])

    def suites_of(self, kind):
        return [f"ECDHE-{'RSA' if is_rsa(kind) else 'ECDSA'}-AES128-GCM-SHA256"]

    def test_no_group_but_the_four_and_no_sha_1(self):
        exporter = self.serving_with("rsa")
        # X448 is not weak, but nobody needs it. OpenSSL 3.0 knows none of the last ones: no client of
        # Debian 12 could ask for them.
        for group in ("P-224", "secp256k1", "ffdhe2048", "ffdhe3072", "brainpoolP256r1", "X448",
                      "MLKEM768", "X25519MLKEM768", "SecP256r1MLKEM768"):
            with self.subTest(group):
                for version in ("-tls1_2", "-tls1_3"):
                    self.assertFalse(self.s_client(exporter, version, "-groups", group)[1])
        self.assertFalse(self.s_client(exporter, "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher",
                                       "DEFAULT:@SECLEVEL=0")[1])

    def test_no_compression_no_ticket_no_session_to_come_back_to(self):
        exporter = self.serving_with("p256")
        for version in ("-tls1_2", "-tls1_3"):
            said = self.agree(exporter, version, "-comp", "-reconnect")
            self.assertIn("Compression: NONE\n", said)
            self.assertEqual(said.count("\nNew, TLSv1"), 6)
            for word in ("Reused", "TLS session ticket:"):
                self.assertNotIn(word, said)
        self.assertIn("Secure Renegotiation IS supported\n", self.agree(exporter, "-tls1_2"))

    def test_no_handshake_in_the_middle_of_a_session(self):
        exporter = self.serving_with("p256")
        ended = openssl("s_client", "-connect", f"127.0.0.1:{exporter.port}", "-tls1_2", text="R\n",
                        check=False)
        self.assertIn("RENEGOTIATING\n", ended.stderr)
        self.assertIn("no renegotiation", ended.stderr)


class KeysOfClients(KeysTest):
    REQUIRED = "  client_ca_file: {}.pem\n  client_auth_type: RequireAndVerifyClientCert\n"

    def test_each_kind_and_each_authority_is_let_in_by_each_version(self):
        pairs = [*itertools.product(KEYS, ("rsa-pss", "p256", "ed25519")),
                 *((kind, kind) for kind in ("pss", "p384", "p521")), ("p256", "rsa-pkcs1")]
        self.assertEqual({authority for _, authority in pairs}, AUTHORITIES.keys())
        with open(f"{self.web}/cas.pem", "w") as file:
            file.write("".join(read(f"{self.web}/ca-{name}.pem") for name in AUTHORITIES))
        exporter = self.serving_with("p256", self.REQUIRED.format("cas"))
        for kind, authority in pairs:
            certify(self.web, kind, authority)
            for version in VERSIONS:
                with self.subTest(kind=kind, authority=authority, version=version):
                    self.assertEqual(self.status(exporter, kind, authority, version), (200, version))

    def test_an_authority_lets_in_its_own_only(self):
        for authority, other in itertools.pairwise([*AUTHORITIES, "rsa-pkcs1"]):
            exporter = self.serving_with("p256", self.REQUIRED.format(f"ca-{authority}"))
            for name in (authority, other):
                certify(self.web, "ed25519", name)
            with self.subTest(authority):
                self.assertEqual(self.status(exporter, "ed25519", authority, "TLSv1.3")[0], 200)
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.status(exporter, "ed25519", other, "TLSv1.3")

    def test_each_signature_that_a_client_may_make_is_understood(self):
        exporter = self.serving_with("p256", self.REQUIRED.format("ca-p256"))
        cases = [("-tls1_2", f"RSA+SHA{bits}") for bits in (256, 384, 512)]
        cases += itertools.product(("-tls1_2", "-tls1_3"),
                                   [f"RSA-PSS+SHA{bits}" for bits in (256, 384, 512)])
        for version, algorithm in cases:
            with self.subTest(version=version, algorithm=algorithm):
                ended = openssl(
                    "s_client", "-connect", f"127.0.0.1:{exporter.port}", version, "-quiet", "-crlf",
                    "-cert", f"{self.web}/rsa-p256.pem", "-key", f"{self.web}/rsa.key",
                    "-client_sigalgs", algorithm,
                    text="GET /-/healthy HTTP/1.1\nHost: x\nConnection: close\n\n", check=False)
                self.assertIn("healthy", ended.stdout, ended.stderr)

    def status(self, exporter, kind, authority, version):
        """Of a request by a client with that certificate, and the version that was agreed upon."""
        context = ssl.create_default_context(cafile=f"{self.web}/ca-p256.pem")
        context.minimum_version = context.maximum_version = VERSIONS[version]
        context.load_cert_chain(f"{self.web}/{kind}-{authority}.pem", f"{self.web}/{kind}.key")
        with contextlib.closing(http.client.HTTPSConnection(
                "127.0.0.1", exporter.port, timeout=DEADLINE_S, context=context)) as connection:
            connection.request("GET", "/-/healthy")
            agreed = connection.sock.version()
            return connection.getresponse().status, agreed
