from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import CallHandle, EventKind, Heard, RejectCause
from saperly_carriers.simulated import PartyError

from carriers.tests.conftest import Person

if TYPE_CHECKING:
    from saperly_carriers.simulated import PartyLeg

    from carriers.tests.conftest import World


class AttentivePerson(Person):
    """A person who also notes when the other side talks."""

    async def speaking(self, leg: PartyLeg) -> None:
        self.noticed.append("speaking")

    async def quiet(self, leg: PartyLeg) -> None:
        self.noticed.append("quiet")


async def test_a_person_can_talk_with_the_agent(world: World, person: Person) -> None:
    leg = world.network.place_call(world.peer, world.platform, person, caller_name="Ada")
    await world.clock.advance(1)
    call = CallHandle(leg.call_id or "")
    await world.carrier.calls.answer(call, world.op())
    session = await world.listen(call)
    await session.say("Hello, how can I help?", utterance_id="1", interruptible=True)
    await world.clock.advance(2)
    await leg.say("I have a question.")
    await world.clock.advance(2)
    await leg.hang_up()
    await leg.hang_up()
    await world.clock.advance(1)
    assert person.noticed == ["ringing", "answered", "heard Hello, how can I help?", "ended completed"]
    assert Heard("I have a question.", final=True) in world.said()
    assert (leg.number, leg.other_number, leg.caller_name) == (world.peer, world.platform, "Ada")
    assert world.one(EventKind.CALL_ENDED).data["ended_by"] == "peer"


async def test_a_person_can_be_called_and_sees_who_calls(world: World, person: Person) -> None:
    await world.carrier.numbers.set_caller_name(world.number_id, "Pizza Service", world.op())
    world.network.take_calls(world.peer, person)
    call = await world.dial()
    await world.clock.advance(5)
    (leg,) = person.legs
    assert (leg.other_number, leg.caller_name, leg.call_id) == (world.platform, "Pizza Service", call.call_id)
    assert world.kinds() == ["call.ringing"]
    await leg.answer()
    await world.clock.advance(1)
    assert person.noticed == ["ringing", "answered"]
    assert world.kinds() == ["call.ringing", "call.answered"]


async def test_the_name_given_with_the_call_wins(world: World, person: Person) -> None:
    world.network.take_calls(world.peer, person)
    await world.dial(caller_name="Ms Mixer")
    await world.clock.advance(1)
    assert person.legs[0].caller_name == "Ms Mixer"


async def test_a_person_may_decline(world: World, person: Person) -> None:
    world.network.take_calls(world.peer, person)
    await world.dial()
    await world.clock.advance(1)
    await person.legs[0].hang_up()
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "rejected"
    assert person.noticed == ["ringing", "ended rejected"]


async def test_a_person_has_one_telephone(world: World, person: Person) -> None:
    person.picks_up = True
    world.network.take_calls(world.peer, person)
    first = await world.connected()
    await world.dial()
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "busy"
    await world.carrier.calls.hangup(first, world.op())
    await world.dial()
    await world.clock.advance(1)
    assert person.noticed == ["ringing", "answered", "ended completed", "ringing", "answered"]


async def test_a_person_who_leaves_is_replaced_by_the_ordinary_party(world: World, person: Person) -> None:
    detach = world.network.take_calls(world.peer, person)
    detach()
    detach()
    await world.connected()
    assert person.noticed == []


async def test_leaving_does_not_remove_whoever_came_after(
    world: World, person: Person, make_person: type[Person]
) -> None:
    detach = world.network.take_calls(world.peer, make_person())
    world.network.take_calls(world.peer, person)
    detach()
    await world.dial()
    await world.clock.advance(1)
    assert person.noticed == ["ringing"]


async def test_what_a_telephone_cannot_do_is_an_error(world: World, person: Person) -> None:
    leg = world.network.place_call(world.peer, world.platform, person)
    with pytest.raises(PartyError):
        await leg.say("Hello?")
    with pytest.raises(PartyError):
        await leg.press("1")
    with pytest.raises(PartyError):
        await leg.answer()
    await leg.hang_up()
    with pytest.raises(PartyError):
        await leg.say("Hello?")


async def test_saying_nothing_or_pressing_what_is_no_key_is_an_error(world: World, person: Person) -> None:
    person.picks_up = True
    world.network.take_calls(world.peer, person)
    await world.connected()
    with pytest.raises(PartyError):
        await person.legs[0].say(" ")
    for keys in ("", "x", "1 2"):
        with pytest.raises(PartyError):
            await person.legs[0].press(keys)


async def test_an_ear_that_fails_still_gets_the_rest(world: World, person: Person) -> None:
    class Deaf(type(person)):  # type: ignore[misc]
        async def answered(self, leg: object) -> None:
            raise RuntimeError("ear ache")

    ear = Deaf(picks_up=True)
    world.network.take_calls(world.peer, ear)
    call = await world.dial()
    with pytest.raises(RuntimeError):
        await world.clock.advance(5)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(1)
    assert ear.noticed == ["ringing", "ended completed"]


async def test_a_person_cannot_use_a_number_of_the_platform(world: World, person: Person) -> None:
    with pytest.raises(ValueError):
        world.network.take_calls(world.platform, person)


async def test_two_numbers_of_the_platform_can_call_each_other(world: World) -> None:
    other = "+12125550101"
    world.network.seize(other)
    outbound = await world.dial(other)
    await world.clock.advance(1)
    assert world.kinds() == ["call.ringing", "call.incoming"]
    event = world.one(EventKind.CALL_INCOMING)
    assert (event.data["from"], event.data["to"]) == (world.platform, other)
    inbound = CallHandle(event.call_id or "")
    await world.carrier.calls.answer(inbound, world.op())
    await world.clock.advance(1)
    here, there = await world.listen(outbound), await world.listen(inbound)
    world.speech.clear()
    await here.say("Hello over there", utterance_id="h", interruptible=True)
    await world.clock.advance(3)
    await there.say("Hello yourself", utterance_id="t", interruptible=True)
    await here.send_dtmf("7")
    await world.clock.advance(3)
    assert [event.text for event in world.said() if isinstance(event, Heard)] == [
        "Hello over there",
        "Hello yourself",
    ]
    await there.close(hangup=True)
    await world.clock.advance(1)
    ended = {event.call_id: event.data["ended_by"] for event in world.of(EventKind.CALL_ENDED)}
    assert ended == {inbound.call_id: "platform", outbound.call_id: "peer"}


@pytest.mark.parametrize(
    ("cause", "outcome"), [("busy", "busy"), ("not_found", "invalid_number"), ("rejected", "rejected")]
)
async def test_a_refusal_between_two_numbers_reaches_the_caller(world: World, cause: str, outcome: str) -> None:
    world.network.seize("+12125550101")
    await world.dial("+12125550101")
    await world.clock.advance(1)
    inbound = CallHandle(world.one(EventKind.CALL_INCOMING).call_id or "")
    await world.carrier.calls.reject(inbound, RejectCause(cause), world.op())
    await world.clock.advance(1)
    assert sorted(event.data["outcome"] for event in world.of(EventKind.CALL_ENDED)) == sorted(["rejected", outcome])


async def test_giving_up_a_call_between_two_numbers_stops_the_ringing(world: World) -> None:
    world.network.seize("+12125550101")
    call = await world.dial("+12125550101")
    await world.clock.advance(1)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(1)
    assert [event.data["outcome"] for event in world.of(EventKind.CALL_ENDED)] == ["cancelled"] * 2
    assert await world.carrier.calls.find_live_calls() == []


async def test_an_attentive_person_notices_when_the_agent_begins_and_stops_to_talk(world: World) -> None:
    person = AttentivePerson()
    leg = world.network.place_call(world.peer, world.platform, person)
    await world.clock.advance(1)
    call = CallHandle(leg.call_id or "")
    await world.carrier.calls.answer(call, world.op())
    session = await world.listen(call)
    await session.say("One.", utterance_id="1", interruptible=True)
    await session.say("Two.", utterance_id="2", interruptible=True)
    await world.clock.advance(5)
    talk = ["speaking", "heard One.", "speaking", "heard Two.", "quiet"]
    assert person.noticed == ["ringing", "answered", *talk]
