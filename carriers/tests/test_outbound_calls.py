from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from saperly_carriers.port import (
    CallDirection,
    CallHandle,
    CallOutcome,
    CallSnapshot,
    CallState,
    CarrierRejected,
    EventKind,
    RejectCause,
    RejectReason,
    SpeechConfig,
)
from saperly_carriers.simulated import NetworkSettings

if TYPE_CHECKING:
    from carriers.tests.conftest import World


async def test_an_ordinary_number_rings_answers_after_two_seconds_and_stays(world: World) -> None:
    call = await world.dial()
    await world.clock.advance(600)
    assert world.kinds() == ["call.ringing", "call.answered"]
    assert [str(event.occurred_at.time()) for event in world.events] == ["12:00:00.200000", "12:00:02.200000"]
    snapshot = await world.carrier.calls.status(call)
    assert (snapshot.state, snapshot.ended_at) == (CallState.ANSWERED, None)


async def test_hanging_up_ends_the_call_with_its_exact_duration(world: World) -> None:
    call = await world.connected()
    await world.clock.advance(12.345)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(1)
    event = world.one(EventKind.CALL_ENDED)
    assert event.data == {
        "outcome": "completed",
        "ended_by": "platform",
        "sip_code": None,
        "answered_at": "2026-03-02T12:00:02.200000+00:00",
        "duration_ms": 12_395,
    }
    assert event.call_id == call.call_id


async def test_hanging_up_before_the_answer_cancels(world: World) -> None:
    call = await world.dial()
    await world.clock.advance(1)
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(5)
    assert world.kinds() == ["call.ringing", "call.ended"]
    data = world.one(EventKind.CALL_ENDED).data
    assert (data["outcome"], data["duration_ms"], data["answered_at"]) == ("cancelled", 0, None)


async def test_hanging_up_twice_is_success(world: World) -> None:
    call = await world.connected()
    await world.carrier.calls.hangup(call, world.op())
    await world.carrier.calls.hangup(call, world.op())
    await world.clock.advance(1)
    assert len(world.of(EventKind.CALL_ENDED)) == 1


async def test_the_ring_timeout_is_the_callers(world: World) -> None:
    await world.dial("+15005551002", ring_timeout_sec=10)
    await world.clock.advance(11)
    event = world.one(EventKind.CALL_ENDED)
    assert (event.data["outcome"], event.data["ended_by"], event.data["sip_code"]) == ("no_answer", "network", 408)
    assert str(event.occurred_at.time()) == "12:00:10"


async def test_the_network_ends_the_call_at_its_time_limit(world: World) -> None:
    await world.dial(time_limit_sec=60)
    await world.clock.advance(120)
    data = world.one(EventKind.CALL_ENDED).data
    assert (data["outcome"], data["ended_by"], data["duration_ms"]) == ("time_limit", "network", 60_000)


async def test_the_time_limit_can_be_moved_during_the_call(world: World) -> None:
    call = await world.dial(time_limit_sec=60)
    await world.clock.advance(30)
    await world.carrier.calls.set_time_limit(call, 90, world.op())
    await world.clock.advance(120)
    assert world.one(EventKind.CALL_ENDED).data["duration_ms"] == 90_000


async def test_the_time_limit_can_be_moved_before_the_answer(world: World) -> None:
    call = await world.dial(time_limit_sec=60)
    await world.carrier.calls.set_time_limit(call, 5, world.op())
    await world.clock.advance(30)
    assert world.one(EventKind.CALL_ENDED).data["duration_ms"] == 5_000


async def test_a_time_limit_in_the_past_ends_the_call_now(world: World) -> None:
    call = await world.connected()
    await world.clock.advance(30)
    await world.carrier.calls.set_time_limit(call, 10, world.op())
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "time_limit"


async def test_a_repeated_dial_gives_the_first_call_for_a_minute(world: World) -> None:
    op, request = world.op(), world.request()
    first = await world.carrier.calls.dial(request, op)
    await world.clock.advance(59)
    assert await world.carrier.calls.dial(request, op) == first
    await world.clock.advance(2)
    assert await world.carrier.calls.dial(request, op) != first


async def test_a_repeated_command_is_done_once(world: World) -> None:
    call = await world.connected()
    op = world.op()
    await world.carrier.calls.send_dtmf(call, "12", op)
    await world.carrier.calls.send_dtmf(call, "12", op)
    assert len(world.network.log.of("request", operation="send_dtmf")) == 2
    await world.carrier.calls.hangup(call, world.op())


async def test_a_call_is_found_by_its_operation(world: World) -> None:
    op = world.op()
    assert await world.carrier.calls.find(op) is None
    call = await world.carrier.calls.dial(world.request(), op)
    assert await world.carrier.calls.find(op) == call


async def test_live_calls_can_be_listed(world: World) -> None:
    call, ended = await world.dial(), await world.dial()
    await world.carrier.calls.hangup(ended, world.op())
    (live,) = await world.carrier.calls.find_live_calls()
    assert (live.call, live.ref, live.direction) == (call, "ref", CallDirection.OUTBOUND)
    assert live.snapshot == CallSnapshot(CallState.RINGING)


async def test_an_unknown_call_has_the_state_unknown_and_takes_no_commands(world: World) -> None:
    call = CallHandle("v3:from-another-life")
    assert await world.carrier.calls.status(call) == CallSnapshot(CallState.UNKNOWN)
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.calls.hangup(call, world.op())
    assert refusal.value.reason is RejectReason.NOT_FOUND


async def test_old_ended_calls_are_forgotten(make_world: type[World]) -> None:
    world = make_world(NetworkSettings(ended_calls_kept=1))
    op = world.op()
    first = await world.carrier.calls.dial(world.request("+15005551001"), op)
    await world.dial("+15005551001")
    await world.clock.advance(5)
    assert (await world.carrier.calls.status(first)).state is CallState.UNKNOWN
    assert await world.carrier.calls.find(op) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"from_number": "+14155550100"}, RejectReason.SENDER),
        ({"to": "5551234"}, RejectReason.INVALID_NUMBER),
        ({"to": "+1415"}, RejectReason.INVALID_NUMBER),
        ({"to": "+14155551234,200"}, RejectReason.INVALID_NUMBER),
        ({"to": "+٤٤٢٠٧٩٤٦٠٠٠٠"}, RejectReason.INVALID_NUMBER),
        ({"time_limit_sec": 0}, RejectReason.INVALID_VALUE),
        ({"time_limit_sec": 14_401}, RejectReason.INVALID_VALUE),
        ({"ring_timeout_sec": -1}, RejectReason.INVALID_VALUE),
    ],
)
async def test_an_impossible_call_is_refused(world: World, changes: dict[str, Any], reason: RejectReason) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.calls.dial(world.request(**changes), world.op())
    assert refusal.value.reason is reason
    await world.clock.advance(5)
    assert world.events == []


async def test_commands_on_an_ended_call_are_refused(world: World) -> None:
    calls, call = world.carrier.calls, await world.connected()
    await calls.hangup(call, world.op())
    for command in (
        calls.send_dtmf(call, "1", world.op()),
        calls.transfer(call, world.peer, caller_id=None, op=world.op()),
        calls.set_time_limit(call, 60, world.op()),
        calls.answer(call, world.op()),
        calls.reject(call, RejectCause.BUSY, world.op()),
        calls.open_speech(call, SpeechConfig(), world.note, world.op()),
    ):
        with pytest.raises(CarrierRejected) as refusal:
            await command
        assert refusal.value.reason is RejectReason.CALL_ENDED


async def test_commands_before_the_answer_are_refused(world: World) -> None:
    calls, call = world.carrier.calls, await world.dial()
    for command in (
        calls.send_dtmf(call, "1", world.op()),
        calls.transfer(call, world.peer, caller_id=None, op=world.op()),
        calls.open_speech(call, SpeechConfig(), world.note, world.op()),
    ):
        with pytest.raises(CarrierRejected) as refusal:
            await command
        assert refusal.value.reason is RejectReason.NOT_ANSWERED


async def test_an_outbound_call_cannot_be_answered_or_rejected_by_the_platform(world: World) -> None:
    calls, call = world.carrier.calls, await world.dial()
    for command in (calls.answer(call, world.op()), calls.reject(call, RejectCause.BUSY, world.op())):
        with pytest.raises(CarrierRejected) as refusal:
            await command
        assert refusal.value.reason is RejectReason.STATE


@pytest.mark.parametrize("digits", ["", "12x", "1,2"])
async def test_only_keys_of_a_telephone_can_be_sent(world: World, digits: str) -> None:
    call = await world.connected()
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.calls.send_dtmf(call, digits, world.op())
    assert refusal.value.reason is RejectReason.INVALID_VALUE


async def test_the_number_itself_is_busy(world: World) -> None:
    await world.dial(world.platform)
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == CallOutcome.BUSY


async def test_machine_detection_reports_people_and_machines_only_when_asked(world: World) -> None:
    await world.connected("+15005551004", detect_machine=True)
    await world.clock.advance(10)
    assert [event.data for event in world.of(EventKind.CALL_MACHINE)] == [
        {"result": "machine", "beep": False},
        {"result": "machine", "beep": True},
    ]
    world.events.clear()
    await world.connected(detect_machine=True)
    await world.clock.advance(10)
    assert world.one(EventKind.CALL_MACHINE).data == {"result": "human", "beep": False}
    world.events.clear()
    await world.connected("+15005551004")
    await world.clock.advance(10)
    assert world.of(EventKind.CALL_MACHINE) == []


async def test_the_cost_of_a_call_is_reported_if_switched_on(make_world: type[World]) -> None:
    world = make_world(NetworkSettings(call_cost_events=True))
    await world.dial(time_limit_sec=90)
    await world.clock.advance(100)
    assert world.one(EventKind.CALL_COST).data == {"cost_micros": 10_500, "duration_ms": 90_000}
