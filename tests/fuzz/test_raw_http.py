"""Requests as bytes, damaged in every way, on a socket of the real server: a typed refusal or a closed line, never more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

import psutil  # type: ignore[import-untyped]
import pytest
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.errors import all_errors
from structlog.testing import capture_logs

from server.tests.ledger.bank import run_as_owner

from .bodies import Asked, every_request
from .conftest import errors_in
from .framing import FRAMES, HEADERS, METHODS, PATHS, QUERIES
from .mutations import DAMAGES
from .raw import Answer, Raw, answers_in, exchange, raw_of
from .site import Site, site_on

MOST_MEMORY = 400 * 2**20
_FINAL = {error.tag for error in all_errors() if error.final}
_names = count()


@dataclass(slots=True)
class Fuzz:
    """Sends damaged requests, and remembers what must leave no trace. Each request has a key of its own."""

    site: Site
    rng: Random
    sent: int = 0
    refused: dict[str, Answer] = field(default_factory=dict)

    def valid(self) -> list[Asked]:
        return list(every_request(self.site.things))

    def raw(self, asked: Asked) -> tuple[Raw, str]:
        key = f"fuzz-{next(_names)}"
        return raw_of(asked, self.site.secret, key), key

    def send(
        self, content: bytes, key: str, *, whole: bool = True, may_close: bool = False, bodiless: bool = False
    ) -> list[Answer]:
        """The answers; there is one, unless the frame is no request or too large to be read to its end."""
        self.sent += 1
        try:
            told = list(answers_in(exchange(self.site.port, content, whole=whole), bodiless=bodiless))
        except AssertionError as problem:
            raise AssertionError(f"{problem}\nafter {content[:600]!r}") from problem
        assert told or may_close or len(content) > 2**20, content[:400]
        if len(told) == 1 and told[0].tag is not None:
            self.refused[key] = told[0]
        return told

    def check(self) -> None:
        """The server lives, the books are right, and what was refused is remembered only where that is said."""
        assert self.site.healthy()
        assert self.site.findings() == []
        kept = self.site.remembered() & set(self.refused)
        assert {self.refused[key].tag for key in kept} <= _FINAL


@pytest.fixture(scope="module")
def site(postgres: EmbeddedPostgres) -> Iterator[Site]:
    name = f"site_{next(_names)}"
    asyncio.run(run_as_owner(postgres.url("postgres"), f"create database {name}"))
    with site_on(postgres.url(name)) as found:
        yield found


@pytest.fixture
def fuzz(site: Site, caplog: pytest.LogCaptureFixture) -> Iterator[Fuzz]:
    """Afterwards nothing is broken, nothing was logged as an error, and memory has not run away."""
    before = psutil.Process().memory_info().rss
    found = Fuzz(site, Random(1))
    yield found
    found.check()
    assert psutil.Process().memory_info().rss - before < MOST_MEMORY
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def _bodies(fuzz: Fuzz, each: int) -> None:
    for name, damage in DAMAGES.items():
        asked = [one for one in fuzz.valid() if one.body is not None]
        for one in fuzz.rng.sample(asked, min(each, len(asked))):
            raw, key = fuzz.raw(one)
            content = replace(raw, body=damage(fuzz.rng, raw.body or b"")).written()
            answers = fuzz.send(content, key)
            if name == "10 MB" and answers:
                assert answers[0].status == 413


def _headers(fuzz: Fuzz, each: int) -> None:
    for name, rewrite in HEADERS.items():
        for one in fuzz.rng.sample(fuzz.valid(), each):
            raw, key = fuzz.raw(one)
            fuzz.send(rewrite(fuzz.rng, raw).written(), key, whole=name != "websocket", may_close=True)


def _frames(fuzz: Fuzz, each: int) -> None:
    for frame in FRAMES.values():
        for one in fuzz.rng.sample(fuzz.valid(), each):
            raw, key = fuzz.raw(one)
            fuzz.send(frame(fuzz.rng, raw), key, whole=False, may_close=True)


def _addresses(fuzz: Fuzz, each: int) -> None:
    for one in fuzz.rng.sample(fuzz.valid(), each):
        for path in PATHS:
            raw, key = fuzz.raw(one)
            fuzz.send(replace(raw, target=path).written(), key, may_close=True)
    gets = [one for one in fuzz.valid() if one.method == "GET"]
    for one in fuzz.rng.sample(gets, min(each * 3, len(gets))):
        for query in QUERIES:
            raw, key = fuzz.raw(one)
            fuzz.send(replace(raw, target=raw.target.partition(b"?")[0] + query).written(), key, may_close=True)


def _methods(fuzz: Fuzz) -> None:
    for one in fuzz.valid():
        for method in METHODS:
            raw, key = fuzz.raw(one)
            bodiless = method == b"HEAD"
            fuzz.send(replace(raw, method=method).written(), key, may_close=True, bodiless=bodiless)


def test_damaged_bodies_are_refused_by_type(fuzz: Fuzz) -> None:
    _bodies(fuzz, 6)
    assert fuzz.sent >= 250
    assert {"ValidationError", "PayloadTooLarge"} <= {answer.tag for answer in fuzz.refused.values()}


def test_odd_headers_are_refused_or_ignored(fuzz: Fuzz) -> None:
    _headers(fuzz, 5)
    assert {"ValidationError", "Unauthorized", "IdempotencyKeyMismatch"} <= {
        answer.tag for answer in fuzz.refused.values()
    }


def test_broken_frames_are_refused_or_closed(fuzz: Fuzz) -> None:
    _frames(fuzz, 5)


def test_odd_addresses_and_queries_are_refused_or_harmless(fuzz: Fuzz) -> None:
    _addresses(fuzz, 4)
    assert fuzz.sent >= 700


def test_every_method_on_every_address_is_answered(fuzz: Fuzz) -> None:
    _methods(fuzz)
    assert fuzz.sent >= 40 * len(METHODS)


def test_a_write_that_asks_for_a_socket_is_answered_like_any_other(fuzz: Fuzz) -> None:
    for one in (one for one in fuzz.valid() if one.method != "GET"):
        raw, key = fuzz.raw(one)
        assert fuzz.send(HEADERS["websocket"](fuzz.rng, raw).written(), key), f"{one.method} {one.path}"


def test_hanging_up_in_the_middle_of_a_body_is_no_error_of_the_server(fuzz: Fuzz) -> None:
    asked = next(one for one in fuzz.valid() if one.operation == "keys.revoke")
    raw, key = fuzz.raw(asked)
    with capture_logs() as lines:
        fuzz.send(raw.head((b"Content-Length", b"20")), key, whole=False, may_close=True)
        assert fuzz.site.healthy()
    assert errors_in(lines) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_many_damaged_requests_are_refused_or_harmless(fuzz: Fuzz, seed: int) -> None:
    fuzz.rng = Random(seed)
    _bodies(fuzz, 20)
    _headers(fuzz, 30)
    _frames(fuzz, 30)
    _addresses(fuzz, 20)
