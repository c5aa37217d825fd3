#!/usr/bin/env python3
"""Writes what a fuzz target begins with into OUT/TARGET/: the recorded replies of tests/testdata,
and hand-made requests, headers, command lines, configurations and calls.  Usage: seeds.py OUT"""

import json
import pathlib
import sys

TESTDATA = pathlib.Path(__file__).resolve().parent.parent / "tests" / "testdata"


def small(task, stats):
    """The two replies with one container, and without space: the fuzzer is faster with those."""
    try:
        task, stats = (json.loads(path.read_text()) for path in (task, stats))
        task["Containers"] = task["Containers"][-1:]
        stats = {key: sample for key, sample in stats.items()
                 if key == task["Containers"][0]["DockerId"]}
    except (ValueError, KeyError, IndexError, AttributeError):
        return b"", b""  # a case of what cannot be read
    return (json.dumps(part, separators=(",", ":")).encode() for part in (task, stats))


def replies():
    for task in sorted(TESTDATA.glob("*/task.json")):
        stats = task.with_name("stats.json")
        yield task.parent.name, task.read_bytes() + b"\x1e" + stats.read_bytes()
        yield "small-" + task.parent.name, b"\x1e".join(small(task, stats))
    task, stats = ((TESTDATA / "fargate" / name).read_bytes() for name in ("task.json", "stats.json"))
    for bad in sorted(TESTDATA.glob("bad/*/*.json")):
        of_task = bad.parent.name == "task"
        yield (f"bad-{bad.parent.name}-{bad.stem}",
               (bad.read_bytes() if of_task else task) + b"\x1e" +
               (stats if of_task else bad.read_bytes()))
    # Bytes that differ and are both no UTF-8: once printed they are the same.
    yield "interfaces-of-bad-utf-8", (
        b'{"TaskARN":"a","Containers":[{"Name":"a","DockerId":"1"}]}\x1e{"1":{"read":'
        b'"2026-03-01T10:00:00Z","networks":{"\xff":{"rx_bytes":1},"\xfe":{"rx_bytes":2}}}}')
    yield "containers-of-bad-utf-8", (
        b'{"TaskARN":"a","Containers":[{"Name":"\xff","KnownStatus":"RUNNING"},'
        b'{"Name":"\xfe","KnownStatus":"RUNNING"}]}\x1e{}')


PROMETHEUS_2 = ("application/openmetrics-text;version=1.0.0,"
                "application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROMETHEUS_3 = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                "application/openmetrics-text;version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")

REQUESTS = {
    "get": "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "scrape": f"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: {PROMETHEUS_2}\r\n"
              "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
    "pipelined": "".join(f"{line} HTTP/1.1\r\nHost: x\r\n\r\n" for line in ("GET /", "HEAD /", "GET /x")),
    "in-pieces": "GET /metrics?collect[]=core HT\0TP/1.1\r\nHo\0st: x\r\n\0\r\n",
    "filter": "GET /metrics?name[]=ecs_task_info&name%5B%5D=x&collect[]=cpu HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad-filter": "GET /metrics?collect[]=%zz&exclude[]=core HTTP/1.1\r\nHost: x\r\n\r\n",
    "head": "HEAD /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "post": "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    "get-with-body": "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    "head-with-body": "HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "unknown-coding": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no-host": "GET / HTTP/1.1\r\n\r\n",
    "expect": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "no-http": "\x16\x03\x01\x02",
    "old": "GET /\r\n",
    "folded": "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nX: c\r\n\r\n",
    "two-lengths": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "long": "GET / HTTP/1.1\r\nHost: x\r\nX: " + "y" * 9000 + "\r\n\r\n",
    "absolute": "GET http://x/metrics HTTP/1.1\r\nHost: x\r\nConnection: close, upgrade\r\n\r\n",
    "options": "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
}

ACCEPTS = {
    "prometheus-2": f"{PROMETHEUS_2}\ngzip",
    "prometheus-3": f"{PROMETHEUS_3}\ngzip;q=0.5, identity;q=0",
    "browser": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\ngzip, deflate, br",
    "quoted": 'Text/Plain; version="0.0.4" ; q=1.000,,;\nGZIP;q=0',
    "odd": "application/openmetrics-text;version=1.0.0;escaping=x;q=nan, */*;q=1e9\n*",
}

COMMAND_LINES = {
    "serve": "serve\n--ecs.metadata-uri=http://[::1]:8912/v4/a\n--ecs.timeout=1.5s\n--port=0",
    "web": "--web.listen-address=:9659\n--web.listen-address=[::1]:0\n--web.telemetry-path=/m\n"
           "--web.max-connections=8",
    "metrics": "--metrics.groups=core,cpu\n--labels.task=none\n--labels.docker=a.b,c\n"
               '--labels.static={"env":"x"}\n--labels.style=snake\n--containers.include=w.*\n'
               "--containers.exclude=[a-c]+\n--metrics.profile=ecs_exporter",
    "log": '--log.level=debug\n--log.format=logfmt\n--additional-log-fields={"a":"b"}',
    "environment": "ECS_TIMEOUT=5s\nECS_MIN_INTERVAL=250ms\nECS_MAX_BODY_BYTES=1\nPORT=9659\n"
                   "ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/a\nMETRICS_GROUPS=all\n"
                   "WEB_LISTEN_ADDRESS=127.0.0.1:1,:2\nSHUTDOWN_DELAY=1h\nECS_V2=1",
    "scrape": "scrape\n--task\nx\n--stats=y\n--ecs.v2\n--no-sandbox",
    "help": "--help\nversion",
    "wrong": "--port=\n--ecs.timeout\n--nothing=1\nserve\nscrape",
}

REPLIES_OF_AN_ENDPOINT = {
    "counted": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "in-pieces": "HTTP/1.1 200 O\x1eK\r\n\r\n{\x1e}",
    "extension": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n0\r\nX: y\r\n\r\n",
    "until-the-end": "HTTP/1.0 200 OK\r\n\r\n{}",
    "error": 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 9\r\n\r\n"no task"',
    "throttled": "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 1\r\n\r\nx",
    "redirect": "HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "interim": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "too-large": "HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n",
    "long-header": "HTTP/1.1 200 OK\r\nX: " + "y" * 9000,
    "half": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
    "nothing": "",
    "another-protocol": "SSH-2.0-x\r\n",
}

# Of nobody: `openssl req -x509 -newkey ed25519 -nodes -subj /CN=x` made the two.
KEY = ("-----BEGIN PRIVATE KEY-----\n"
       "MC4CAQAwBQYDK2VwBCIEIEuSkO1Ue6I0MI3y0bKKaIIH0VlozOlzzBok9Rt88yDM\n"
       "-----END PRIVATE KEY-----\n")
CERT = ("-----BEGIN CERTIFICATE-----\n"
       "MIIBLjCB4aADAgECAhQl3UwvUtQwDAob064d7B5UJt5JHTAFBgMrZXAwDDEKMAgG\n"
       "A1UEAwwBeDAgFw0yNjExMjMwMTQ4MDhaGA8yMTI2MTAzMDAxNDgwOFowDDEKMAgG\n"
       "A1UEAwwBeDAqMAUGAytlcAMhAAcZfHfjONapa1ecC3LgeTBJAxk2jQZsWUeKGLRj\n"
       "A8bho1MwUTAdBgNVHQ4EFgQUeIuB20S8oG1JFCaebUU0iDOOsUMwHwYDVR0jBBgw\n"
       "FoAUeIuB20S8oG1JFCaebUU0iDOOsUMwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD\n"
       "QQB2ZqrD4LUIzDVynvCUcIfrHGHbk8V/K34WCUYExVHsI6iddVPEcMjS/EUVF+L9\n"
       "zB6VEnjioZGn/vFPh4/vHLoE\n"
       "-----END CERTIFICATE-----\n")
HASH = "$2y$04$Zc3kQ9vXhT1uWm5eYb7NaO3iFysENpmkalkQa.bFwlNzxblq1xQ96"


def web_configs():
    for path in sorted(TESTDATA.glob("web/*/*.yml")):
        pems = (CERT, KEY, CERT) if path.parent.name == "good" else ()
        yield path.stem, "\x1e".join((path.read_text(), *pems))
    yield "environment", "\x1e".join(("", CERT, KEY, CERT, json.dumps({"a": HASH})))
    yield "users-in-the-environment", "\x1e\x1e\x1e\x1e" + json.dumps({"a": HASH, "b": HASH})
    yield "chain", "\x1e".join(("", CERT + CERT, KEY))
    yield "key-of-another", "\x1e".join(("", CERT, KEY.replace("EIE", "EIF")))
    yield "inline", "tls_server_config:\n" + "".join(
        f"  {name}: {json.dumps(pem)}\n" for name, pem in (("cert", CERT), ("key", KEY)))
    yield "odd-names", 'basic_auth_users: {"a\\nb": x}\n'
    yield "odd-path", 'tls_server_config: {cert_file: "\\x01\xff", key_file: b}\n'
    yield "nested", "a: " + "[" * 300


# Calls: a text; the same again, near and far; much of one byte; a copy.
GZIP_CALLS = {
    "nothing": b"",
    "texts": b"\x05hello\x00\x01x",
    "again": b"\x04abcd\xa4\x00\x04\xc8\x01\x02\x00\x03\xc8\x00\x02\x00\x01",
    "long-matches": b"\x01a" + b"".join(
        b"\xc8" + size.to_bytes(2, "big") + b"\x00\x01" for size in (257, 258, 259, 260, 261, 9000)),
    "end-of-the-window": b"\x03abc\x80\x7f\xfd\xa3\x80\x00\xa3\x80\x01\xa3\x80\x03",
    "copies": b"\xff\x03abc\xfa\xa3\x00\x03\xfa",
    "every-byte": b"\x7f" + bytes(range(127)) + b"\x7f" + bytes(range(127, 254)) + b"\x02\xfe\xff",
    "past-the-checked": b"\x80\x10\x00\x81\x0f\xff\x01x\x01y\x82\x30\x00",
}

SEEDS = {
    "replies": dict(replies()),
    "http": REQUESTS,
    "negotiation": ACCEPTS,
    "options": COMMAND_LINES,
    "fetch": REPLIES_OF_AN_ENDPOINT,
    "web_config": dict(web_configs()),
    "gzip_writer": GZIP_CALLS,
}


def main():
    for target, seeds in SEEDS.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, seed in seeds.items():
            (folder / name).write_bytes(seed if isinstance(seed, bytes) else seed.encode("latin-1"))


if __name__ == "__main__":
    main()
