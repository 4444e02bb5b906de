"""The log, determinism, and many calls at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import CallDirection, CallerNameKind, Carrier, MediaOwner
from saperly_carriers.simulated import NetworkSettings, load_script

if TYPE_CHECKING:
    from carriers.tests.conftest import World


async def busy_day(world: World) -> bytes:
    """A little of everything; gives the log."""
    script = 'steps: [{expect: {pattern: "recorded"}}, {pause: 1}, {say: one two three four five}, hang_up]'
    world.network.add_party(world.peer, load_script(script))
    call = await world.connected()
    session = await world.listen(call)
    await session.say("This call may be recorded.", utterance_id="d", interruptible=False)
    await session.say("How can I help you today?", utterance_id="g", interruptible=True)
    for last_four in ("1009", "1012", "4001", "4002", "4005", "4006"):
        await world.dial("+1500555" + last_four)
        await world.send("+1500555" + last_four)
    await world.carrier.numbers.order("+15445550100", world.op())
    await world.clock.advance(700)
    return world.network.log.as_bytes()


async def test_the_same_run_gives_the_same_log_byte_for_byte(make_world: type[World]) -> None:
    settings = NetworkSettings(order_latency_sec=0, recognition_error_rate=0.3)
    first, second = await busy_day(make_world(settings)), await busy_day(make_world(settings))
    assert first == second
    assert len(first) > 10_000


async def test_another_seed_gives_other_mistakes(make_world: type[World]) -> None:
    settings = NetworkSettings(order_latency_sec=0, recognition_error_rate=0.3)
    worlds = [make_world(settings, seed) for seed in (1, 2)]
    for world in worlds:
        await busy_day(world)
    assert worlds[0].said() != worlds[1].said()


async def test_the_log_shows_what_was_heard_first_and_up_to_where(world: World) -> None:
    await busy_day(world)
    first, second = world.network.log.heard_by(world.peer)
    assert (first.utterance_id, first.text, first.complete) == ("d", "This call may be recorded.", True)
    assert (second.utterance_id, second.text, second.complete) == ("g", "How can I help", False)
    assert (first.ended_at - first.started_at).total_seconds() == pytest.approx(26 / 15, abs=1e-6)


async def test_the_log_keeps_requests_refusals_events_and_deliveries(world: World) -> None:
    await world.dial()
    await world.clock.advance(5)
    (request,) = world.network.log.of("request")
    assert request.data == {"operation": "dial", "op_id": "op-1", "ref": "ref"}
    kinds = {entry.kind for entry in world.network.log}
    assert {"request", "call", "event", "delivery"} <= kinds


async def test_the_log_is_bounded(make_world: type[World]) -> None:
    world = make_world(NetworkSettings(log_entries=10))
    for _ in range(5):
        await world.dial()
    await world.clock.advance(10)
    assert len(world.network.log) == 10


async def test_a_thousand_calls_run_in_one_process_without_a_task_each(world: World) -> None:
    world.network.add_party(world.peer, load_script("steps: [{say: Hello}, {pause: 5}, hang_up]"))
    for _ in range(1000):
        await world.carrier.calls.dial(world.request(), world.op())
    await world.clock.advance(30)
    assert len(world.events) == 3000
    assert await world.carrier.calls.find_live_calls() == []


def test_the_carrier_says_honestly_what_it_can_do(world: World) -> None:
    carrier: Carrier = world.carrier
    caps = carrier.caps
    assert carrier.name == "simulated"
    assert caps.media == {MediaOwner.CARRIER_SPEECH}
    missing = (caps.tendlc, caps.tendlc_push, caps.transfer_refer, caps.per_call_instructions)
    assert not any(missing)
    assert caps.call_time_limit == set(CallDirection)
    assert caps.cnam is CallerNameKind.LISTING
    assert (caps.command_idempotency_s, caps.message_idempotency) == (60, True)
