#!/usr/bin/env python3
"""Looks the endpoint's name up, in a network of this process's own: it has nothing but loopback and a
name server that knows every name. Run it as `unshare --user --map-root-user --net --mount`.

Takes the programs from the variables EXPORTER and MOCK. Exit code 0 if scrapes found the endpoint."""

import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from e2e_programs import Exporter, Mock

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
TYPE_A, IS_ANSWER, IS_CUT = 1, 0x8180, 0x0200


def raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def answer(query: bytes, over_tcp: bool) -> bytes:
    """127.0.0.1 for each name; over UDP a name that begins with "long" is told to ask by TCP."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    (kind,) = struct.unpack(">H", query[end - 4:end - 2])
    if question[1:].startswith(b"long") and not over_tcp:
        return query[:2] + struct.pack(">5H", IS_ANSWER | IS_CUT, 1, 0, 0, 0) + question
    found = struct.pack(">3HIH4B", 0xC00C, TYPE_A, 1, 60, 4, 127, 0, 0, 1) if kind == TYPE_A else b""
    return query[:2] + struct.pack(">5H", IS_ANSWER, 1, bool(found), 0, 0) + question + found


def serve_udp(server: socket.socket) -> None:
    while True:
        query, client = server.recvfrom(2048)
        server.sendto(answer(query, over_tcp=False), client)


def serve_tcp(server: socket.socket, asked: threading.Event) -> None:
    while True:
        client, _ = server.accept()
        with client, client.makefile("rb") as queries:
            while size := queries.read(2):
                asked.set()
                reply = answer(queries.read(struct.unpack(">H", size)[0]), over_tcp=True)
                client.sendall(struct.pack(">H", len(reply)) + reply)


def start_name_server() -> threading.Event:
    """What it returns is set once somebody has asked over TCP."""
    asked = threading.Event()
    udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.create_server(("127.0.0.1", 53))
    udp.bind(("127.0.0.1", 53))
    threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
    threading.Thread(target=serve_tcp, args=(tcp, asked), daemon=True).start()
    return asked


def mount_over(path: str, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="ecs-exporter-e2e-") as file:
        file.write(text)
        file.flush()
        subprocess.run(["mount", "--bind", file.name, os.path.realpath(path)], check=True)


def main() -> int:
    raise_loopback()
    mount_over("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    asked_over_tcp = start_name_server()
    with contextlib.ExitStack() as programs:
        mock = Mock("--frozen")
        programs.callback(mock.end)
        for name in ("metadata.example", "long.example"):
            exporter = Exporter(f"http://{name}:{mock.port}")
            programs.callback(exporter.end)
            if exporter.scrape().up[0] != 1:
                print(f"{name}: " + "\n".join(exporter.lines), file=sys.stderr)
                return 1
    if not asked_over_tcp.is_set():
        print("nobody asked over TCP", file=sys.stderr)
    return 0 if asked_over_tcp.is_set() else 1


if __name__ == "__main__":
    sys.exit(main())
