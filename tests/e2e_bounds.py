"""Clients that are silent, slow, greedy or a thousand, over HTTP and HTTPS, and a scrape beside them
that does not notice."""

import contextlib
import itertools
import os
import re
import resource
import socket
import ssl
import time

from e2e_programs import DEADLINE_S, Mock, Samples, wait_until
from e2e_tls import WebTest

REQUEST_TIMEOUT_S = 10
MAX_CONNECTIONS = 64
CROWD = 1000

HALF_A_HEADER = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: "
GREEDY = 400 * b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"  # for more than any socket buffers


def setUpModule():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CROWD)), hard))


def sockets(exporter):
    """How many sockets it holds at the port that it listens on: that one, and those of its clients."""
    folder = f"/proc/{exporter.pid}/fd"
    held = set()
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            held.add(os.readlink(f"{folder}/{name}"))
    count = 0
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{exporter.pid}/net/{table}") as rows:
            for row in list(rows)[1:]:
                words = row.split()
                port, inode = int(words[1].rpartition(":")[2], 16), words[9]
                count += port == exporter.port and f"socket:[{inode}]" in held
    return count


def request(path="/-/healthy", method="GET", headers=b"", body=b""):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode() + headers + b"\r\n" + body


def read_all(connection):
    """What comes until the server closes, by an end or a reset."""
    received = b""
    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
        while part := connection.recv(65536):
            received += part
    return received


def replies(received, methods):
    """The status and body of each reply; those that follow each other must fit without a gap."""
    found = []
    for method in methods:
        head, _, received = received.partition(b"\r\n\r\n")
        status = int(re.match(rb"HTTP/1\.1 (\d{3}) ", head)[1])
        length = int(re.search(rb"\r\nContent-Length: (\d+)", head)[1]) if method != "HEAD" else 0
        found.append((status, received[:length]))
        received = received[length:]
    return found, received


class TlsInMemory:
    """A TLS client whose bytes can be cut anywhere."""

    def __init__(self, context):
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname="localhost")

    def hello(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._out.read()

    def shake_hands(self, connection):
        connection.sendall(self.hello())
        while True:
            self._in.write(connection.recv(65536))
            try:
                return self._tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            finally:
                connection.sendall(self._out.read())

    def last_words(self, text):
        """`text`, and that nothing follows."""
        self._tls.write(text)
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._out.read()

    def decrypted(self, received):
        self._in.write(received)
        text = b""
        with contextlib.suppress(ssl.SSLZeroReturnError, ssl.SSLWantReadError):
            while part := self._tls.read(65536):
                text += part
        return text


class BoundsTest(WebTest):
    def setUp(self):
        super().setUp()
        self.mock = self.started(Mock("--frozen"))

    def http(self, *options):
        return self.serving("", *options, endpoint=f"--ecs.metadata-uri={self.mock.url}")

    def https(self, *options):
        return self.serving(self.tls(), *options, endpoint=f"--ecs.metadata-uri={self.mock.url}")

    def connected(self, exporter, *sent, receive_buffer=None):
        """A socket on which `sent` was sent, as far as the other end took it."""
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.settimeout(DEADLINE_S)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", exporter.port))
        with contextlib.suppress(ConnectionError):
            for part in sent:
                connection.sendall(part)
        return connection

    def connected_by_tls(self, exporter, *sent, receive_buffer=None):
        connection = self.context().wrap_socket(
            self.connected(exporter, receive_buffer=receive_buffer), server_hostname="localhost")
        self.addCleanup(connection.close)
        for part in sent:
            connection.sendall(part)
        return connection

    def hello(self):
        return TlsInMemory(self.context()).hello()

    def assert_scraped(self, exporter):
        connect = self.connected_by_tls if self.speaks_tls(exporter) else self.connected
        with connect(exporter, request("/metrics", headers=b"Connection: close\r\n")) as connection:
            ((status, body),), _ = replies(read_all(connection), ["GET"])
        self.assertEqual(status, 200)
        self.assert_complete(Samples(body.decode()))

    def assert_healthy(self, connection):
        received = b""
        while not received.endswith(b"\r\n\r\nhealthy\n"):
            part = connection.recv(4096)
            self.assertTrue(part, received)
            received += part

    def speaks_tls(self, exporter):
        return any(line.get("scheme") == "https" for line in exporter.log)


class Conversation:
    """What holds for one connection, be it encrypted or not."""

    def exchanged(self, *sent):
        return read_all(self.talking(*sent))

    def test_pipelined_requests_are_answered_one_by_one(self):
        asked = 100 * [("GET", "/-/healthy", 200), ("HEAD", "/metrics", 200), ("GET", "/nowhere", 404),
                       ("POST", "/metrics", 405), ("GET", "/metrics", 200)]
        sent = [request(path, method) for method, path, _ in asked]
        sent.append(request("/-/healthy", headers=b"Connection: close\r\n"))
        found, rest = replies(self.exchanged(b"".join(sent)),
                              [method for method, _, _ in asked] + ["GET"])
        self.assertEqual(rest, b"")
        self.assertEqual([status for status, _ in found], [status for _, _, status in asked] + [200])
        self.assert_complete(Samples(found[-2][1].decode()))

    def test_blank_lines_before_a_request_are_ignored(self):
        received = self.exchanged(b"\r\n", request(), b"\r\n\r\n" +
                                  request(headers=b"Connection: close\r\n"))
        self.assertEqual([status for status, _ in replies(received, ["GET", "GET"])[0]], [200, 200])

    def test_a_header_may_have_8_kib_and_no_byte_more(self):
        def of_size(size):
            start = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: "
            return start + (size - len(start) - 4) * b"x" + b"\r\n\r\n"

        for size, status in ((8192, 200), (8193, 431), (20_000, 431), (200_000, 431)):
            with self.subTest(size):
                self.assertEqual(replies(self.exchanged(of_size(size)), ["GET"])[0][0][0], status)

    def test_a_header_of_many_small_fields_is_no_way_around(self):
        received = self.exchanged(HALF_A_HEADER + 2000 * b"y\r\na: b")
        self.assertEqual(replies(received, ["GET"])[0], [(431, b"the header is too large\n")])

    def test_a_get_with_a_body_is_refused(self):
        for headers, body in ((b"Content-Length: 3\r\n", b"abc"),
                              (b"Content-Length: 10000000\r\n", b""),
                              (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n")):
            with self.subTest(headers):
                received = self.exchanged(request("/metrics", "GET", headers, body) + request())
                self.assertEqual(replies(received, ["GET"]), ([(400, b"a GET with a body\n")], b""))

    def test_a_large_body_does_not_keep_the_refusal_from_its_client(self):
        received = self.exchanged(
            request("/metrics", "POST", b"Content-Length: 100000\r\n", 100_000 * b"x"))
        self.assertEqual(replies(received, ["POST"]), ([(405, b"only GET and HEAD\n")], b""))


class ConversationOverHttp(Conversation, BoundsTest):
    def setUp(self):
        super().setUp()
        self.exporter = self.http()

    def talking(self, *sent):
        return self.connected(self.exporter, *sent)

    def test_a_client_that_has_said_all_is_still_answered(self):
        self.mock.set_faults("delay=200ms")
        connection = self.talking(request("/metrics"))
        connection.shutdown(socket.SHUT_WR)
        (_, body), = replies(read_all(connection), ["GET"])[0]
        self.assert_complete(Samples(body.decode()))


class ConversationOverHttps(Conversation, BoundsTest):
    def setUp(self):
        super().setUp()
        self.exporter = self.https()

    def talking(self, *sent):
        return self.connected_by_tls(self.exporter, *sent)

    def test_a_client_that_has_said_all_is_still_answered(self):
        self.mock.set_faults("delay=200ms")
        connection, tls = self.connected(self.exporter), TlsInMemory(self.context())
        tls.shake_hands(connection)
        connection.sendall(tls.last_words(request("/metrics")))
        connection.shutdown(socket.SHUT_WR)
        (_, body), = replies(tls.decrypted(read_all(connection)), ["GET"])[0]
        self.assert_complete(Samples(body.decode()))


    def test_requests_that_came_in_one_record_need_no_other_to_be_answered(self):
        # Whatever power of two the server reads at once, a request ends there.
        one = request(headers=b"X-Long: ")
        one = one.replace(b"X-Long: ", b"X-Long: " + (126 - len(one)) * b"x" + b"\r\n")
        self.assertEqual(len(one), 128)
        connection = self.talking(128 * one)
        received = b""
        while received.count(b"healthy\n") < 128:
            part = connection.recv(65536)
            self.assertTrue(part, f"{received.count(b'healthy')} were answered")
            received += part


class ClientsThatTakeTheirTime(BoundsTest):
    """Ten seconds for a request to arrive whole and as many for a reply to be taken: these are waited
    for, as it is the release that must have them."""

    def http_clients(self, exporter):
        self.connected(exporter)
        for sent in (b"\r\n", b"GET /met", HALF_A_HEADER):
            self.connected(exporter, sent)
        self.connected(exporter, GREEDY, receive_buffer=4096)
        return [(self.connected(exporter, HALF_A_HEADER), itertools.repeat(b"x"))]

    def https_clients(self, exporter):
        self.connected(exporter)
        hello = self.hello()
        for size in (3, 100, len(hello)):  # the server waits for the rest, or for a Finished
            self.connected(exporter, hello[:size])
        for sent in ((), (b"GET /met",), (HALF_A_HEADER,)):
            self.connected_by_tls(exporter, *sent)
        self.connected_by_tls(exporter, GREEDY, receive_buffer=4096)
        return [(self.connected_by_tls(exporter, HALF_A_HEADER), itertools.repeat(b"x")),
                (self.connected(exporter), (bytes([byte]) for byte in hello))]

    def test_each_is_closed_when_its_time_is_over_and_no_scrape_waits_for_it(self):
        exporters = [self.http(), self.https()]
        listening = [sockets(exporter) for exporter in exporters]
        began = time.monotonic()
        trickling = self.http_clients(exporters[0]) + self.https_clients(exporters[1])
        idle = [self.connected(exporters[0], request()),
                self.connected_by_tls(exporters[1], request())]
        for connection in idle:
            self.assert_healthy(connection)
        held = [sockets(exporter) for exporter in exporters]
        self.assertEqual([now - before for now, before in zip(held, listening)], [7, 11])

        def only_the_idle_one_is_left():
            for connection, parts in trickling:
                with contextlib.suppress(OSError):
                    connection.send(next(parts, b"x"))
            for exporter in exporters:
                self.assert_scraped(exporter)
            now = [sockets(exporter) for exporter in exporters]
            if time.monotonic() - began < REQUEST_TIMEOUT_S:
                for ours, first in zip(now, held):
                    self.assertGreaterEqual(ours, first)
            return now == [before + 1 for before in listening]

        wait_until("only the idle ones are left", only_the_idle_one_is_left)
        for connection in idle:
            connection.sendall(request())
            self.assert_healthy(connection)


class CrowdOfClients(BoundsTest):
    """More by far than it serves at a time. Had a scrape to wait for them, they would be gone after
    it."""

    def crowd(self, exporter, beginnings):
        """So many that send one of the beginnings, in turn, and then nothing."""
        for sent in itertools.islice(itertools.cycle(beginnings), CROWD):
            self.connected(exporter, sent)

    def assert_scraped_among(self, exporter, beginnings):
        listening = sockets(exporter)
        self.crowd(exporter, beginnings)
        for _ in range(5):
            self.assert_scraped(exporter)
        held = sockets(exporter) - listening
        self.assertGreater(held, MAX_CONNECTIONS - 10)  # each scrape may have sent one away
        self.assertLessEqual(held, MAX_CONNECTIONS)

    def test_a_thousand_that_are_silent_or_stop_in_a_request_are_no_trouble(self):
        self.assert_scraped_among(self.http(), [b"", b"GET /met", HALF_A_HEADER])

    def test_a_thousand_that_are_silent_or_stop_in_a_handshake_are_no_trouble(self):
        hello = self.hello()
        self.assert_scraped_among(self.https(), [b"", hello[:3], hello[:100], hello])

    def test_who_is_being_served_is_not_sent_away_for_another(self):
        self.mock.set_faults("delay=1s")
        exporter = self.http("--web.max-connections=2")
        asked = [self.connected(exporter, request("/metrics", headers=b"Connection: close\r\n"))
                 for _ in range(2)]
        wait_until("both are being served", lambda: self.mock.requests() == 2)
        asked.append(self.connected(exporter, request(headers=b"Connection: close\r\n")))
        received = [read_all(connection) for connection in asked]
        self.assertEqual([replies(one, ["GET"])[0][0][0] for one in received], [200, 200, 200])

    def test_the_limit_is_that_of_the_option(self):
        exporter = self.http("--web.max-connections=3")
        listening = sockets(exporter)
        clients = [self.connected(exporter) for _ in range(5)]
        for client in clients[:2]:  # those that have waited longest
            self.assertEqual(client.recv(1), b"")
        self.assertEqual(sockets(exporter) - listening, 3)
        for client in clients[2:]:
            client.sendall(request(headers=b"Connection: close\r\n"))
            self.assertEqual(replies(read_all(client), ["GET"])[0], [(200, b"healthy\n")])
