from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import (
    Attestation,
    CallHandle,
    CallState,
    CarrierRejected,
    EventKind,
    RejectCause,
    RejectReason,
)
from saperly_carriers.simulated import ANONYMOUS

if TYPE_CHECKING:
    from carriers.tests.conftest import Person, World


async def incoming(world: World, person: Person) -> CallHandle:
    world.network.place_call(world.peer, world.platform, person, caller_name="Ada")
    await world.clock.advance(1)
    call_id = world.one(EventKind.CALL_INCOMING).call_id
    assert call_id is not None
    return CallHandle(call_id)


async def test_an_incoming_call_tells_who_calls_and_what_the_network_vouches_for(world: World, person: Person) -> None:
    await incoming(world, person)
    event = world.one(EventKind.CALL_INCOMING)
    assert event.ref is None
    assert event.data == {
        "from": world.peer, "to": world.platform, "caller_name": "Ada", "attestation": "A"
    }  # fmt: skip
    assert person.noticed == ["ringing"]


@pytest.mark.parametrize("attestation", list(Attestation))
async def test_the_attestation_is_the_callers_choice(world: World, person: Person, attestation: Attestation) -> None:
    world.network.place_call(world.peer, world.platform, person, attestation=attestation)
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_INCOMING).data["attestation"] == attestation.value


async def test_a_withheld_number_is_null(world: World, person: Person) -> None:
    world.network.place_call(ANONYMOUS, world.platform, person)
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_INCOMING).data["from"] is None


async def test_answering_connects_the_caller(world: World, person: Person) -> None:
    call = await incoming(world, person)
    await world.carrier.calls.answer(call, world.op())
    await world.clock.advance(1)
    assert person.noticed == ["ringing", "answered"]
    assert world.kinds() == ["call.incoming", "call.answered"]


async def test_an_answered_call_can_be_limited(world: World, person: Person) -> None:
    call = await incoming(world, person)
    await world.carrier.calls.answer(call, world.op(), time_limit_sec=20)
    await world.clock.advance(30)
    assert world.one(EventKind.CALL_ENDED).data["duration_ms"] == 20_000
    assert person.noticed[-1] == "ended time_limit"


async def test_a_call_that_nobody_answers_ends_after_thirty_seconds(world: World, person: Person) -> None:
    await incoming(world, person)
    await world.clock.advance(28.5)
    assert world.of(EventKind.CALL_ENDED) == []
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "no_answer"
    assert person.noticed[-1] == "ended no_answer"


@pytest.mark.parametrize(
    ("cause", "sip_code"),
    [
        (RejectCause.REJECTED, 603),
        (RejectCause.BUSY, 486),
        (RejectCause.NOT_FOUND, 404),
        (RejectCause.UNAVAILABLE, 480),
    ],
)
async def test_a_rejected_caller_learns_the_cause(
    world: World, person: Person, cause: RejectCause, sip_code: int
) -> None:
    call = await incoming(world, person)
    await world.carrier.calls.reject(call, cause, world.op())
    await world.clock.advance(1)
    assert person.noticed[-1] == f"ended {cause.value}"
    data = world.one(EventKind.CALL_ENDED).data
    assert (data["outcome"], data["ended_by"], data["sip_code"]) == ("rejected", "platform", sip_code)


async def test_hanging_up_a_ringing_call_rejects_it(world: World, person: Person) -> None:
    call = await incoming(world, person)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "rejected"


async def test_a_caller_may_give_up(world: World, person: Person) -> None:
    call = await incoming(world, person)
    await person.legs[0].hang_up()
    await world.clock.advance(1)
    data = world.one(EventKind.CALL_ENDED).data
    assert (data["outcome"], data["ended_by"], data["sip_code"]) == ("cancelled", "peer", 487)
    assert (await world.carrier.calls.status(call)).state is CallState.ENDED


async def test_answering_twice_or_rejecting_an_answered_call_is_refused(world: World, person: Person) -> None:
    call = await incoming(world, person)
    await world.carrier.calls.answer(call, world.op())
    for command in (
        world.carrier.calls.answer(call, world.op()),
        world.carrier.calls.reject(call, RejectCause.BUSY, world.op()),
    ):
        with pytest.raises(CarrierRejected) as refusal:
            await command
        assert refusal.value.reason is RejectReason.STATE


async def test_a_number_out_of_service_is_invalid_and_reaches_nobody(world: World, person: Person) -> None:
    world.network.place_call(world.peer, "+12125550199", person)
    await world.clock.advance(1)
    assert person.noticed == ["ended invalid_number"]
    assert world.events == []


async def test_a_number_that_leads_nowhere_is_unavailable(world: World, person: Person) -> None:
    await world.carrier.numbers.route(world.number_id, voice=None, messaging=None, op=world.op())
    world.network.place_call(world.peer, world.platform, person)
    await world.clock.advance(1)
    assert person.noticed == ["ended unavailable"]


async def test_a_person_has_a_proper_number(world: World, person: Person) -> None:
    with pytest.raises(ValueError):
        world.network.place_call("12", world.platform, person)
