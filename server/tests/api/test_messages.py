"""Sending texts on the wire: what they cost, who may be texted, and what the network's refusals come to."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Stage
from .wire import PEER, allow, balance, child, facts, furnished, outcome, poor, text

MAGIC = "+1500555"
FIELDS = {"id", "numberId", "direction", "to", "from", "body", "segments", "status", "createdAt"}


@pytest.fixture
async def line(stage: Stage) -> Any:
    found = await stage.line()
    await allow(stage.client, found)
    return found


async def sent_to(stage: Stage, line: Any, last_four: str) -> Any:
    peer = f"{MAGIC}{last_four}"
    await allow(stage.client, line, peer)
    return await text(stage, line, peer)


async def only(stage: Stage) -> Any:
    (found,) = await stage.get("/messages")
    return found


async def test_a_sent_text_has_the_documented_shape_and_arrives(stage: Stage, line: Any) -> None:
    answer = await text(stage, line, body="Hi from my agent 👋")
    assert answer.status_code == 201
    message = answer.json()
    assert set(message) == FIELDS
    assert (message["from"], message["to"], message["direction"]) == (line["phoneNumber"], PEER, "outbound")
    assert (message["segments"], message["status"]) == (1, "sent")
    await stage.clock.advance(3)
    assert [received.text for received in stage.network.inbox(PEER)] == ["Hi from my agent 👋"]
    assert (await only(stage))["status"] == "delivered"


async def test_every_segment_is_charged_and_nothing_else(stage: Stage, line: Any) -> None:
    for body, segments in (("x" * 160, 1), ("x" * 161, 2), ("x" * 1600, 11), ("…" * 70, 1), ("…" * 71, 2)):
        before = await balance(stage)
        assert (await text(stage, line, body=body)).json()["segments"] == segments
        await stage.clock.advance(3)
        assert before - await balance(stage) == 2 * segments


async def test_a_segment_costs_what_its_zone_costs(stage: Stage, line: Any) -> None:
    for to, cents in (("+447700900123", 3), ("+14165550123", 2)):
        await allow(stage.client, line, to)
        before = await balance(stage)
        assert (await text(stage, line, to)).status_code == 201
        assert before - await balance(stage) == cents


async def test_a_text_has_1_to_1600_characters(stage: Stage, line: Any) -> None:
    for body in ("", "x" * 1601):
        answer = await text(stage, line, body=body)
        assert outcome(answer) == (400, "ValidationError")
        assert answer.json()["issues"][0]["path"] == "body"


async def test_a_destination_that_is_never_or_not_yet_allowed_is_refused_by_name(stage: Stage, line: Any) -> None:
    for to in ("+19005550123", "+4915112345678", "+881612345678"):
        assert facts(await text(stage, line, to)) == {"_tag": "DestinationNotSupported", "to": to}
        assert stage.network.inbox(to) == ()
    assert outcome(await text(stage, line, "+911")) == (400, "ValidationError")


async def test_an_empty_balance_sends_nothing(stage: Stage) -> None:
    client = await poor(stage, 3)
    number = await furnished(stage, client)
    body = {"fromNumberId": number["id"], "to": PEER, "body": "x" * 161}
    answer = await stage.during(client.post("/messages", json=body))
    assert answer.status_code == 402
    assert facts(answer) == {"_tag": "InsufficientFunds", "balanceCents": 3, "requestedCents": 4}
    assert stage.network.inbox(PEER) == ()


async def test_a_spent_cap_sends_nothing_and_tells_the_numbers(stage: Stage, line: Any) -> None:
    client = await child(stage, "messages:create", cents=5)
    body = {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}
    answers = [await stage.during(client.post("/messages", json=body)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 402]
    assert facts(answers[-1]) == {
        "_tag": "SpendLimitExceeded",
        "limitCents": 5,
        "priorSpendCents": 4,
        "requestedCents": 2,
    }


async def test_a_spend_counts_against_every_key_above(stage: Stage, line: Any) -> None:
    parent = await child(stage, "keys:admin", "messages:create", cents=5)
    grant = {"scopes": ["messages:create"], "spendLimit": {"amountCents": 5}}
    keys = [(await parent.post("/api-tokens", json={"name": "c", "grant": grant})).json()["key"] for _ in range(2)]
    body = {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}
    for key in keys:
        assert (await stage.during(stage.client_with(key).post("/messages", json=body))).status_code == 201
    answer = await stage.during(stage.client_with(keys[0]).post("/messages", json=body))
    assert facts(answer)["priorSpendCents"] == 4


async def test_a_monthly_cap_begins_again_with_the_month(stage: Stage, line: Any) -> None:
    body = {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}
    flat = {"spendLimitCents": 2, "spendLimitResetPeriod": "monthly"}
    minted = await stage.post("/api-tokens", {"name": "a", "scopes": ["write"], **flat})
    client = stage.client_with(minted.json()["key"])
    statuses = [(await stage.during(client.post("/messages", json=body))).status_code for _ in range(2)]
    stage.process.worker.stop()
    await stage.clock.advance(13 * 24 * 3600)
    statuses.append((await stage.during(client.post("/messages", json=body))).status_code)
    assert statuses == [201, 402, 201]


async def test_a_refusal_by_the_network_is_told_and_costs_nothing(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    for last_four in ("0001", "0002", "0003", "0004", "0008", "0009"):
        answer = await sent_to(stage, line, last_four)
        assert outcome(answer) == (502, "MessageSendFailed"), last_four
        assert answer.json()["reason"][-1] == "."
        assert (await stage.get("/messages"))[0]["status"] == "failed"
    assert await balance(stage) == before


async def test_a_receipt_moves_the_text_on(stage: Stage, line: Any) -> None:
    expected = {"0006": "delivered", "2001": "undelivered", "2002": "undelivered", "2003": "sent", "2005": "sent"}
    for last_four in expected:
        assert (await sent_to(stage, line, last_four)).status_code == 201
    await stage.clock.advance(15)
    assert {one["to"][-4:]: one["status"] for one in await stage.get("/messages")} == expected


async def test_a_text_that_fails_after_the_hand_off_stays_charged(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    await sent_to(stage, line, "2001")
    await stage.clock.advance(5)
    assert before - await balance(stage) == 2


async def test_a_list_can_be_narrowed_to_one_number_both_ways(stage: Stage, line: Any) -> None:
    other = await stage.line()
    await allow(stage.client, other)
    for number in (line, other):
        await text(stage, number)
        stage.network.send_text(PEER, number["phoneNumber"], "Hello")
    await stage.clock.advance(3)
    assert len(await stage.get("/messages")) == 4
    narrowed = await stage.get("/messages", numberId=line["id"])
    assert [message["direction"] for message in narrowed] == ["inbound", "outbound"]
    assert {message["numberId"] for message in narrowed} == {line["id"]}
    assert await stage.get("/messages", numberId="num_unknown") == []


async def test_a_repeated_request_with_its_key_sends_one_text(stage: Stage, line: Any) -> None:
    key = {"Idempotency-Key": "9f5e7a52-9f0c-4a8e-8a53-0c3a1f4f8b11"}
    first, second = await text(stage, line, **key), await text(stage, line, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    other = await text(stage, line, body="Another text", **key)
    assert outcome(other) == (422, "IdempotencyKeyMismatch")
    await stage.clock.advance(3)
    assert len(stage.network.inbox(PEER)) == 1


async def test_a_key_that_is_none_is_refused(stage: Stage, line: Any) -> None:
    body = {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}
    for key in (b"", b"x" * 256, b"with space", "é".encode()):
        answer = await stage.during(stage.client.post("/messages", json=body, headers={b"Idempotency-Key": key}))
        assert outcome(answer) == (422, "IdempotencyKeyMismatch"), key
    await stage.clock.advance(3)
    assert stage.network.inbox(PEER) == ()


async def test_the_prefixed_path_shares_its_keys_with_the_bare_one(stage: Stage, line: Any) -> None:
    body = {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}
    answers = [await stage.post(f"{prefix}/messages", body, **{"Idempotency-Key": "one"}) for prefix in ("", "/v2")]
    assert answers[0].json() == answers[1].json()
