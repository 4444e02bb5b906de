"""Placing calls on the wire: who may be called, who speaks, what it costs, how a call ends."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Stage
from .wire import PEER, allow, balance, child, dial, facts, furnished, outcome, poor, stranger

MAGIC = "+1500555"
FIELDS = {
    "id",
    "numberId",
    "direction",
    "to",
    "from",
    "status",
    "rateCentsPerMin",
    "durationSec",
    "costCents",
    "hasRecording",
    "hasTranscript",
    "createdAt",
}


@pytest.fixture
async def line(stage: Stage) -> Any:
    found = await stage.line(instructions="Be brief.")
    await allow(stage.client, found)
    return found


async def placed(stage: Stage, line: Any, to: str = PEER, **more: Any) -> Any:
    await allow(stage.client, line, to)
    answer = await dial(stage, line, to, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def read(stage: Stage, call: Any) -> Any:
    return await stage.get(f"/calls/{call['id']}")


async def end(stage: Stage, call: Any, body: Any = None) -> Any:
    answer = await stage.post(f"/calls/{call['id']}/end", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_placed_call_has_the_documented_shape(stage: Stage, line: Any) -> None:
    call = await placed(stage, line)
    assert set(call) == FIELDS
    assert (call["from"], call["to"], call["direction"]) == (line["phoneNumber"], PEER, "outbound")
    assert (call["status"], call["durationSec"], call["costCents"]) == ("initiated", None, None)
    assert (call["rateCentsPerMin"], call["hasRecording"], call["hasTranscript"]) == (26, False, False)
    assert await stage.get("/calls") == [call]


async def test_two_minutes_are_held_when_a_call_begins_and_the_rest_comes_back(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    call = await placed(stage, line)
    assert before - await balance(stage) == 52
    await stage.clock.advance(20)
    ended = await end(stage, call)
    assert ended["status"] == "completed"
    assert 15 <= ended["durationSec"] <= 19
    assert ended["costCents"] == -(-26 * ended["durationSec"] // 60)
    assert before - await balance(stage) == ended["costCents"]


async def test_ending_twice_changes_nothing(stage: Stage, line: Any) -> None:
    call = await placed(stage, line)
    await stage.clock.advance(20)
    first = await end(stage, call, {"durationSec": 15})
    left = await balance(stage)
    assert await end(stage, call, {"durationSec": 3_000}) == first
    assert await balance(stage) == left


async def test_what_is_charged_is_what_the_network_measured(stage: Stage, line: Any) -> None:
    reports: list[Any] = [None, {}, {"durationSec": None}, {"durationSec": 0}, {"durationSec": 10**6}]
    for reported in reports:
        call = await placed(stage, line)
        await stage.clock.advance(12)
        assert 7 <= (await end(stage, call, reported))["durationSec"] <= 11, reported


async def test_a_call_that_nobody_answered_yet_ends_at_no_cost(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    call = await placed(stage, line)
    ended = await end(stage, call)
    assert (ended["status"], ended["durationSec"], ended["costCents"]) == ("no_answer", 0, 0)
    assert await balance(stage) == before


async def test_busy_unanswered_and_declined_calls_cost_nothing(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    expected = {"1001": "no_answer", "1002": "no_answer", "1003": "failed"}
    for last_four in expected:
        await placed(stage, line, f"{MAGIC}{last_four}")
    await stage.clock.advance(60)
    finished = await stage.get("/calls")
    assert {call["to"][-4:]: call["status"] for call in finished} == expected
    assert {(call["durationSec"], call["costCents"]) for call in finished} == {(0, 0)}
    assert await balance(stage) == before


async def test_a_call_that_the_network_refuses_is_told_and_costs_nothing(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    for last_four in ("0001", "0002", "0003", "0004", "0008", "0009"):
        await allow(stage.client, line, f"{MAGIC}{last_four}")
        answer = await dial(stage, line, f"{MAGIC}{last_four}")
        assert outcome(answer) == (502, "CallStartFailed"), last_four
        assert answer.json()["reason"][-1] == "."
        failed = (await stage.get("/calls"))[0]
        assert (failed["status"], failed["durationSec"], failed["costCents"]) == ("failed", 0, 0)
    assert await balance(stage) == before


async def test_who_hangs_up_during_the_disclosure_pays_for_the_seconds_and_heard_the_rest_not(
    stage: Stage, line: Any
) -> None:
    call = await placed(stage, line, f"{MAGIC}1007")
    await stage.clock.advance(15)
    finished = await read(stage, call)
    assert finished["status"] == "completed"
    assert 1 <= finished["durationSec"] <= 3
    (first, *_) = (await stage.get(f"/calls/{call['id']}/transcript"))["turns"]
    assert first["interrupted"] is True


async def test_a_number_without_a_connection_has_nobody_to_speak(stage: Stage) -> None:
    number = await stage.number()
    await allow(stage.client, number)
    answer = await dial(stage, number)
    assert answer.status_code == 422
    assert facts(answer) == {"_tag": "NumberHasNoConnection", "numberId": number["id"]}


async def test_a_call_may_bring_its_own_connection_and_leaves_the_numbers_alone(stage: Stage, line: Any) -> None:
    other = (await stage.post("/connections", {"name": "b", "disclosure": "You talk to the other machine."})).json()
    await placed(stage, line, connectionId=other["id"])
    await stage.clock.advance(25)
    assert stage.network.log.heard_by(PEER)[0].text.startswith("You talk to the other machine.")
    assert (await stage.get(f"/numbers/{line['id']}"))["connectionId"] == line["connectionId"]


async def test_a_connection_makes_up_for_a_number_without_one(stage: Stage, line: Any) -> None:
    number = await stage.number()
    await allow(stage.client, number)
    assert (await dial(stage, number, connectionId=line["connectionId"])).status_code == 201


async def test_an_unknown_or_foreign_connection_is_not_found(stage: Stage, line: Any) -> None:
    foreign = (await (await stranger(stage)).post("/connections", json={"name": "theirs"})).json()["id"]
    for connection in ("conn_unknown", foreign):
        answer = await dial(stage, line, connectionId=connection)
        assert facts(answer) == {"_tag": "ConnectionNotFound", "id": connection}


async def test_instructions_of_one_call_change_nothing_that_is_stored(stage: Stage, line: Any) -> None:
    await placed(stage, line, instructions="Say the word pineapple.")
    assert (await stage.get(f"/connections/{line['connectionId']}"))["instructions"] == "Be brief."


async def test_an_empty_balance_dials_nobody(stage: Stage) -> None:
    client = await poor(stage, 51)
    number = await furnished(stage, client)
    answer = await stage.during(client.post("/calls", json={"fromNumberId": number["id"], "to": PEER}))
    assert answer.status_code == 402
    assert facts(answer) == {"_tag": "InsufficientFunds", "balanceCents": 51, "requestedCents": 52}
    assert stage.network.log.of("request", operation="dial") == []


async def test_a_spent_cap_dials_nobody_and_tells_the_numbers(stage: Stage, line: Any) -> None:
    client = await child(stage, "calls:create", cents=60)
    body = {"fromNumberId": line["id"], "to": PEER}
    first, second = [await stage.during(client.post("/calls", json=body)) for _ in range(2)]
    assert first.status_code == 201
    assert facts(second) == {
        "_tag": "SpendLimitExceeded",
        "limitCents": 60,
        "priorSpendCents": 52,
        "requestedCents": 52,
    }


async def test_a_destination_that_is_not_enabled_is_refused(stage: Stage, line: Any) -> None:
    for to in ("+4915112345678", "+19005550123", "+5511987654321"):
        answer = await dial(stage, line, to)
        assert answer.status_code == 400
        assert facts(answer) == {"_tag": "DestinationNotSupported", "to": to}


async def test_a_repeated_request_with_its_key_dials_once(stage: Stage, line: Any) -> None:
    body = {"fromNumberId": line["id"], "to": PEER}
    answers = [await stage.post("/calls", body, **{"Idempotency-Key": "run-7:call"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(stage.network.log.of("request", operation="dial")) == 1


async def test_two_calls_at_once_are_held_and_settled_each_for_itself(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    first, second = await placed(stage, line), await placed(stage, line, f"{MAGIC}1008")
    assert before - await balance(stage) == 104
    await stage.clock.advance(20)
    assert (await end(stage, first))["status"] == "completed"
    assert (await read(stage, second))["status"] == "initiated"
    await stage.clock.advance(20)
    ended = await end(stage, second)
    earlier = await read(stage, first)
    assert ended["durationSec"] > earlier["durationSec"]
    assert before - await balance(stage) == ended["costCents"] + earlier["costCents"]


async def test_an_unknown_call_is_not_found(stage: Stage) -> None:
    for path in ("", "/transcript", "/recording"):
        answer = await stage.client.get(f"/calls/call_unknown{path}")
        assert answer.status_code == 404
        assert facts(answer) == {"_tag": "CallNotFound", "callId": "call_unknown"}


async def test_a_call_without_a_recording_has_none_to_give(stage: Stage, line: Any) -> None:
    call = await placed(stage, line)
    assert outcome(await stage.client.get(f"/calls/{call['id']}/recording")) == (404, "CallNotFound")


async def test_the_transcript_is_empty_at_first_and_then_tells_who_said_what_when(stage: Stage, line: Any) -> None:
    call = await placed(stage, line, f"{MAGIC}1010")
    path = f"/calls/{call['id']}/transcript"
    assert await stage.get(path) == {"callId": call["id"], "turns": []}
    await stage.clock.advance(40)
    turns = (await stage.get(path))["turns"]
    assert {turn["role"] for turn in turns} == {"assistant", "user"}
    assert set(turns[0]) == {"role", "text", "heard", "interrupted", "timestamp"}
    assert [turn["timestamp"] for turn in turns] == sorted(turn["timestamp"] for turn in turns)
    assert (await read(stage, call))["hasTranscript"] is True
