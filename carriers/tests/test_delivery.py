"""How events reach the platform when it, or the way to it, is not well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import CarrierOutcomeUnknown, EventKind, RawRequest
from saperly_carriers.simulated import Faults

if TYPE_CHECKING:
    from carriers.tests.conftest import World


class Stubborn:
    """A platform that refuses the first requests it is given."""

    def __init__(self, world: World, refusals: int) -> None:
        self.world = world
        self.refusals = refusals
        self.tried_at: list[float] = []

    async def __call__(self, request: RawRequest) -> None:
        self.tried_at.append(self.world.elapsed())
        if self.refusals > 0:
            self.refusals -= 1
            raise ConnectionError
        await self.world.deliver(request)


async def test_an_event_that_is_not_taken_comes_again(world: World) -> None:
    world.network.deliver = platform = Stubborn(world, refusals=3)
    await world.send("+15005552012")
    await world.clock.advance(120)
    assert platform.tried_at == [pytest.approx(at) for at in (1.05, 2.05, 7.05, 37.05)]
    assert world.statuses() == [("failed", "not_registered")]
    assert (world.events[0].occurred_at.second, world.events[0].received_at.second) == (1, 37)


async def test_later_events_of_the_same_call_wait_for_the_refused_one(world: World) -> None:
    world.network.deliver = Stubborn(world, refusals=3)
    await world.dial(time_limit_sec=5)
    await world.clock.advance(60)
    assert world.kinds() == ["call.ringing", "call.answered", "call.ended"]


async def test_other_calls_do_not_wait(world: World) -> None:
    world.network.deliver = Stubborn(world, refusals=1)
    first, second = await world.dial(), await world.dial()
    await world.clock.advance(0.5)
    assert [event.call_id for event in world.events] == [second.call_id]
    await world.clock.advance(1)
    assert world.events[-1].call_id == first.call_id


async def test_the_network_gives_up_in_the_end(world: World) -> None:
    world.network.deliver = platform = Stubborn(world, refusals=8)
    await world.send("+15005552012")
    await world.clock.advance(10_000)
    assert len(platform.tried_at) == 8
    assert world.events == []
    assert len(world.network.log.of("delivery_given_up")) == 1
    assert world.clock.pending() == 0


async def test_events_wait_for_a_platform_that_is_not_there_yet(world: World) -> None:
    world.network.deliver = None
    await world.dial()
    await world.clock.advance(0.5)
    world.network.deliver = world.deliver
    await world.clock.advance(5)
    assert world.kinds() == ["call.ringing", "call.answered"]


async def test_a_retried_request_is_signed_anew(world: World) -> None:
    """The platform believes requests for five minutes; the last retries come an hour later."""
    world.network.deliver = Stubborn(world, refusals=7)
    await world.send("+15005552012")
    await world.clock.advance(10_000)
    assert world.statuses() == [("failed", "not_registered")]


async def test_a_slow_platform_gets_one_event_of_a_call_at_a_time(world: World) -> None:
    active = [0, 0]

    async def slow(request: RawRequest) -> None:
        active[0] += 1
        active[1] = max(active)
        await world.clock.sleep(5)
        await world.deliver(request)
        active[0] -= 1

    world.network.deliver = slow
    await world.dial(time_limit_sec=1)
    await world.clock.advance(60)
    assert active == [0, 1]
    assert world.kinds() == ["call.ringing", "call.answered", "call.ended"]


async def ordinary_call(world: World) -> None:
    await world.dial(time_limit_sec=10)
    await world.clock.advance(30)


async def test_faults_can_be_switched_on_for_every_number(world: World) -> None:
    world.network.faults = Faults(duplicate_events=True, delay_events_sec=2.0)
    await ordinary_call(world)
    assert world.kinds() == [kind for kind in ("call.ringing", "call.answered", "call.ended") for _ in range(2)]
    assert (world.events[0].received_at - world.events[0].occurred_at).total_seconds() == 2.05


async def test_faults_can_be_switched_off_again(world: World) -> None:
    world.network.faults = Faults(lose_progress_events=True, late_event=True)
    await ordinary_call(world)
    assert world.kinds() == ["call.ringing", "call.ended", "call.dtmf"]
    world.network.faults = Faults()
    world.events.clear()
    await ordinary_call(world)
    assert world.kinds() == ["call.ringing", "call.answered", "call.ended"]


async def test_reversed_and_forged_events_come_for_every_number(world: World) -> None:
    world.network.faults = Faults(reverse_events=True, bad_signature=True)
    await ordinary_call(world)
    assert world.kinds() == ["call.answered", "call.ringing", "call.ended"]
    assert len(world.network.log.of("delivery", forged=True, error="IntakeRefused")) == 3


async def test_a_lost_answer_is_lost_for_commands_too_though_they_are_done(world: World) -> None:
    call = await world.connected()
    world.network.faults = Faults(lose_answer=True)
    with pytest.raises(CarrierOutcomeUnknown):
        await world.clock.run(world.carrier.calls.hangup(call, world.op(deadline_sec=3)))
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "completed"


async def test_a_command_that_fails_first_works_with_the_same_operation(world: World) -> None:
    call = await world.connected()
    world.network.faults = Faults(fail_first=True)
    op = world.op()
    with pytest.raises(CarrierOutcomeUnknown):
        await world.carrier.calls.hangup(call, op)
    await world.carrier.calls.hangup(call, op)
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == "completed"


async def test_a_number_order_suffers_like_any_request(world: World) -> None:
    world.network.faults = Faults(garble_answer=True)
    op = world.op()
    with pytest.raises(CarrierOutcomeUnknown):
        await world.carrier.numbers.order("+14155550100", op)
    found = await world.carrier.numbers.find_order(op)
    assert found is not None
    assert found.number_id == "sim-num-14155550100"
