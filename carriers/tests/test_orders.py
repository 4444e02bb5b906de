from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import CarrierRejected, EventKind, NumberOrder, NumberType, OrderStatus, RejectReason
from saperly_carriers.simulated import NetworkSettings

if TYPE_CHECKING:
    from carriers.tests.conftest import World

FREE = "+14155550100"


async def order(world: World, e164: str = FREE) -> NumberOrder:
    return await world.clock.run(world.carrier.numbers.order(e164, world.op()))


async def test_an_order_is_active_at_once_and_reported_as_an_event(world: World) -> None:
    placed = await order(world)
    assert (placed.status, placed.number_id) == (OrderStatus.ACTIVE, "sim-num-14155550100")
    assert world.events == []
    await world.clock.advance(1)
    event = world.one(EventKind.NUMBER_ORDER)
    assert (event.order_id, event.ref) == (placed.order_id, "ref")
    assert event.data == {
        "e164": FREE, "status": "active", "number_id": "sim-num-14155550100", "error": None
    }  # fmt: skip


async def test_an_order_takes_its_time_to_answer(make_world: type[World]) -> None:
    world = make_world(NetworkSettings())
    await order(world)
    assert world.elapsed() == 0.5


async def test_a_number_in_use_cannot_be_ordered(world: World) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await order(world, world.platform)
    assert refusal.value.reason is RejectReason.NUMBER_UNAVAILABLE


async def test_a_number_outside_the_stock_cannot_be_ordered(world: World) -> None:
    with pytest.raises(CarrierRejected):
        await order(world, "+14155551234")


async def test_area_code_544_stays_pending_for_five_seconds(world: World) -> None:
    placed = await order(world, "+15445550100")
    assert placed.status is OrderStatus.PENDING
    await world.clock.advance(4.9)
    assert (await world.carrier.numbers.order_status(placed.order_id)).status is OrderStatus.PENDING
    assert world.events == []
    await world.clock.advance(0.2)
    assert world.one(EventKind.NUMBER_ORDER).data["status"] == "active"
    assert (await world.carrier.numbers.order_status(placed.order_id)).number_id == "sim-num-15445550100"


async def test_a_number_on_order_is_not_offered_to_anybody_else(world: World) -> None:
    await order(world, "+15445550100")
    (offer,) = await world.carrier.numbers.search(
        country="US", number_type=NumberType.LOCAL, area_code="544", need=frozenset(), limit=1
    )
    assert offer.e164 == "+15445550101"


async def test_area_code_566_fails_later_and_returns_the_number(world: World) -> None:
    assert (await order(world, "+15665550100")).status is OrderStatus.PENDING
    await world.clock.advance(6)
    event = world.one(EventKind.NUMBER_ORDER)
    assert (event.data["status"], event.data["error"]) == ("failed", "order_failed")
    assert world.network.inventory.is_in_stock("+15665550100")


async def test_area_code_577_is_offered_but_taken_by_somebody_else(world: World) -> None:
    (offer,) = await world.carrier.numbers.search(
        country="US", number_type=NumberType.LOCAL, area_code="577", need=frozenset(), limit=1
    )
    with pytest.raises(CarrierRejected) as refusal:
        await order(world, offer.e164)
    assert refusal.value.reason is RejectReason.NUMBER_UNAVAILABLE


async def test_a_regulated_country_keeps_the_order_pending_for_an_hour(world: World) -> None:
    assert (await order(world, "+493023125000")).status is OrderStatus.PENDING
    await world.clock.advance(3599)
    assert world.events == []
    await world.clock.advance(2)
    assert world.one(EventKind.NUMBER_ORDER).data["status"] == "active"


async def test_a_repeated_order_gives_the_first_one_again(world: World) -> None:
    op = world.op()
    first = await world.carrier.numbers.order(FREE, op)
    await world.clock.advance(86_400 * 30)
    assert await world.carrier.numbers.order(FREE, op) == first
    assert await world.carrier.numbers.find_order(op) == first


async def test_an_order_that_was_never_placed_is_not_found(world: World) -> None:
    assert await world.carrier.numbers.find_order(world.op()) is None
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.numbers.order_status("sim-ord-none")
    assert refusal.value.reason is RejectReason.NOT_FOUND


async def test_releasing_a_number_twice_is_success(world: World) -> None:
    await world.carrier.numbers.release(world.number_id, world.op())
    await world.carrier.numbers.release(world.number_id, world.op())
    assert world.network.inventory.in_use(world.platform) is None


@pytest.mark.parametrize("name", ["", "Sixteen letters x", "Ümlaut", "dash-ed"])
async def test_a_caller_name_that_the_listing_cannot_hold_is_refused(world: World, name: str) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.numbers.set_caller_name(world.number_id, name, world.op())
    assert refusal.value.reason is RejectReason.INVALID_VALUE


async def test_commands_on_an_unknown_number_are_refused(world: World) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.numbers.route("sim-num-1", voice="x", messaging=None, op=world.op())
    assert refusal.value.reason is RejectReason.NOT_FOUND
