"""Putting a call through, on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Stage
from .wire import PEER, allow, child, dial, facts, outcome

DESK, BUSY_DESK = "+15005551013", "+15005551014"
SCOPE_REASON = "This key does not hold the scope calls:control."


@pytest.fixture
async def call(stage: Stage) -> Any:
    """A call in full conversation."""
    line = await stage.line()
    await allow(stage.client, line)
    placed = (await dial(stage, line)).json()
    await stage.clock.advance(30)
    return placed


async def transfer(stage: Stage, call: Any, to: str) -> Any:
    return await stage.post(f"/calls/{call['id']}/transfer", {"to": to})


async def test_a_peer_is_put_through_and_the_call_goes_on(stage: Stage, call: Any) -> None:
    answer = await transfer(stage, call, DESK)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["status"]) == (call["id"], "initiated")
    await stage.clock.advance(10)
    assert (await stage.get(f"/calls/{call['id']}"))["status"] == "initiated"
    assert len(stage.network.log.of("event", type="call.bridged")) == 1


async def test_a_busy_desk_leaves_the_peer_with_the_agent(stage: Stage, call: Any) -> None:
    assert (await transfer(stage, call, BUSY_DESK)).status_code == 200
    await stage.clock.advance(15)
    assert (await stage.get(f"/calls/{call['id']}"))["status"] == "initiated"
    heard = [line.text for line in stage.network.log.heard_by(PEER)]
    assert "Sorry, I could not put you through." in heard


async def test_a_sip_address_is_a_target_too(stage: Stage, call: Any) -> None:
    assert (await transfer(stage, call, "sip:agent@example.com")).status_code == 200


async def test_what_nobody_can_be_put_through_to_is_refused(stage: Stage) -> None:
    for to in ("", "1013", "sip:", "tel:+15005551013", "sip:a@example.com?Replaces=x", "sip:a b@example.com", "+1 500"):
        answer = await stage.post("/calls/call_unknown/transfer", {"to": to})
        assert outcome(answer) == (400, "ValidationError"), to
        assert answer.json()["issues"][0]["path"] == "to"


async def test_a_target_that_is_not_allowed_is_told(stage: Stage, call: Any) -> None:
    for to in ("sip:agent@localhost", "sip:agent@10.0.0.1", "+19005550123", "+4915112345678"):
        answer = await transfer(stage, call, to)
        assert outcome(answer) == (502, "CallStartFailed"), to
        assert "not allowed" in answer.json()["reason"]
    assert stage.network.log.of("request", operation="transfer") == []


async def test_nobody_is_put_through_to_who_opted_out(stage: Stage, call: Any) -> None:
    number = (await stage.get("/numbers"))[0]
    stage.network.send_text("+12025550143", number["phoneNumber"], "STOP")
    await stage.clock.advance(3)
    answer = await transfer(stage, call, "+12025550143")
    assert facts(answer) == {"_tag": "CallStartFailed", "reason": "The transfer is not allowed: recipient opted out."}


async def test_a_call_that_ended_cannot_be_put_through(stage: Stage, call: Any) -> None:
    await stage.post(f"/calls/{call['id']}/end")
    answer = await transfer(stage, call, DESK)
    assert facts(answer) == {"_tag": "CallStartFailed", "reason": "The call has ended."}


async def test_an_unknown_call_is_not_found(stage: Stage) -> None:
    answer = await stage.post("/calls/call_unknown/transfer", {"to": DESK})
    assert facts(answer) == {"_tag": "CallNotFound", "callId": "call_unknown"}


async def test_a_key_that_may_dial_may_end_but_not_put_through(stage: Stage, call: Any) -> None:
    client = await child(stage, "calls:create")
    answer = await stage.during(client.post(f"/calls/{call['id']}/transfer", json={"to": DESK}))
    assert facts(answer) == {"_tag": "AuthorizationDenied", "reason": SCOPE_REASON}
    assert (await stage.during(client.post(f"/calls/{call['id']}/end"))).status_code == 200


async def test_a_key_that_may_control_may_end_but_not_dial(stage: Stage, call: Any) -> None:
    client = await child(stage, "calls:control")
    answer = await client.post("/calls", json={"fromNumberId": call["numberId"], "to": PEER})
    assert outcome(answer) == (403, "AuthorizationDenied")
    assert (await stage.during(client.post(f"/calls/{call['id']}/end"))).status_code == 200


async def test_a_repeated_transfer_with_its_key_puts_through_once(stage: Stage, call: Any) -> None:
    path, key = f"/calls/{call['id']}/transfer", {"Idempotency-Key": "one"}
    answers = [await stage.post(path, {"to": DESK}, **key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(stage.network.log.of("request", operation="transfer")) == 1
    assert outcome(await stage.post(path, {"to": BUSY_DESK}, **key)) == (422, "IdempotencyKeyMismatch")
