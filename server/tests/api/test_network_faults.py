"""A network that fails, dawdles, loses answers or jumbles its news: what customers see converges all the same."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_carriers.port import CarrierUnavailable, Op

from .conftest import Stage
from .wire import allow, balance, dial, outcome, text

MAGIC = "+1500555"
RECOVERED = ["3001", "3003", "3004", "3005", "3006"]
"""Fails once, asks to slow down, loses the answer, answers after six seconds, answers what cannot be read."""

JUMBLED = ["4001", "4002", "4003", "4005", "4006"]
"""News twice, in reverse, late, first with a bad signature, and after the end."""

LOST = "4004"
"""The news of the answer, or that a text was sent, never arrives."""


@pytest.fixture
async def line(stage: Stage) -> Any:
    return await stage.line()


def requests(stage: Stage, operation: str) -> int:
    """How many intents reached the network: a repeated request keeps its id."""
    return len({entry.data["op_id"] for entry in stage.network.log.of("request", operation=operation)})


async def texted(stage: Stage, line: Any, last_four: str) -> Any:
    await allow(stage.client, line, f"{MAGIC}{last_four}")
    return await text(stage, line, f"{MAGIC}{last_four}")


async def dialled(stage: Stage, line: Any, last_four: str) -> Any:
    await allow(stage.client, line, f"{MAGIC}{last_four}")
    return await dial(stage, line, f"{MAGIC}{last_four}")


async def only(stage: Stage, path: str) -> Any:
    (found,) = await stage.get(path)
    return found


async def test_a_text_is_sent_once_however_the_network_answers(stage: Stage, line: Any) -> None:
    for last_four in RECOVERED:
        before = await balance(stage)
        answer = await texted(stage, line, last_four)
        assert answer.status_code == 201, (last_four, answer.text)
        assert answer.json()["status"] in ("sent", "queued", "delivered")
        await stage.clock.advance(20)
        assert (await stage.get("/messages"))[0]["status"] == "delivered", last_four
        assert len(stage.network.inbox(f"{MAGIC}{last_four}")) == 1
        assert before - await balance(stage) == 2
    assert requests(stage, "send") == len(RECOVERED)


async def test_a_call_is_dialled_once_however_the_network_answers(stage: Stage, line: Any) -> None:
    for last_four in RECOVERED:
        before = await balance(stage)
        answer = await dialled(stage, line, last_four)
        assert answer.status_code == 201, (last_four, answer.text)
        await stage.clock.advance(25)
        ended = (await stage.post(f"/calls/{answer.json()['id']}/end")).json()
        assert ended["status"] == "completed", last_four
        assert ended["durationSec"] > 10
        assert before - await balance(stage) == ended["costCents"]
    assert requests(stage, "dial") == len(RECOVERED)
    assert stage.network.exchange.live_calls() == []


async def test_a_network_that_always_fails_ends_a_text_at_no_cost(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    answer = await texted(stage, line, "3002")
    assert outcome(answer) == (502, "MessageSendFailed")
    await stage.clock.advance(60)
    assert (await only(stage, "/messages"))["status"] == "failed"
    assert await balance(stage) == before


async def test_a_network_that_always_fails_ends_a_call_at_no_cost(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    answer = await dialled(stage, line, "3002")
    assert outcome(answer) == (502, "CallStartFailed")
    call = await only(stage, "/calls")
    assert (call["status"], call["costCents"]) == ("failed", 0)
    assert await balance(stage) == before


async def test_after_a_failure_of_the_network_the_same_key_may_try_again(stage: Stage, line: Any) -> None:
    peer = f"{MAGIC}3002"
    await allow(stage.client, line, peer)
    for _ in range(2):
        answer = await text(stage, line, peer, **{"Idempotency-Key": "one"})
        assert outcome(answer) == (502, "MessageSendFailed")
        assert "idempotency-replayed" not in answer.headers
    assert requests(stage, "send") == 2


async def test_texts_end_as_delivered_however_their_news_arrive(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    for last_four in (*JUMBLED, LOST):
        assert (await texted(stage, line, last_four)).status_code == 201, last_four
    await stage.clock.advance(20)
    statuses = {one["to"][-4:]: one["status"] for one in await stage.get("/messages")}
    assert statuses == dict.fromkeys((*JUMBLED, LOST), "delivered")
    assert before - await balance(stage) == 2 * len(statuses)


async def test_calls_are_settled_once_however_their_news_arrive(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    placed = [(await dialled(stage, line, last_four)).json() for last_four in (*JUMBLED, LOST)]
    await stage.clock.advance(30)
    for call in placed:
        await stage.post(f"/calls/{call['id']}/end")
    await stage.clock.advance(20)
    calls = await stage.get("/calls")
    for call in calls:
        assert call["status"] == "completed", call["to"]
        assert 20 <= call["durationSec"] <= 40, call["to"]
        assert call["costCents"] == -(-26 * call["durationSec"] // 60)
    assert before - await balance(stage) == sum(call["costCents"] for call in calls)


async def test_texts_that_come_in_are_stored_once_however_they_arrive(stage: Stage, line: Any) -> None:
    for last_four in JUMBLED:
        stage.network.send_text(f"{MAGIC}{last_four}", line["phoneNumber"], "Hello")
    await stage.clock.advance(20)
    assert sorted(message["from"][-4:] for message in await stage.get("/messages")) == JUMBLED


async def test_a_request_to_the_network_whose_answer_is_late_does_not_keep_the_customer_waiting_for_ever(
    stage: Stage, line: Any
) -> None:
    began = stage.clock.now()
    answer = await texted(stage, line, "3004")
    assert answer.status_code == 201
    assert (stage.clock.now() - began).total_seconds() < 12


async def test_a_call_whose_dial_is_never_answered_for_is_talked_and_ended_all_the_same(
    stage: Stage, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dial's answer is lost and nobody can be asked: the network's own news bring its name for the call."""

    async def away(op: Op) -> None:
        raise CarrierUnavailable("Nobody can be asked.")

    monkeypatch.setattr(stage.process.services.calls.line(stage.customer.tenant), "find", away)
    call = (await dialled(stage, line, "3004")).json()
    await stage.clock.advance(30)
    assert stage.network.log.heard_by(f"{MAGIC}3004")[0].complete, "the disclosure"
    ended = (await stage.post(f"/calls/{call['id']}/end", {})).json()
    (cost,) = stage.network.log.of("call_cost")
    assert ended["status"] == "completed"
    assert ended["durationSec"] == -(-int(str(cost.data["duration_ms"])) // 1000)
