from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import (
    CallHandle,
    CarrierRejected,
    EventKind,
    RejectReason,
    SpeechClosed,
    Spoken,
)
from saperly_carriers.simulated import load_script

if TYPE_CHECKING:
    from carriers.tests.conftest import Person, World

ANSWERS, BUSY = "+15005551013", "+15005551014"


async def connected(world: World, person: Person) -> CallHandle:
    person.picks_up = True
    world.network.take_calls(world.peer, person)
    return await world.connected()


async def transfer(world: World, call: CallHandle, to: str) -> None:
    await world.clock.run(world.carrier.calls.transfer(call, to, caller_id=None, op=world.op()))


async def test_a_transfer_that_is_answered_bridges_the_two(world: World, person: Person) -> None:
    call = await connected(world, person)
    await transfer(world, call, ANSWERS)
    await world.clock.advance(10)
    event = world.one(EventKind.CALL_BRIDGED)
    assert (event.data, event.call_id) == ({"to": ANSWERS}, call.call_id)
    assert person.noticed[-1] == "heard Hello, you are through to the second desk. How can I help?"


async def test_1013_hangs_up_after_a_while_and_ends_the_whole_call(world: World, person: Person) -> None:
    await transfer(world, await connected(world, person), ANSWERS)
    await world.clock.advance(60)
    data = world.one(EventKind.CALL_ENDED).data
    assert (data["outcome"], data["ended_by"]) == ("completed", "peer")
    assert person.noticed[-1] == "ended completed"


@pytest.mark.parametrize(
    ("to", "outcome", "sip_code"),
    [
        (BUSY, "busy", 486),
        ("+15005551002", "no_answer", 408),
        ("+15005551003", "rejected", 603),
        ("sip:busy@desk.example", "busy", 486),
        ("sip:anybody@nowhere.invalid", "failed", 500),
    ],
)
async def test_a_transfer_that_fails_leaves_the_peer_on_the_line(
    world: World, person: Person, to: str, outcome: str, sip_code: int
) -> None:
    call = await connected(world, person)
    session = await world.listen(call)
    await transfer(world, call, to)
    await world.clock.advance(40)
    assert world.one(EventKind.CALL_TRANSFER_FAILED).data == {
        "to": to, "outcome": outcome, "sip_code": sip_code
    }  # fmt: skip
    await session.say("Nobody is there.", utterance_id="u", interruptible=True)
    await world.clock.advance(5)
    assert Spoken("u") in world.said()
    await transfer(world, call, ANSWERS)
    await world.clock.advance(5)
    assert world.of(EventKind.CALL_BRIDGED) != []


@pytest.mark.parametrize("to", ["sip:desk@pbx.example", "sips:a.b+c@10.0.0.1:5061;transport=tls"])
async def test_a_sip_target_answers(world: World, person: Person, to: str) -> None:
    await transfer(world, await connected(world, person), to)
    await world.clock.advance(2)
    assert world.one(EventKind.CALL_BRIDGED).data == {"to": to}


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("sip:desk@pbx.example;maddr=1.2.3.4", RejectReason.INVALID_VALUE),
        ("sip:desk@pbx.example?Subject=x", RejectReason.INVALID_VALUE),
        ("sip:desk", RejectReason.INVALID_VALUE),
        ("tel:123", RejectReason.INVALID_NUMBER),
        ("+1415555", RejectReason.INVALID_NUMBER),
        ("+15005550003", RejectReason.GEO),
    ],
)
async def test_an_impossible_target_is_refused_at_once(
    world: World, person: Person, to: str, reason: RejectReason
) -> None:
    call = await connected(world, person)
    with pytest.raises(CarrierRejected) as refusal:
        await transfer(world, call, to)
    assert refusal.value.reason is reason
    await world.clock.advance(60)
    assert world.of(EventKind.CALL_TRANSFER_FAILED) == []


async def test_the_agents_session_closes_when_the_transfer_is_answered(world: World, person: Person) -> None:
    call = await connected(world, person)
    await world.listen(call)
    await transfer(world, call, ANSWERS)
    await world.clock.advance(1)
    assert len(world.said()) == 1
    await world.clock.advance(2)
    assert world.said()[-1] == SpeechClosed("bridged")
    with pytest.raises(CarrierRejected) as refusal:
        await world.listen(call)
    assert refusal.value.reason is RejectReason.STATE


async def test_bridged_people_hear_each_other(world: World, person: Person, make_person: type[Person]) -> None:
    other, second = make_person(picks_up=True), "+14155551235"
    world.network.take_calls(second, other)
    await transfer(world, await connected(world, person), second)
    await world.clock.advance(1)
    await person.legs[0].say("Hello, who is there?")
    await world.clock.advance(3)
    await other.legs[0].say("The second desk.")
    await other.legs[0].press("5")
    await world.clock.advance(3)
    await person.legs[0].press("6")
    await world.clock.advance(1)
    assert other.noticed == ["ringing", "answered", "heard Hello, who is there?", "dtmf 6"]
    assert person.noticed == ["ringing", "answered", "heard The second desk.", "dtmf 5"]
    await person.legs[0].hang_up()
    await world.clock.advance(1)
    assert (other.noticed[-1], person.noticed[-1]) == ("ended completed", "ended completed")


async def test_the_target_sees_the_platforms_number_unless_told_otherwise(
    world: World, person: Person, make_person: type[Person]
) -> None:
    other, second = make_person(), "+14155551235"
    world.network.take_calls(second, other)
    call = await connected(world, person)
    await transfer(world, call, second)
    await world.clock.advance(1)
    assert other.legs[0].other_number == world.platform


async def test_a_target_that_declines_fails_the_transfer(
    world: World, person: Person, make_person: type[Person]
) -> None:
    other, second = make_person(), "+14155551235"
    world.network.take_calls(second, other)
    await transfer(world, await connected(world, person), second)
    await world.clock.advance(1)
    await other.legs[0].hang_up()
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_TRANSFER_FAILED).data["outcome"] == "rejected"
    assert other.noticed == ["ringing", "ended rejected"]


async def test_a_second_transfer_at_the_same_time_is_refused(world: World, person: Person) -> None:
    call = await connected(world, person)
    await transfer(world, call, ANSWERS)
    with pytest.raises(CarrierRejected) as refusal:
        await transfer(world, call, ANSWERS)
    assert refusal.value.reason is RejectReason.STATE


async def test_hanging_up_during_the_ringing_stops_it(world: World, person: Person, make_person: type[Person]) -> None:
    other, second = make_person(), "+14155551235"
    world.network.take_calls(second, other)
    call = await connected(world, person)
    await transfer(world, call, second)
    await world.clock.advance(1)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(60)
    assert other.noticed == ["ringing", "ended completed"]
    assert world.of(EventKind.CALL_TRANSFER_FAILED) == []


async def test_the_whole_time_counts_until_one_side_hangs_up(world: World) -> None:
    world.network.add_party(world.peer, load_script("steps: [{pause: 20}, hang_up]"))
    await transfer(world, await world.connected(), "sip:desk@pbx.example")
    await world.clock.advance(60)
    assert world.one(EventKind.CALL_ENDED).data["duration_ms"] == 20_500
