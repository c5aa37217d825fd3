"""Clients that mean ill, and a health check beside them that is answered."""

import contextlib
import http.client
import itertools
import resource
import socket
import ssl
import threading

import hostile
import limits
from e2e_bounds import BoundsTest, read_all, replies, request, sockets
from e2e_programs import DEADLINE_S, Server, environment, program, wait_until
from e2e_tls import DEAD, QUICK, WebTest, authorization
from raw_tls import (ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, RawTls, hello_that_announces, plain)

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
USER_CANCELED = b"\1\x5a"  # an alert that ends nothing
RENEGOTIATION = b"\1\0\0\x50" + 80 * b"x"
CLOSE = b"Connection: close\r\n"


class RecordsWithoutData(BoundsTest):
    FLOODS = {
        "key updates": (TLS13, lambda raw: raw.key_update()),
        "key updates that want one": (TLS13, lambda raw: raw.key_update(requested=True)),
        "empty data": (TLS13, lambda raw: raw.data(b"")),
        "empty data and key updates":
            (TLS13, lambda raw: b"".join(raw.data(b"") for _ in range(20)) + raw.key_update()),
        "changes of cipher": (TLS13, lambda raw: plain(CHANGE_CIPHER_SPEC, b"\1")),
        "alerts": (TLS13, lambda raw: raw.record(ALERT, USER_CANCELED)),
        "pieces of a message":
            (TLS13, lambda raw: raw.record(HANDSHAKE, b"\x18") + raw.record(HANDSHAKE, b"\0")),
        "empty data, 1.2": (TLS12, lambda raw: raw.data(b"")),
        "alerts, 1.2": (TLS12, lambda raw: raw.record(ALERT, USER_CANCELED)),
        "renegotiations": (TLS12, lambda raw: raw.record(HANDSHAKE, RENEGOTIATION)),
        "renegotiations and alerts":
            (TLS12, lambda raw: raw.record(HANDSHAKE, RENEGOTIATION) +
             raw.record(ALERT, USER_CANCELED)),
    }

    def answered(self, exporter, version, make, times):
        """True if a request was that came after so many of what `make` makes."""
        raw = RawTls(self.connected(exporter), version)
        sent = b"".join(make(raw) for _ in range(times))
        sent += raw.data(request(headers=CLOSE))
        with contextlib.suppress(ConnectionError):
            raw.socket.sendall(sent)
        # An answer, a record of data, and more than the alert or the key update before it.
        return any(kind == 23 and size > 100 for kind, size in records(read_all(raw.socket)))

    def test_a_few_are_no_trouble(self):
        exporter = self.https()
        for name, times in (("key updates", 100), ("empty data", 20), ("alerts", 3),
                            ("empty data, 1.2", 20), ("renegotiations", 20)):
            with self.subTest(name):
                self.assertTrue(self.answered(exporter, *self.FLOODS[name], times))

    def test_a_flood_of_them_ends_its_connection(self):
        exporter = self.https()
        for name, flood in self.FLOODS.items():
            with self.subTest(name):
                self.assertFalse(self.answered(exporter, *flood, 400))
        self.assert_scraped(exporter)

    def test_a_hello_that_announces_too_much_is_refused_before_it_comes(self):
        exporter = self.https()
        for size in (16385, 131_000):
            self.assertEqual(read_all(self.connected(exporter, hello_that_announces(size))), b"")
        exporter.wait_for_line("a ClientHello of more than 16 KiB")
        half = self.connected(exporter, hello_that_announces(16384))
        self.assert_scraped(exporter)
        half.setblocking(False)
        with self.assertRaises(BlockingIOError):  # the rest of it may come
            half.recv(1)

    def test_a_hello_in_pieces_of_a_byte_is_refused(self):
        exporter = self.https()
        hello = b"\1\0\x3f\0\3\3" + 400 * b"x"
        pieces = b"".join(plain(HANDSHAKE, hello[n:n + 1]) for n in range(len(hello)))
        self.connected(exporter, pieces)
        exporter.wait_for_line("too many records without data")


def records(received):
    """The kind and size of each record."""
    found = []
    while len(received) >= 5:
        size = int.from_bytes(received[3:5], "big")
        found.append((received[0], size))
        received = received[5 + size:]
    return found


class Places(BoundsTest):
    def test_health_is_told_while_all_places_hold_scrapes_of_an_endpoint_that_hangs(self):
        for options, places in (((), 64), (("--web.max-connections=1",), 1)):
            with self.subTest(options):
                exporter = self.http("--ecs.timeout=1h", *options)
                self.mock.set_faults("delay=3600s")
                listening = sockets(exporter)
                waiting = [self.connected(exporter, request("/metrics")) for _ in range(places)]
                # What comes before them all is a request that may still wait.
                wait_until("they all have a place", lambda: sockets(exporter) - listening == places)
                for _ in range(20):
                    for path in ("/-/healthy", "/health"):
                        self.assertEqual(exporter.ask(path).status, 200)
                for path in ("/metrics", "/-/ready"):
                    reply = exporter.ask(path)
                    self.assertEqual((reply.status, reply.headers["Retry-After"], reply.body),
                                     (503, "1", "too many requests wait for the endpoint\n"))
                for connection in waiting:
                    connection.setblocking(False)
                    with self.assertRaises(BlockingIOError):
                        connection.recv(1)

    def test_a_flood_of_connects_locks_nobody_from_elsewhere_out(self):
        exporter = self.https()
        kept = self.connected_by_tls(exporter, request())
        self.assert_healthy(kept)
        over, begun = threading.Event(), threading.Event()

        def flood():
            held = []
            while not over.is_set():
                with contextlib.suppress(OSError):
                    hostile.bare_connects(exporter.port, "127.0.0.2", held)
                if len(held) > 100:
                    begun.set()
            for connection in held:
                connection.close()

        floods = [threading.Thread(target=flood) for _ in range(2)]
        for thread in floods:
            thread.start()
        try:
            self.assertTrue(begun.wait(DEADLINE_S))
            for _ in range(50):
                self.assert_scraped(exporter)
            kept.sendall(request(headers=CLOSE))
            self.assertEqual(replies(read_all(kept), ["GET"])[0], [(200, b"healthy\n")])
        finally:
            over.set()
            for thread in floods:
                thread.join(DEADLINE_S)

    def test_without_file_descriptors_an_idle_connection_is_closed(self):
        exporter = self.http()
        resource.prlimit(exporter.pid, resource.RLIMIT_NOFILE, (24, 24))
        idle = [self.connected(exporter) for _ in range(60)]
        for _ in range(5):
            with self.connected(exporter, request(headers=CLOSE)) as connection:
                self.assertEqual(replies(read_all(connection), ["GET"])[0], [(200, b"healthy\n")])
        self.assertTrue(idle)
        said = [line for line in exporter.log if line["msg"] == "cannot accept a connection"]
        self.assertEqual([(line["error"], line["times"]) for line in said],
                         [("Too many open files", 1)])

    def test_more_connections_than_files_may_be_open_are_not_promised(self):
        def under(limit, *options):
            return self.started(Server(
                ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", program("EXPORTER"),
                 "--web.listen-address=127.0.0.1:0", DEAD, *options], environment()))

        warned = under(212, "--web.max-connections=100000").log_entry("more than the limit of open")
        self.assertEqual((warned["level"], warned["max_open_files"], warned["max_connections"]),
                         ("warn", 212, 160))
        enough = under(212)
        self.assertEqual([line for line in enough.log if line["level"] == "warn"], [])


class WhatIsLogged(WebTest):
    def ask_from_elsewhere(self, exporter, headers):
        other = http.client.HTTPConnection("127.0.0.1", exporter.port, DEADLINE_S,
                                           source_address=("127.0.0.2", 0))
        self.addCleanup(other.close)
        other.request("GET", "/-/healthy", headers=headers)
        return other.getresponse().status

    def said(self, exporter, message):
        return [line for line in exporter.log if line["msg"] == message]

    def test_wrong_passwords_are_once(self):
        exporter = self.serving(f"basic_auth_users:\n  alice: {QUICK}\n")
        self.assertEqual(exporter.ask("/-/healthy").status, 401)  # as a browser does at first
        for _ in range(5):
            self.assertEqual(self.ask_from_elsewhere(exporter, authorization("alice", "no")), 401)
        exporter.end()
        (line,) = self.said(exporter, "a wrong name or password")
        self.assertEqual((line["level"], line["remote_address"], line["times"]),
                         ("warn", "127.0.0.2", 1))
        self.assertNotIn("alice", "".join(exporter.lines))

    def test_failed_handshakes_are_once_but_not_those_of_its_own_healthcheck(self):
        exporter = self.serving(self.tls())
        for source in ("127.0.0.1", "127.0.0.2", "127.0.0.2"):
            with hostile.connected(exporter.port, source) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
                self.assertIn(b" 400 ", read_all(connection))
        exporter.end()
        told = [(line["level"], line["remote_address"], line.get("times"), line["error"])
                for line in self.said(exporter, "a TLS handshake has failed")]
        self.assertEqual(told, [("debug", "127.0.0.1", None, "http request"),
                                ("info", "127.0.0.2", 1, "http request"),
                                ("debug", "127.0.0.2", None, "http request")])


class Guessers(WebTest):
    def test_a_right_password_behind_their_address_is_soon_let_in(self):
        exporter = self.serving(f"basic_auth_users:\n  bob: {hostile.HASH}\n")
        over = threading.Event()

        def guess(number):
            for n in itertools.count():
                if over.is_set():
                    return
                with contextlib.suppress(OSError, http.client.HTTPException):
                    exporter.ask("/-/healthy", headers=authorization(f"root{number}", f"wrong {n}"))

        threads = [threading.Thread(target=guess, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        try:
            wait_until("guesses are refused", lambda: any(
                line["msg"] == "too many passwords wait to be checked" for line in exporter.log))
            # Once it was refused it needs no other place.
            wait_until("bob is let in", lambda: exporter.ask(
                "/-/healthy", headers=authorization("bob")).status == 200)
        finally:
            over.set()
            exporter.end()
            for thread in threads:
                thread.join(DEADLINE_S)


class AllAtOnce(WebTest):
    """A short look. tests/limits.py looks longer, and at the times."""

    def test_each_health_check_is_answered(self):
        times = limits.under_attack(seconds=4)
        self.assertGreater(len(times), 10)
        print(f"health checks under attack: {len(times)}, the slowest took {max(times):.3f} s")
