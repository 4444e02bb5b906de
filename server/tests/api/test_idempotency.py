"""Safe retries on the wire: one effect for each `Idempotency-Key`, and which answers are remembered."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from saperly_server import idempotency

from .conftest import Stage
from .wire import PEER, allow, balance, child, outcome, text

KEY = {"Idempotency-Key": "9f5e7a52-9f0c-4a8e-8a53-0c3a1f4f8b11"}
SLOW = "+15005553005"


def replayed(answer: httpx.Response) -> bool:
    return "idempotency-replayed" in answer.headers


async def test_a_repetition_while_the_first_runs_is_told_to_wait_and_then_gets_its_answer(stage: Stage) -> None:
    line = await stage.line()
    await allow(stage.client, line, SLOW)
    body = {"fromNumberId": line["id"], "to": SLOW, "body": "Hi"}
    send = [stage.client.post("/messages", json=body, headers=KEY) for _ in range(3)]
    answers = await stage.during(asyncio.gather(*send))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {outcome(answer)[1] for answer in answers} == {None, "IdempotencyConflict"}
    again = await text(stage, line, SLOW, **KEY)
    assert (again.status_code, replayed(again)) == (201, True)
    await stage.clock.advance(10)
    assert len(stage.network.inbox(SLOW)) == 1
    assert await balance(stage) == 5_000 - 2


async def test_a_repeated_mint_never_shows_the_secret_again(stage: Stage) -> None:
    body = {"name": "agent", "scopes": ["read"]}
    first, second = [await stage.post("/api-tokens", body, **KEY) for _ in range(2)]
    assert first.json()["key"]
    assert replayed(second)
    assert (second.json()["key"], second.json()["token"]) == (None, None)
    assert second.json()["id"] == first.json()["id"]
    assert len(await stage.get("/api-tokens")) == 2


async def test_two_credentials_may_use_the_same_key(stage: Stage) -> None:
    other = await child(stage, "connections:write")
    first = await stage.post("/connections", {"name": "a"}, **KEY)
    second = await other.post("/connections", json={"name": "b"}, headers=KEY)
    assert (first.json()["name"], second.json()["name"]) == ("a", "b")


async def test_two_routes_may_use_the_same_key(stage: Stage) -> None:
    number = await stage.number()
    path = f"/numbers/{number['id']}"
    assert (await stage.post(f"{path}/sms-sender", {"smsSenderId": "Acme"}, **KEY)).status_code == 200
    assert (await stage.post(f"{path}/caller-id", {"callerIdName": "Acme"}, **KEY)).status_code == 200


async def test_one_key_for_two_numbers_is_a_mismatch(stage: Stage) -> None:
    first, second = await stage.number(), await stage.number()
    body = {"smsSenderId": "Acme"}
    assert (await stage.post(f"/numbers/{first['id']}/sms-sender", body, **KEY)).status_code == 200
    answer = await stage.post(f"/numbers/{second['id']}/sms-sender", body, **KEY)
    assert outcome(answer) == (422, "IdempotencyKeyMismatch")


async def test_the_order_of_fields_and_white_space_make_no_difference(stage: Stage) -> None:
    spellings = (b'{"name":"a","instructions":"b"}', b'{ "instructions" : "b",\n "name" : "a" }')
    headers = {**KEY, "Content-Type": "application/json"}
    first, second = [await stage.client.post("/connections", content=one, headers=headers) for one in spellings]
    assert replayed(second)
    assert second.json() == first.json()


async def test_a_refusal_that_may_pass_is_not_remembered(stage: Stage) -> None:
    line = await stage.line()
    assert outcome(await text(stage, line, **KEY)) == (403, "ConsentRequired")
    await allow(stage.client, line)
    answer = await text(stage, line, **KEY)
    assert (answer.status_code, replayed(answer)) == (201, False)


async def test_a_refusal_that_can_never_pass_is_remembered(stage: Stage) -> None:
    number = await stage.number()
    path = f"/numbers/{number['id']}/caller-id"
    first, second = [await stage.post(path, {"callerIdName": "!"}, **KEY) for _ in range(2)]
    assert outcome(first) == outcome(second) == (400, "InvalidCallerIdName")
    assert (replayed(first), replayed(second)) == (False, True)


async def test_a_number_that_was_only_ordered_is_usable_with_the_same_key_once_it_came(stage: Stage) -> None:
    await stage.number()
    number = await stage.number(country="DE")
    path, body = f"/numbers/{number['id']}/webhook", {"url": "https://example.com"}
    assert outcome(await stage.post(path, body, **KEY)) == (404, "NumberNotFound")
    stage.process.worker.stop()
    await stage.clock.advance(3_700)
    answer = await stage.post(path, body, **KEY)
    assert (answer.status_code, replayed(answer)) == (200, False)


async def test_a_key_is_free_again_after_a_day(stage: Stage) -> None:
    assert (await stage.post("/connections", {"name": "a"}, **KEY)).status_code == 201
    stage.process.worker.stop()
    await stage.clock.advance(24 * 3600 + 1)
    async with stage.process.services.db.system() as tx:
        await idempotency.forget_expired(tx)
    other: Any = await stage.post("/connections", {"name": "b"}, **KEY)
    assert (other.status_code, other.json()["name"]) == (201, "b")


async def test_without_a_key_every_request_counts(stage: Stage) -> None:
    line = await stage.line()
    await allow(stage.client, line)
    for _ in range(2):
        assert (await text(stage, line)).status_code == 201
    await stage.clock.advance(3)
    assert len(stage.network.inbox(PEER)) == 2


async def test_a_repeated_call_is_answered_as_before_though_its_number_is_gone(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, "+15555550123")
    body, key = {"fromNumberId": line["id"], "to": "+15555550123"}, {"Idempotency-Key": "once"}
    first = await stage.post("/calls", body, **key)
    assert first.status_code == 201
    assert (await stage.post(f"/numbers/{line['id']}/release", {})).status_code == 200
    again = await stage.post("/calls", body, **key)
    assert (again.status_code, again.content) == (201, first.content)
