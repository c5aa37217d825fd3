"""An endpoint that misbehaves below HTTP, or in what it says, as no agent should."""

import contextlib
import json
import socket
import struct
import threading

from e2e_programs import DEADLINE_S


class WildEndpoint:
    """Answers each path of `bodies` with its body, or as `behave` told it for that path."""

    def __init__(self, bodies):
        self.bodies = bodies
        self._behaviours = {}  # path: a function of Exchange
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def behave(self, behaviours):
        """`behaviours`: a function of Exchange for each path that misbehaves."""
        self._behaviours = dict(behaviours)

    def end(self):
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(DEADLINE_S)
        self._listener.close()

    def _accept(self):
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=[connection], daemon=True)
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _answer(self, connection):
        # A client that has had enough closes the connection.
        with connection, contextlib.suppress(ConnectionError):
            request = b""
            while b"\r\n\r\n" not in request:
                part = connection.recv(4096)
                if not part:
                    return
                request += part
            path = request.split(b" ")[1].decode()
            behaviour = self._behaviours.get(path, Exchange.answer)
            behaviour(Exchange(connection, self._ended, self.bodies[path]))


class Exchange:
    """One request, and what can be done to who made it."""

    def __init__(self, connection, ended, body):
        self.connection = connection
        self.body = body  # of the right answer
        self._ended = ended

    def send(self, data):
        self.connection.sendall(data)

    def answer(self, body=None, headers=""):
        body = self.body if body is None else body
        self.send(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
                  .encode() + body)

    def reset(self):
        """Ends the connection with a reset, not with the end of the data."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def drip(self, data):
        """A byte a second, until the client has had enough."""
        for byte in data:
            self.send(bytes([byte]))
            if self._ended.wait(1):
                return

    def hang(self):
        self.connection.settimeout(DEADLINE_S)
        while self.connection.recv(1):
            pass


# ---- Below HTTP, and in it ----

def hangs_up(exchange):
    pass


def resets(exchange):
    exchange.reset()


def never_answers(exchange):
    exchange.hang()


def dies_in_the_header(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Le")


def dies_in_a_counted_body(exchange):
    half = exchange.body[:len(exchange.body) // 2]
    exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(exchange.body)}\r\n\r\n".encode() + half)


def dies_in_a_chunk(exchange):
    size = f"{len(exchange.body):x}\r\n".encode()
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size +
                  exchange.body[:len(exchange.body) // 2])


def dies_before_the_last_chunk(exchange):
    size = f"{len(exchange.body):x}\r\n".encode()
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + exchange.body +
                  b"\r\n")


def resets_in_the_body(exchange):
    dies_in_a_counted_body(exchange)
    exchange.reset()


def drips_a_byte_a_second(exchange):
    exchange.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{")


def drips_the_body(exchange):
    exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(exchange.body)}\r\n\r\n".encode())
    exchange.drip(exchange.body)


def sends_a_header_without_end(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        exchange.send(b"X-More: and more\r\n" * 100)


def sends_a_header_line_without_end(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nX-More: ")
    while True:
        exchange.send(b"x" * 4096)


def sends_a_chunk_extension_without_end(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    while True:
        exchange.send(b"x" * 4096)


def sends_a_body_without_end(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        exchange.send(b"1000\r\n" + b" " * 4096 + b"\r\n")


def sends_interim_replies_without_end(exchange):
    while True:
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def redirects(exchange):
    exchange.send(b"HTTP/1.1 301 Moved Permanently\r\nLocation: /elsewhere\r\n"
                  b"Connection: close\r\nContent-Length: 0\r\n\r\n")


def says_no_content(exchange):
    exchange.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def speaks_another_protocol(exchange):
    exchange.send(b"SSH-2.0-OpenSSH_9.2\r\n")


def announces_two_lengths(exchange):
    exchange.answer(headers="Content-Length: 5\r\n")


def announces_a_negative_length(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + exchange.body)


def announces_a_length_past_counting(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")


# ---- In what it says ----

def with_body(body):
    return lambda exchange: exchange.answer(body)


def with_change(change):
    """Answers with the right document after `change(document)`, which may also return another."""

    def behave(exchange):
        document = json.loads(exchange.body)
        changed = change(document)
        exchange.answer(json.dumps(document if changed is None else changed).encode())

    return behave


def with_text(old, new):
    """Answers with the right text, but for `new` in place of each `old`."""

    def behave(exchange):
        if old.encode() not in exchange.body:
            raise AssertionError(f"there is no {old!r} to replace")
        exchange.answer(exchange.body.replace(old.encode(), new.encode()))

    return behave


def gives_too_much(exchange):
    exchange.answer(b'{"Cluster":"' + b"x" * 4_300_000 + b'"}')


def gives_too_much_in_chunks(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1050):
        exchange.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
    exchange.send(b"0\r\n\r\n")
