"""HTTP by hand: requests as bytes, sent on a socket, and what may come back."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from .bodies import Asked

Header = tuple[bytes, bytes]
HANGS_AFTER_SEC = 5.0
_MOMENT_SEC = 0.2
_PARSERS_REFUSALS = (b"Invalid HTTP request received.", b"Failed to open a WebSocket connection")
ERRORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "contract" / "errors.json").read_text("utf-8"))
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n(.*?)\r\n\r\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Raw:
    """A request before it is written. `body` None: no body and no `Content-Length`."""

    method: bytes
    target: bytes
    headers: tuple[Header, ...]
    body: bytes | None = None
    version: bytes = b"HTTP/1.1"

    def with_header(self, name: bytes, *values: bytes) -> Raw:
        """With these values of a header in place of its own."""
        kept = tuple(one for one in self.headers if one[0].lower() != name.lower())
        return replace(self, headers=(*kept, *((name, value) for value in values)))

    def head(self, *more: Header) -> bytes:
        lines = [b" ".join((self.method, self.target, self.version)).rstrip()]
        lines += [name + b": " + value for name, value in (*self.headers, *more)]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def written(self) -> bytes:
        length = () if self.body is None else ((b"Content-Length", str(len(self.body)).encode()),)
        return self.head(*length) + (self.body or b"")


def raw_of(asked: Asked, secret: str, key: str) -> Raw:
    """A valid request, written as a client writes it. It closes the connection, so that its answer ends."""
    query = f"?{urlencode(asked.params)}" if asked.params else ""
    headers: list[Header] = [
        (b"Host", b"localhost"),
        (b"Authorization", f"Bearer {secret}".encode()),
        (b"Connection", b"close"),
    ]
    if asked.method != "GET":
        headers.append((b"Idempotency-Key", key.encode()))
    if asked.body is not None:
        headers.append((b"Content-Type", b"application/json"))
    body = None if asked.body is None else json.dumps(asked.body).encode()
    return Raw(asked.method.encode(), (asked.address + query).encode(), tuple(headers), body)


def exchange(port: int, sent: bytes, *, whole: bool) -> bytes:
    """Everything that the server answers before it closes. AssertionError when it keeps us waiting.

    What is not a `whole` request may leave the server waiting for the rest, and an answered one for the next: after a
    moment it is told that none will come.
    """
    deadline = time.monotonic() + HANGS_AFTER_SEC
    received, told = bytearray(), False
    with socket.create_connection(("127.0.0.1", port), timeout=HANGS_AFTER_SEC) as line, suppress(ConnectionError):
        with suppress(ConnectionError):  # it need not read all of what it refuses
            line.sendall(sent)
        while time.monotonic() < deadline:
            if select.select([line], [], [], _MOMENT_SEC)[0]:
                if not (chunk := line.recv(65_536)):
                    return bytes(received)
                received += chunk
            elif not told and (received or not whole):
                line.shutdown(socket.SHUT_WR)
                told = True
        raise AssertionError(f"no end of it: {sent[:300]!r}")
    return bytes(received)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, and the tag of an error that is ours."""

    status: int
    tag: str | None


def answers_in(received: bytes, *, bodiless: bool = False) -> Iterator[Answer]:
    """The answers, each checked against what an answer must be: a success, an error of the contract, or the parser's no."""
    found = list(_STATUS.finditer(received))
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(received)
        yield _checked(int(match[1]), match[2].lower(), received[match.end() : end], bodiless)


def _cut_off(headers: bytes, body: bytes) -> bool:
    """Is the end missing? Who goes on sending what is refused has the rest of the answer reset by the system."""
    declared = re.search(rb"content-length: (\d+)", headers)
    return declared is not None and len(body) < int(declared[1])


def _checked(status: int, headers: bytes, body: bytes, bodiless: bool) -> Answer:
    if status < 400 or bodiless:
        assert status < 500, status
        return Answer(status, None)
    if body.startswith(_PARSERS_REFUSALS):
        assert status in (400, 426)
        return Answer(status, None)
    assert b"application/json" in headers, (status, body[:300])
    if _cut_off(headers, body):
        return Answer(status, None)
    told = json.loads(body)
    tag = told["_tag"]
    assert ERRORS[tag]["status"] == status, told
    assert set(told) >= {"_tag", "fix", "docUrl", "requestId", *ERRORS[tag]["payload"]}, told
    assert status < 500 or status == 502, told
    return Answer(status, tag)
