"""Each row of the table of magic numbers, for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import (
    CarrierOutcomeUnknown,
    CarrierProtocol,
    CarrierRateLimited,
    CarrierRejected,
    EventKind,
    Heard,
    Interrupted,
    RejectReason,
    Spoken,
)
from saperly_carriers.simulated.magic import MAGIC

if TYPE_CHECKING:
    from carriers.tests.conftest import World

DISCLOSURE = "Hello, this is an automated assistant and this call may be recorded for quality."


def magic(last_four: str) -> str:
    return "+1500555" + last_four


def heard(world: World) -> list[str]:
    return [event.text for event in world.said() if isinstance(event, Heard)]


async def answered_at(world: World, number: str) -> float:
    await world.connected(number)
    return (world.one(EventKind.CALL_ANSWERED).occurred_at - world.clock.now()).total_seconds() + world.elapsed()


@pytest.mark.parametrize(
    ("last_four", "reason", "code"),
    [
        ("0001", RejectReason.INVALID_NUMBER, "invalid_number"),
        ("0002", RejectReason.CANNOT_ROUTE, "cannot_route"),
        ("0003", RejectReason.GEO, "destination_not_allowed"),
        ("0004", RejectReason.BLOCKED, "blocked"),
        ("0008", RejectReason.CAPACITY, "capacity"),
        ("0009", RejectReason.INVALID_NUMBER, "not_a_phone"),
    ],
)
async def test_the_network_refuses_the_call(world: World, last_four: str, reason: RejectReason, code: str) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.dial(magic(last_four))
    assert (refusal.value.reason, refusal.value.code) == (reason, code)
    await world.clock.advance(60)
    assert world.events == []
    assert await world.carrier.calls.find_live_calls() == []


@pytest.mark.parametrize(
    ("last_four", "kinds", "outcome", "at"),
    [
        ("1001", ["call.ended"], "busy", 0.2),
        ("1002", ["call.ringing", "call.ended"], "no_answer", 30.0),
        ("1003", ["call.ringing", "call.ended"], "rejected", 2.2),
        ("1014", ["call.ended"], "busy", 0.2),
    ],
)
async def test_the_call_is_not_taken(world: World, last_four: str, kinds: list[str], outcome: str, at: float) -> None:
    await world.dial(magic(last_four))
    await world.clock.advance(60)
    assert world.kinds() == kinds
    event = world.one(EventKind.CALL_ENDED)
    assert event.data["outcome"] == outcome
    assert event.occurred_at.second + event.occurred_at.microsecond / 1e6 == at


@pytest.mark.parametrize(
    "last_four",
    ["0006", "1013", "2001", "2002", "2003", "2004", "2005", "2008", "2009", "2010", "2012", "7777"],
)
async def test_the_call_is_answered_after_two_seconds(world: World, last_four: str) -> None:
    assert await answered_at(world, magic(last_four)) == pytest.approx(2.2)


async def test_1006_answers_after_twelve_seconds(world: World) -> None:
    assert await answered_at(world, magic("1006")) == pytest.approx(12.2)


@pytest.mark.parametrize(("last_four", "beeps"), [("1004", [False, True]), ("1005", [False])])
async def test_voicemail_greets_and_beeps_or_not(world: World, last_four: str, beeps: list[bool]) -> None:
    call = await world.connected(magic(last_four), detect_machine=True)
    await world.listen(call)
    await world.clock.advance(100)
    assert heard(world) == ["You have reached the voicemail of somebody who is out. Please leave a message."]
    found = [(event.data["result"], event.data["beep"]) for event in world.of(EventKind.CALL_MACHINE)]
    assert found == [("machine", beep) for beep in beeps]
    assert world.one(EventKind.CALL_ENDED).data["ended_by"] == "peer"


async def test_1007_hangs_up_during_the_disclosure(world: World) -> None:
    call = await world.connected(magic("1007"))
    session = await world.listen(call)
    await session.say(DISCLOSURE, utterance_id="d", interruptible=False)
    await world.clock.advance(10)
    assert world.one(EventKind.CALL_ENDED).data["ended_by"] == "peer"
    (line,) = world.network.log.heard_by(magic("1007"))
    assert (line.text, line.complete) == ("Hello, this is an", False)


async def test_1008_never_speaks(world: World) -> None:
    session = await world.listen(await world.connected(magic("1008")))
    await session.say(DISCLOSURE, utterance_id="d", interruptible=True)
    await world.clock.advance(600)
    assert world.said()[1:] == [Spoken("d")]
    assert world.of(EventKind.CALL_ENDED) == []


async def test_1009_talks_over_the_agent_at_once(world: World) -> None:
    session = await world.listen(await world.connected(magic("1009")))
    await session.say(DISCLOSURE, utterance_id="d", interruptible=True)
    await world.clock.advance(60)
    await session.say(DISCLOSURE, utterance_id="e", interruptible=True)
    await world.clock.advance(60)
    assert world.said()[1] == Interrupted("d", "")
    assert Interrupted("e", "") in world.said()
    assert heard(world)[-1] == "Yes, yes, but listen to me for a second."


async def test_1010_repeats_what_it_hears(world: World) -> None:
    session = await world.listen(await world.connected(magic("1010")))
    await session.say("Good morning to you.", utterance_id="a", interruptible=True)
    await session.say("How are you?", utterance_id="b", interruptible=True)
    await world.clock.advance(60)
    assert heard(world) == ["Good morning to you.", "How are you?"]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [("1", "You pressed 1. Thank you, goodbye."), ("7", "That is not a choice. Goodbye.")],
)
async def test_1011_is_a_menu_that_checks_the_keys(world: World, keys: str, answer: str) -> None:
    session = await world.listen(await world.connected(magic("1011")))
    await world.clock.advance(5)
    await session.send_dtmf(keys)
    await world.clock.advance(10)
    assert heard(world) == ["Welcome. Press 1 for sales.", answer]
    assert world.one(EventKind.CALL_ENDED).data["ended_by"] == "peer"


async def test_1011_says_goodbye_when_no_key_comes(world: World) -> None:
    await world.listen(await world.connected(magic("1011")))
    await world.clock.advance(60)
    assert heard(world)[-1] == "That is not a choice. Goodbye."


async def test_1012_talks_for_ten_minutes(world: World) -> None:
    await world.listen(await world.connected(magic("1012")))
    await world.clock.advance(700)
    assert len(heard(world)) == 60
    assert world.one(EventKind.CALL_ENDED).data["duration_ms"] == 600_500


async def test_3001_fails_once_and_works_with_the_same_operation(world: World) -> None:
    op, request = world.op(), world.request(magic("3001"))
    with pytest.raises(CarrierOutcomeUnknown) as failure:
        await world.carrier.calls.dial(request, op)
    assert failure.value.status == 500
    assert await world.carrier.calls.find(op) is None
    await world.carrier.calls.dial(request, op)
    await world.clock.advance(5)
    assert world.kinds() == ["call.ringing", "call.answered"]


async def test_3002_always_fails_and_nothing_happens(world: World) -> None:
    op, request = world.op(), world.request(magic("3002"))
    for _ in range(3):
        with pytest.raises(CarrierOutcomeUnknown):
            await world.carrier.calls.dial(request, op)
    await world.clock.advance(60)
    assert (world.events, await world.carrier.calls.find(op)) == ([], None)


async def test_3003_asks_to_wait_a_second_and_works_then(world: World) -> None:
    op, request = world.op(), world.request(magic("3003"))
    with pytest.raises(CarrierRateLimited) as limited:
        await world.carrier.calls.dial(request, op)
    assert limited.value.retry_after_sec == 1
    await world.clock.advance(1)
    await world.carrier.calls.dial(request, op)


async def test_3004_happens_though_the_answer_is_lost(world: World) -> None:
    op = world.op(deadline_sec=8)
    with pytest.raises(CarrierOutcomeUnknown) as failure:
        await world.clock.run(world.carrier.calls.dial(world.request(magic("3004")), op))
    assert not isinstance(failure.value, CarrierProtocol)
    assert world.elapsed() == 8
    assert world.kinds() == ["call.ringing", "call.answered"]
    call = await world.carrier.calls.find(op)
    assert call is not None
    assert call.call_id == world.events[0].call_id


async def test_3005_answers_after_six_seconds(world: World) -> None:
    await world.dial(magic("3005"))
    assert world.elapsed() == 6


async def test_3005_is_too_slow_for_a_short_deadline_but_happens(world: World) -> None:
    op = world.op(deadline_sec=5)
    with pytest.raises(CarrierOutcomeUnknown):
        await world.clock.run(world.carrier.calls.dial(world.request(magic("3005")), op))
    assert world.elapsed() == 5
    assert await world.carrier.calls.find(op) is not None


async def test_3006_happens_though_the_answer_cannot_be_read(world: World) -> None:
    op = world.op()
    with pytest.raises(CarrierProtocol):
        await world.carrier.calls.dial(world.request(magic("3006")), op)
    await world.clock.advance(5)
    assert world.kinds() == ["call.ringing", "call.answered"]
    assert await world.carrier.calls.find(op) is not None


async def finished(world: World, last_four: str) -> None:
    """A call to a number, hung up after ten seconds."""
    call = await world.dial(magic(last_four))
    await world.clock.advance(10)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(10)


async def test_4001_sends_every_event_twice(world: World) -> None:
    await finished(world, "4001")
    assert world.kinds() == [kind for kind in ("call.ringing", "call.answered", "call.ended") for _ in range(2)]
    assert len({event.event_id for event in world.events}) == 3


async def test_4002_sends_events_in_reverse(world: World) -> None:
    await finished(world, "4002")
    assert world.kinds() == ["call.answered", "call.ringing", "call.ended"]


async def test_4002_ends_before_it_begins_when_the_call_is_short(world: World) -> None:
    await world.dial(magic("4002"), time_limit_sec=0.5)
    await world.clock.advance(10)
    assert world.kinds() == ["call.ended", "call.answered", "call.ringing"]


async def test_4003_sends_events_three_seconds_late(world: World) -> None:
    await finished(world, "4003")
    assert world.kinds() == ["call.ringing", "call.answered", "call.ended"]
    delays = [(event.received_at - event.occurred_at).total_seconds() for event in world.events]
    assert delays == [3.05, 3.05, 3.05]


async def test_4004_loses_the_answered_event(world: World) -> None:
    await finished(world, "4004")
    assert world.kinds() == ["call.ringing", "call.ended"]
    assert world.one(EventKind.CALL_ENDED).data["duration_ms"] == 7_800


async def test_4005_sends_each_event_with_a_bad_signature_first(world: World) -> None:
    await finished(world, "4005")
    assert world.kinds() == ["call.ringing", "call.answered", "call.ended"]
    deliveries = world.network.log.of("delivery")
    assert [entry.data["forged"] for entry in deliveries] == [True, False] * 3
    assert [entry.data["error"] for entry in deliveries] == ["IntakeRefused", None] * 3


async def test_4006_sends_an_event_after_the_end(world: World) -> None:
    await finished(world, "4006")
    assert world.kinds() == ["call.ringing", "call.answered", "call.ended", "call.dtmf"]
    late = world.one(EventKind.CALL_DTMF)
    assert (late.received_at - late.occurred_at).total_seconds() == 2.05


def test_the_table_is_complete() -> None:
    assert sorted(MAGIC) == [
        *["0001", "0002", "0003", "0004", "0006", "0008", "0009"],
        *(f"10{row:02d}" for row in range(1, 15)),
        *["2001", "2002", "2003", "2004", "2005", "2008", "2009", "2010", "2012"],
        *["3001", "3002", "3003", "3004", "3005", "3006", "4001", "4002", "4003", "4004", "4005", "4006"],
    ]
