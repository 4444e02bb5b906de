"""Every operation, with every id of somebody else in every position: as if that id named nothing, and not a word of theirs."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from server.tests.stage import Stage

from .bodies import Asked, Where, contract, every_request, fields_in, fields_of
from .neighbours import Tenantry, ids_among, other_environment, texts, twin_of, workspace

_REQUEST_ID = re.compile(r'"requestId":"[^"]*"')
_LAST_USED = re.compile(r'"lastUsedAt":"[^"]*"')
_STATE = ("numbers", "connections", "consents", "suppressions", "api_keys", "custom_voices", "messages", "holds")

Plain = tuple[int, str, str]
"""Status, body and next page of an answer, without what differs each time."""


@dataclass(slots=True)
class Sight:
    """What one side can see, and what it must not: ids and texts that are only the other's.

    `kept` is what it wrote itself, where any text is taken, and so may read again.
    """

    me: Tenantry
    client: httpx.AsyncClient
    ids: list[str]
    secrets: frozenset[str]
    kept: set[str] = field(default_factory=set)
    answers: dict[Any, Plain] = field(default_factory=dict)
    requests: int = 0

    async def ask(self, asked: Asked) -> httpx.Response:
        self.requests += 1
        request = self.client.request(asked.method, asked.address, params=asked.params, json=asked.body)
        answer = await self.me.stage.during(request)
        assert answer.status_code < 500, (asked, answer.text)
        return answer

    async def compare(self, asked: Asked, where: Where, one: str) -> int:
        """The answer to somebody's id is that to nobody's, up to the id; its status."""
        answer = await self.ask(asked.put(where, one))
        if answer.is_success and asked.method != "GET":
            self.kept.add(one)
        self.look(answer, known={one})
        assert _plain(answer, one) == await self.nothing(asked, where, one), (asked.operation, where, one)
        return answer.status_code

    async def nothing(self, asked: Asked, where: Where, one: str) -> Plain:
        """The answer to an id that names nothing; a cursor's stands beside the id in every order."""
        nobodys = twin_of(one if where == ("query", "cursor") else self.ids[0])
        key = (asked.operation, str(asked.body), where, nobodys)
        if key not in self.answers:
            self.answers[key] = _plain(await self.ask(asked.put(where, nobodys)), nobodys)
        return self.answers[key]

    def look(self, answer: httpx.Response, known: Collection[str] = ()) -> None:
        """Nothing of the other's is in an answer, but what the request itself told."""
        whole = answer.text + str(answer.headers)
        for one in {*known, *self.kept}:
            whole = whole.replace(one, "")
        leaked = [secret for secret in self.secrets if secret in whole]
        assert not leaked, (str(answer.request.url), leaked)


def _plain(answer: httpx.Response, value: str) -> Plain:
    body = _REQUEST_ID.sub("", answer.text).replace(value, "<id>")
    if answer.is_success and answer.request.method != "GET":
        body = "done"  # what is made has ids, secrets and instants of its own
    return answer.status_code, body, answer.headers.get("link", "").replace(value, "<id>")


async def crawl(sight: Sight) -> None:
    """Every request × every position × every id. What takes any text is tried with one: it is kept, not looked up."""
    for asked in every_request(sight.me.things):
        for where in asked.places():
            for one in sight.ids:
                status = await sight.compare(asked, where, one)
                if status < 300 and asked.method != "GET":
                    break
    assert sight.kept <= {sight.ids[0]}, "an id was taken where others were not"


async def lists(sight: Sight) -> dict[str, tuple[int, str]]:
    """Everything that can be read without naming an id: nothing of the other's is in it."""
    seen = {}
    for path, methods in contract()["paths"].items():
        if "get" in methods and "{" not in path and path not in ("/consent/check", "/pricing/quote"):
            answer = await sight.client.get(path, params={"limit": 100} if path != "/usage" else {})
            sight.look(answer)
            seen[path] = (answer.status_code, _LAST_USED.sub("", answer.text))
    return seen


async def state(stage: Stage, ids: list[str]) -> dict[str, list[str]]:
    """The rows that these ids name, as they are."""
    found = {}
    async with stage.process.services.db.system() as tx:
        for table in _STATE:
            rows = await tx.all(
                text(f"select to_jsonb(t) - 'last_used_at' from {table} t where id = any(:ids)"), {"ids": ids}
            )
            found[table] = sorted(str(row[0]) for row in rows)
    return found


async def _sight(me: Tenantry, client: httpx.AsyncClient, before: set[str], every: bool) -> Sight:
    """`every` id of the other's, or one of each kind."""
    new = await texts(me.stage) - before
    ids = ids_among(new)
    one_of_a_kind = {one.partition("_")[0]: one for one in ids}
    return Sight(me, client, ids if every else sorted(one_of_a_kind.values()), frozenset(new))


async def _crawled(stage: Stage, sight: Sight, seen: dict[str, tuple[int, str]]) -> None:
    assert await lists(sight) == seen, "the other's things are counted"
    theirs = await state(stage, sight.ids)
    assert all(theirs[table] for table in ("numbers", "messages", "holds"))
    await crawl(sight)
    assert await state(stage, sight.ids) == theirs
    assert len(sight.ids) >= 12 and sight.requests >= 900


EVERY = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["kinds", "all"])


@EVERY
@pytest.mark.parametrize("other", ["another workspace", "the other environment"])
async def test_somebody_elses_things_are_answered_like_things_that_never_were(
    stage: Stage, other: str, every: bool
) -> None:
    mine = await workspace(stage, "violet", "+15555550123")
    await mine.furnish()
    await mine.hang_up()
    before = await texts(stage)
    seen = await lists(Sight(mine, mine.client, [], frozenset()))
    if other == "another workspace":
        theirs = await workspace(stage, "magenta", "+15555550145")
    else:
        theirs = await other_environment(stage, mine, "magenta", "+15555550145")
    await theirs.furnish()
    await _crawled(stage, await _sight(mine, mine.client, before, every), seen)


@EVERY
async def test_a_key_for_one_number_knows_nothing_of_the_others(stage: Stage, every: bool) -> None:
    mine = await workspace(stage, "violet", "+15555550123")
    await mine.furnish()
    await mine.hang_up()
    grant = {"scopes": sorted(_SCOPES), "resources": {"numbers": [mine.things["number"]]}}
    key = (await mine.post("/api-tokens", {"name": "narrow", "grant": grant}))["key"]
    before = await texts(stage)
    async with stage.client_with(key) as client:
        seen = await lists(Sight(mine, client, [], frozenset()))
        sibling = Tenantry(stage, mine.client, "magenta", "+15555550145", {})
        number = await sibling.number()
        await sibling.use(number, mine.things["connection"])
        await sibling.call(number)
        sight = await _sight(mine, client, before, every)
        seen = {path: answer for path, answer in seen.items() if path != "/usage"}  # of the whole workspace
        assert {path: answer for path, answer in (await lists(sight)).items() if path in seen} == seen
        await crawl(sight)
    assert sight.requests >= 600


_SCOPES = (
    "numbers:read",
    "numbers:write",
    "numbers:release",
    "connections:read",
    "connections:write",
    "messages:create",
    "calls:create",
    "calls:control",
    "consent:write",
    "webhooks:write",
    "billing:read",
    "keys:admin",
    "read",
)


def test_every_field_of_every_operation_is_crawled() -> None:
    things = dict.fromkeys(("number", "connection", "call", "voice", "key"), "x")
    asked = list(every_request(things))
    operations = {one.operation: one for one in asked}
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            assert name in operations, (method, path)
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                given = set().union(*(fields_in(one.body) for one in asked if one.operation == name))
                assert fields_of(content["schema"]) <= given, name
