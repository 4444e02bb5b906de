"""Ways to write a request badly: its line, its headers, its length, its address."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from .raw import Raw

Rewrite = Callable[[Random, Raw], Raw]
Framing = Callable[[Random, Raw], bytes]
_BOMB = gzip.compress(b" " * 30_000_000)
_JSON = b"application/json"


def _set(name: bytes, *values: bytes) -> Rewrite:
    return lambda rng, raw: raw.with_header(name, *values)


def _more(name: bytes, value: bytes) -> Rewrite:
    return lambda rng, raw: replace(raw, headers=(*raw.headers, (name, value)))


def _many(rng: Random, raw: Raw) -> Raw:
    return replace(raw, headers=(*raw.headers, *((b"X-%d" % n, b"x") for n in range(2_000))))


def _bomb(rng: Random, raw: Raw) -> Raw:
    return replace(raw.with_header(b"Content-Encoding", b"gzip"), body=_BOMB)


HEADERS: Mapping[str, Rewrite] = {
    "thousands": _many,
    "60 KB": _set(b"X-Long", b"x" * 60_000),
    "5 MB": _set(b"X-Long", b"x" * 5_000_000),
    "long name": _set(b"X" * 60_000, b"x"),
    "latin-1": _set(b"X-Odd", b"\xe9\xff"),
    "control characters": _set(b"X-Odd", b"\x01\x02\x7f"),
    "NUL": _set(b"X-Odd", b"a\x00b"),
    "no name": _more(b"", b"x"),
    "odd name": _more(b"a b(c)\xff", b"x"),
    "folded": _set(b"X-Odd", b"a\r\n b"),
    "split": _set(b"X-Odd", b"a\r\nSet-Cookie: b"),
    "credential twice": lambda rng, raw: _more(b"Authorization", b"Bearer sk_live_wrong")(rng, raw),
    "wrong credential first": lambda rng, raw: replace(
        raw, headers=((b"Authorization", b"Bearer sk_live_wrong"), *raw.headers)
    ),
    "no credential": _set(b"Authorization"),
    "empty credential": _set(b"Authorization", b""),
    "only a scheme": _set(b"Authorization", b"Bearer"),
    "basic": _set(b"Authorization", b"Basic YTpi"),
    "odd credential": _set(b"Authorization", b"Bearer \xff\xfe\xe9"),
    "long credential": _set(b"Authorization", b"Bearer sk_live_" + b"x" * 50_000),
    "injected credential": _set(b"Authorization", b"Bearer sk_live_' or 1=1 --"),
    "key twice": _more(b"Idempotency-Key", b"another"),
    "empty key": _set(b"Idempotency-Key", b""),
    "odd key": _set(b"Idempotency-Key", b"\xe9\xff"),
    "long key": _set(b"Idempotency-Key", b"k" * 256),
    "spaced key": _set(b"Idempotency-Key", b"a b"),
    "no type": _set(b"Content-Type"),
    "text": _set(b"Content-Type", b"text/plain"),
    "XML": _set(b"Content-Type", b"application/xml"),
    "utf-16": _set(b"Content-Type", _JSON + b"; charset=utf-16"),
    "unknown charset": _set(b"Content-Type", _JSON + b"; charset=klingon"),
    "broken type": _set(b"Content-Type", b";;;===\xff"),
    "many parameters": _set(b"Content-Type", _JSON + b"; a=b" * 5_000),
    "two types": _set(b"Content-Type", _JSON, b"text/plain"),
    "form": _set(b"Content-Type", b"application/x-www-form-urlencoded"),
    "multipart": _set(b"Content-Type", b"multipart/form-data; boundary=x"),
    "multipart without boundary": _set(b"Content-Type", b"multipart/form-data"),
    "long boundary": _set(b"Content-Type", b"multipart/form-data; boundary=" + b"x" * 10_000),
    "gzip bomb": _bomb,
    "said to be gzip": _set(b"Content-Encoding", b"gzip"),
    "unknown encoding": _set(b"Content-Encoding", b"x-nothing, gzip, br"),
    "continue": _set(b"Expect", b"100-continue"),
    "expects more": _set(b"Expect", b"200-ok"),
    "websocket": lambda rng, raw: _more(b"Upgrade", b"websocket")(rng, raw.with_header(b"Connection", b"Upgrade")),
    "h2c": lambda rng, raw: _more(b"Upgrade", b"h2c")(rng, raw.with_header(b"Connection", b"Upgrade, HTTP2-Settings")),
    "no host": _set(b"Host"),
    "odd host": _set(b"Host", b"a b/\\@[::1]:99999"),
    "two hosts": _set(b"Host", b"localhost", b"evil.example"),
    "request id": _set(b"X-Request-Id", b"x" * 200),
    "odd request id": _set(b"X-Request-Id", b"\xe9\r\n\tx"),
    "forwarded": _set(b"X-Forwarded-For", b"127.0.0.1, \xff"),
    "method override": _set(b"X-HTTP-Method-Override", b"DELETE"),
    "range": _set(b"Range", b"bytes=0-0,5-9999999999999999999"),
    "conditions": _set(b"If-Modified-Since", b"never"),
    "accepts nothing": _set(b"Accept", b"*/*;q=0, \xff"),
    "cookies": _set(b"Cookie", b"a=b; " * 2_000),
}
"""Requests whose frame is right. A parser may still refuse them."""


def _head_with(*more: tuple[bytes, bytes], body: bytes | None = None) -> Framing:
    return lambda rng, raw: raw.head(*more) + (raw.body or b"" if body is None else body)


def _length(value: bytes) -> Framing:
    return _head_with((b"Content-Length", value))


def _chunked(content: bytes) -> Framing:
    return _head_with((b"Transfer-Encoding", b"chunked"), body=content)


def _line(change: Callable[[bytes], bytes]) -> Framing:
    return lambda rng, raw: change(raw.written())


FRAMES: Mapping[str, Framing] = {
    "length too small": _length(b"1"),
    "length too large": _length(b"100000"),
    "negative length": _length(b"-1"),
    "signed length": _length(b"+5"),
    "length in hex": _length(b"0x10"),
    "length in words": _length(b"many"),
    "enormous length": _length(b"9" * 40),
    "no number": _length(b""),
    "two lengths": _head_with((b"Content-Length", b"2"), (b"Content-Length", b"3")),
    "list of lengths": _length(b"2, 2"),
    "length and chunks": _head_with(
        (b"Content-Length", b"4"), (b"Transfer-Encoding", b"chunked"), body=b"0\r\n\r\nGET /numbers HTTP/1.1\r\n\r\n"
    ),
    "honest chunks": lambda rng, raw: (
        raw.head((b"Transfer-Encoding", b"chunked"))
        + b"%x\r\n%s\r\n0\r\n\r\n" % (len(raw.body or b"{}"), raw.body or b"{}")
    ),
    "chunk of bytes": lambda rng, raw: (
        raw.head((b"Transfer-Encoding", b"chunked"))
        + b"".join(b"1\r\n%c\r\n" % byte for byte in raw.body or b"{}")
        + b"0\r\n\r\n"
    ),
    "chunk too long": _chunked(b"ff\r\n{}\r\n0\r\n\r\n"),
    "chunk too short": _chunked(b'1\r\n{"name":"x"}\r\n0\r\n\r\n'),
    "negative chunk": _chunked(b"-1\r\n{}\r\n0\r\n\r\n"),
    "overflowing chunk": _chunked(b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n"),
    "chunk of nonsense": _chunked(b"zz\r\n{}\r\n"),
    "long extension": _chunked(b"2;" + b"x" * 50_000 + b"\r\n{}\r\n0\r\n\r\n"),
    "many trailers": _chunked(b"2\r\n{}\r\n0\r\n" + b"X-T: y\r\n" * 500 + b"\r\n"),
    "no last chunk": _chunked(b"2\r\n{}\r\n"),
    "2 MB in chunks": _chunked((b"10000\r\n" + b" " * 65_536 + b"\r\n") * 32 + b"0\r\n\r\n"),
    "encodings": _head_with((b"Transfer-Encoding", b"gzip, chunked")),
    "unknown transfer": _head_with((b"Transfer-Encoding", b"x-cake")),
    "chunked twice": _head_with((b"Transfer-Encoding", b"chunked, chunked")),
    "spaced chunked": _head_with((b"Transfer-Encoding ", b"chunked")),
    "line feeds": _line(lambda sent: sent.replace(b"\r\n", b"\n")),
    "carriage returns": _line(lambda sent: sent.replace(b"\r\n", b"\r")),
    "cut in the head": lambda rng, raw: raw.head()[: rng.randrange(len(raw.head()) - 4)],
    "cut in the body": lambda rng, raw: raw.written()[: -max(1, len(raw.body or b"") // 2)],
    "noise": lambda rng, raw: rng.randbytes(rng.randint(1, 3_000)),
    "flipped": lambda rng, raw: bytes(byte ^ (rng.random() < 0.01) for byte in raw.written()),
    "nothing": lambda rng, raw: b"",
    "an empty line": lambda rng, raw: b"\r\n" * 50,
    "no version": lambda rng, raw: replace(raw, version=b"").written(),
    "HTTP/0.9": lambda rng, raw: b"GET /numbers\r\n",
    "HTTP/1.0": lambda rng, raw: replace(raw, version=b"HTTP/1.0").written(),
    "HTTP/9.9": lambda rng, raw: replace(raw, version=b"HTTP/9.9").written(),
    "HTTP/2": lambda rng, raw: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "TLS": lambda rng, raw: bytes.fromhex("16030100dc010000d80303") + rng.randbytes(200),
    "SSH": lambda rng, raw: b"SSH-2.0-OpenSSH_9.6\r\n",
    "long line": lambda rng, raw: replace(raw, target=b"/" + b"x" * 2_000_000).written(),
    "long method": lambda rng, raw: replace(raw, method=b"X" * 100_000).written(),
    "two requests": lambda rng, raw: raw.with_header(b"Connection", b"keep-alive").written() + raw.written(),
    "a request and noise": lambda rng, raw: raw.with_header(b"Connection", b"keep-alive").written() + b"\x00\xff\r\n",
}
"""Bytes that may be no request at all: the server may also just close."""

PATHS: tuple[bytes, ...] = (
    b"", b"*", b"//", b"/.", b"/..", b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/numbers/..%2fkeys", b"//numbers",
    b"/numbers/", b"/numbers//release", b"/numbers/%00", b"/numbers/%2f", b"/numbers/%2F%2F", b"/numbers/%", b"/numbers/%zz",
    b"/numbers/%ff%fe", b"/numbers/\xff\xfe", b"/numbers/%C0%AF", b"/numbers/%ED%A0%80", b"/numbers/%F0%9F%98%80",
    b"/numbers/;x=y", b"/numbers/a%0d%0aX:%20y", b"/numbers/" + b"x" * 60_000, b"/numbers/{id}", b"/numbers/%7Bid%7D",
    b"/NUMBERS", b"/v2", b"/v2/v2/numbers", b"/v2//numbers", b"/v1/numbers", b"/numbers#fragment", b"\\numbers", b"numbers",
    b"http://evil.example/numbers", b"https://user:pass@evil.example:99999/numbers", b"evil.example:443", b"/\x00", b"/ a",
    b"/docs/errors/../../openapi.json", b"/docs/errors/%2e%2e", b"/docs/errors/" + b"x" * 5_000, b"/openapi.json?x=%00",
    b"/carrier-events/", b"/carrier-events/%00", b"/carrier-events/../numbers", b"/simulator", b"/version/..",
)  # fmt: skip
"""Addresses of nothing, or of something in disguise."""

QUERIES: tuple[bytes, ...] = (
    b"?", b"?&&&", b"?=", b"?limit", b"?limit=", b"?limit=0", b"?limit=-1", b"?limit=101", b"?limit=1e2", b"?limit=NaN",
    b"?limit=" + b"9" * 5_000, b"?limit=1&limit=2", b"?limit=1&limit=x", b"?limit=%31", b"?limit=1%00", b"?limit=%EF%BC%91",
    b"?limit[]=1", b"?limit=1;limit=2", b"?LIMIT=1", b"?cursor=", b"?cursor=x", b"?cursor=%00", b"?cursor=%ff", b"?cursor=%",
    b"?cursor=" + b"x" * 64, b"?cursor=" + b"x" * 65, b"?cursor=" + b"x" * 50_000, b"?cursor=%27%20or%201=1--",
    b"?cursor=num_&cursor=call_", b"?cursor=zzzzzzzz", b"?cursor=%F0%9F%98%80", b"?unknown=1", b"?" + b"a=b&" * 5_000,
    b"?numberId=%00", b"?numberId=&numberId=", b"?numberId=" + b"x" * 70, b"?language=%00", b"?language=" + b"x" * 9_000,
    b"?since=now", b"?since=0001-01-01T00:00:00%2B23:59", b"?since=9999-12-31T23:59:59-23:59", b"?since=2026-02-30T00:00:00Z",
    b"?since=2026-01-01T00:00:00", b"?since=-1", b"?since=" + b"9" * 400, b"?country=us&numberType=local", b"?country=US",
    b"?country=%00%00&numberType=local", b"?country=US&numberType=__", b"?peerNumber=%2B1&numberId=x", b"?__proto__=1",
)  # fmt: skip
"""Queries that no client writes."""

METHODS: tuple[bytes, ...] = (
    b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"BREW", b"get",
    b"G T",
)  # fmt: skip
