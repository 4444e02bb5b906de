"""Every mutating operation × every way in which its request may come again: one effect, one answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from .house import House, Place
from .writes import WRITES, Write

REPLAYED = "idempotency-replayed"
CONTRACT: Any = json.loads((Path(__file__).parents[2] / "contract" / "openapi.v2.json").read_text("utf-8"))
MUTATING = [
    operation
    for methods in CONTRACT["paths"].values()
    for method, operation in methods.items()
    if method in ("post", "put", "patch", "delete")
]

every_write = pytest.mark.parametrize("write", WRITES, ids=str)


def lasting(write: Write, answer: httpx.Response) -> Any:
    """The answer as every repetition must give it: its very bytes, or its members without a secret that is shown once."""
    if not write.shown_once:
        return answer.status_code, answer.content
    return answer.status_code, {name: value for name, value in answer.json().items() if name not in write.shown_once}


def told(answers: Iterable[httpx.Response]) -> set[tuple[int, str | None]]:
    """Status and error tag of each answer."""
    return {(answer.status_code, answer.json().get("_tag") if answer.is_error else None) for answer in answers}


def winners(write: Write, answers: Sequence[httpx.Response]) -> list[httpx.Response]:
    return [answer for answer in answers if answer.status_code == write.status]


async def crowd(place: Place, requests: Iterable[Any]) -> list[httpx.Response]:
    return list(await place.house.stage.during(asyncio.gather(*requests)))


def test_the_table_has_a_line_for_every_mutating_operation_and_no_other() -> None:
    assert sorted(write.operation for write in WRITES) == sorted(operation["operationId"] for operation in MUTATING)


def test_every_mutating_operation_takes_a_key() -> None:
    for operation in MUTATING:
        headers = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
        assert "Idempotency-Key" in headers, operation["operationId"]


@every_write
async def test_one_request_is_one_effect_of_the_expected_kind(house: House, write: Write) -> None:
    effects = await house.once(write)
    assert effects["rows", "idempotency_records"] == 1
    traces = [(kind, name) for kind, name in (("audit", write.happens), ("asked", write.asked)) if name is not None]
    assert traces
    assert all(effects[trace] == 1 for trace in traces), effects


@every_write
async def test_a_repetition_gets_the_same_bytes_another_request_a_refusal_and_nothing_changes(
    house: House, write: Write
) -> None:
    place = await house.place(write)
    before = await place.count()
    first = await place.send(write, "again")
    assert first.status_code == write.status and REPLAYED not in first.headers, first.text
    at_once = await place.send(write, "again", spelling=1)
    await place.settle()
    settled = await place.content()
    answers = [at_once, *[await place.send(write, "again", spelling=spelling) for spelling in (0, 2, 3)]]
    assert [lasting(write, answer) for answer in answers] == [lasting(write, first)] * 4
    assert all(answer.headers[REPLAYED] == "true" for answer in answers)
    assert all(answer.json()[name] is None for answer in answers for name in write.shown_once)
    await _another_request_is_refused(place, write, "again")
    assert lasting(write, await place.send(write, "again")) == lasting(write, first)
    assert await place.content() == settled
    assert await place.count() - before == await house.once(write)


async def _another_request_is_refused(place: Place, write: Write, key: str) -> None:
    refused = [await place.send(write, key, other=True, spelling=spelling) for spelling in (0, 1)]
    assert told(refused) == {(422, write.mismatch)}


@every_write
async def test_twenty_at_once_have_one_effect_and_one_answer(house: House, write: Write) -> None:
    place = await house.place(write)
    await _twenty_at_once(house, place, write, 20)


async def _twenty_at_once(house: House, place: Place, write: Write, how_many: int) -> None:
    before = await place.count()
    answers = await crowd(place, [place.request(write, "crowd", spelling=n % 4) for n in range(how_many)])
    assert told(answers) <= {(write.status, None), (409, write.busy)}
    won = winners(write, answers)
    assert sum(REPLAYED not in answer.headers for answer in won) == 1
    assert all(lasting(write, answer) == lasting(write, won[0]) for answer in won)
    await place.settle()
    later = await place.send(write, "crowd")
    assert lasting(write, later) == lasting(write, won[0]) and later.headers[REPLAYED] == "true"
    assert await place.count() - before == await house.once(write)
    assert await place.examine() == []


@every_write
async def test_of_two_requests_that_race_for_a_key_one_has_an_effect(house: House, write: Write) -> None:
    place = await house.place(write)
    before = await place.count()
    answers = await crowd(place, [place.request(write, "race", other=n % 2 == 1) for n in range(12)])
    assert told(answers) <= {(write.status, None), (409, write.busy), (422, write.mismatch)}
    won = winners(write, answers)
    assert len({str(lasting(write, answer)) for answer in won}) == 1
    of_the_other = {n % 2 == 1 for n, answer in enumerate(answers) if answer.status_code == write.status}
    assert len(of_the_other) == 1, "both had an effect"
    await place.settle()
    assert await place.count() - before == await house.once(write)
    for other in (False, True):
        later = await place.send(write, "race", other=other)
        assert told([later]) == ({(write.status, None)} if {other} == of_the_other else {(422, write.mismatch)})


@every_write
async def test_the_same_key_elsewhere_is_another_request(house: House, write: Write) -> None:
    """In another workspace, in the other environment, and on another route of the same workspace."""
    here = await house.place(write)
    for place in (here, await house.place(write), await house.environment(here, write)):
        before = await place.count()
        answer = await place.send(write, "shared")
        assert answer.status_code == write.status and REPLAYED not in answer.headers, answer.text
        await place.settle()
        assert await place.count() - before == await house.once(write)
    path = "/connections" if write.path != "/connections" else "/api-tokens"
    body = {"name": "elsewhere", **({"scopes": ["read"]} if path == "/api-tokens" else {})}
    elsewhere = await here.client.post(path, json=body, headers={"Idempotency-Key": "shared"})
    assert elsewhere.status_code == 201 and REPLAYED not in elsewhere.headers


@pytest.mark.slow
@every_write
@pytest.mark.parametrize("round_", range(5))
async def test_fifty_at_once_have_one_effect_every_time(house: House, write: Write, round_: int) -> None:
    await _twenty_at_once(house, await house.place(write), write, 50 + round_)
