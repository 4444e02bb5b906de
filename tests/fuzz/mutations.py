"""Seeded damage: to the bytes of a body, to the members of a JSON document."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Damage = Callable[[Random, bytes], bytes]
"""Bytes that were fine, and what became of them."""

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**400, -(10**18), 2**63, 1e308, "", " ", "\x00", "a\x00b", "\ud800", "\U0010ffff",
    "٣", "﻿x", "x" * 70_000, "../../etc/passwd", "' or 1=1 --", "${jndi:ldap://x}", "%s%n", [], [[]], {}, {"": {}},
    {"a": None}, [None] * 500, ["x"], "2026-13-40T99:99:99Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z",
    "2026-06-18T09:30:00", "+1", "+99999999999999999999", "NaN", "null", "true", "ref-\n-", "\r\nX: y",
)  # fmt: skip
"""Values that a member of a document should not have."""


def _truncated(rng: Random, body: bytes) -> bytes:
    return body[: rng.randrange(len(body))] if body else b"{"


def _flipped(rng: Random, body: bytes) -> bytes:
    damaged = bytearray(body or b"{}")
    for _ in range(rng.randint(1, 8)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _spliced(rng: Random, body: bytes) -> bytes:
    at, end = sorted(rng.randrange(len(body) + 1) for _ in range(2))
    return body[:at] + rng.randbytes(rng.randint(1, 20)) + body[end:]


def _doubled(rng: Random, body: bytes) -> bytes:
    return body + body


def _repeated_members(rng: Random, body: bytes) -> bytes:
    inner = body.strip()[1:-1]
    return b"{" + inner + b"," + inner + b"}" if inner else b'{"a":1,"a":2}'


def _nested(opening: bytes, closing: bytes, depth: int) -> Damage:
    def damage(rng: Random, body: bytes) -> bytes:
        return b'{"name":' + opening * depth + b"1" + closing * depth + b"}"

    return damage


def _value(raw: bytes) -> Damage:
    """One member of the document gets a value that is not JSON, or only just."""

    def damage(rng: Random, body: bytes) -> bytes:
        try:
            members = json.loads(body)
            name = rng.choice(sorted(members))
        except (ValueError, TypeError, IndexError):
            return b'{"name":' + raw + b"}"
        return json.dumps({**members, name: "@@"}).encode().replace(b'"@@"', raw)

    return damage


def _all(content: bytes) -> Damage:
    return lambda rng, body: content


def _around(before: bytes, after: bytes) -> Damage:
    return lambda rng, body: before + body + after


DAMAGES: Mapping[str, Damage] = {
    "truncated": _truncated,
    "flipped": _flipped,
    "spliced": _spliced,
    "doubled": _doubled,
    "repeated members": _repeated_members,
    "deep lists": _nested(b"[", b"]", 100_000),
    "deep objects": _nested(b'{"a":', b"}", 100_000),
    "half deep": _nested(b"[", b"", 100_000),
    "1e999": _value(b"1e999"),
    "-1e999": _value(b"-1e999"),
    "NaN": _value(b"NaN"),
    "Infinity": _value(b"-Infinity"),
    "many digits": _value(b"9" * 10_000),
    "many decimals": _value(b"0." + b"1" * 10_000),
    "many exponents": _value(b"1e" + b"9" * 1_000),
    "octal": _value(b"0755"),
    "lone surrogate": _value(b'"\\ud800"'),
    "reversed surrogates": _value(b'"\\udc00\\ud800"'),
    "escaped NUL": _value(b'"\\u0000"'),
    "raw NUL": _value(b'"\x00"'),
    "raw newline": _value(b'"\n"'),
    "overlong UTF-8": _value(b'"\xc0\xaf"'),
    "UTF-8 surrogate": _value(b'"\xed\xa0\x80"'),
    "latin-1": _value(b'"\xe9"'),
    "cut UTF-8": _value(b'"\xf0\x9f"'),
    "half escape": _value(b'"\\u12"'),
    "single quotes": _value(b"'x'"),
    "comment": _value(b"1/*x*/"),
    "BOM": _around(b"\xef\xbb\xbf", b""),
    "UTF-16": lambda rng, body: body.decode("utf-8", "replace").encode("utf-16"),
    "UTF-32": lambda rng, body: body.decode("utf-8", "replace").encode("utf-32"),
    "NUL around": _around(b"\x00", b"\x00"),
    "trailing comma": lambda rng, body: body.strip()[:-1] + b",}",
    "trailing text": _around(b"", b" {}"),
    "white space": _around(b" \t\r\n" * 1_000, b"\n" * 1_000),
    "nothing": _all(b""),
    "one NUL": _all(b"\x00"),
    "null": _all(b"null"),
    "a list": _all(b"[]"),
    "a text": _all(b'"x"'),
    "a number": _all(b"1"),
    "XML": _all(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "a form": _all(b"a=1&b=2"),
    "a pickle": _all(b"\x80\x04\x8c\x02os\x8c\x06system\x93."),
    "noise": lambda rng, body: rng.randbytes(rng.randint(1, 4_096)),
    "gzip bomb": _all(gzip.compress(b"{" + b" " * 20_000_000 + b"}")),
    "many members": _all(json.dumps({f"m{n}": n for n in range(20_000)}).encode()),
    "long name": _all(json.dumps({"x" * 200_000: 1}).encode()),
    "10 MB": _all(b'{"name":"' + b"x" * 10_000_000 + b'"}'),
}
"""What can be wrong with a body, by name."""


def strange_member(rng: Random, document: Any) -> Any:
    """The document with one member, at any depth, replaced, removed, renamed or added."""
    if isinstance(document, list) and document:
        at = rng.randrange(len(document))
        return [*document[:at], strange_member(rng, document[at]), *document[at + 1 :]]
    if not isinstance(document, dict) or not document:
        return rng.choice(STRANGE)
    name = rng.choice(sorted(document))
    changed = dict(document)
    match rng.randrange(6):
        case 0:
            del changed[name]
        case 1:
            changed[rng.choice(("", "_tag", "type", "id", "__proto__", "x" * 300))] = rng.choice(STRANGE)
        case 2:
            changed[name] = strange_member(rng, changed[name])
        case _:
            changed[name] = rng.choice(STRANGE)
    return changed
