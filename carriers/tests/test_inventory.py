from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import CarrierRejected, NumberOffer, NumberType, RejectReason

if TYPE_CHECKING:
    from carriers.tests.conftest import World

SMS = frozenset({"sms"})


async def search(
    world: World,
    area_code: str | None = None,
    *,
    country: str = "US",
    number_type: NumberType = NumberType.LOCAL,
    need: frozenset[str] = frozenset(),
    limit: int = 200,
) -> list[NumberOffer]:
    found = await world.carrier.numbers.search(
        country=country, number_type=number_type, area_code=area_code, need=need, limit=limit
    )
    return list(found)


def numbers(offers: list[NumberOffer]) -> list[str]:
    return [offer.e164 for offer in offers]


async def test_an_area_code_has_a_hundred_numbers_in_a_fixed_order(world: World) -> None:
    found = numbers(await search(world, "415"))
    assert found == [f"+14155550{line}" for line in range(100, 200)]


async def test_numbers_in_use_are_not_offered(world: World) -> None:
    assert numbers(await search(world, "212", limit=1)) == ["+12125550101"]


async def test_without_an_area_code_the_default_ones_are_searched(world: World) -> None:
    found = numbers(await search(world, limit=150))
    assert found[0] == "+12125550101"
    assert found[99] == "+14155550100"


async def test_an_offer_tells_price_type_country_and_features(world: World) -> None:
    (offer,) = await search(world, "415", limit=1)
    assert offer == NumberOffer("+14155550100", "US", NumberType.LOCAL, 100, 0, frozenset({"voice", "sms"}))


async def test_one_exact_number_is_offered_as_what_it_is(world: World) -> None:
    shop = world.carrier.numbers
    mobile = await shop.offer_of("+447700900007")
    assert mobile == NumberOffer("+447700900007", "GB", NumberType.MOBILE, 300, 0, frozenset({"voice", "sms"}))
    for not_for_sale in ("+12125550100", "+12065550200", "+15005550006"):
        assert await shop.offer_of(not_for_sale) is None


@pytest.mark.parametrize("area_code", ["199", "123", "911", "211", "292", "20", "2125", "abc", "", "٢١٢"])
async def test_an_impossible_area_code_is_an_input_error(world: World, area_code: str) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await search(world, area_code)
    assert refusal.value.reason is RejectReason.INVALID_VALUE


@pytest.mark.parametrize("area_code", ["533", "500", "800", "416", "876", "900"])
async def test_a_possible_area_code_without_stock_gives_nothing(world: World, area_code: str) -> None:
    assert await search(world, area_code) == []


async def test_toll_free_numbers_come_from_the_toll_free_codes(world: World) -> None:
    found = numbers(await search(world, number_type=NumberType.TOLL_FREE, limit=800))
    assert len(found) == 700
    assert found[0] == "+18005550100"
    assert numbers(await search(world, "888", number_type=NumberType.TOLL_FREE, limit=1)) == ["+18885550100"]
    assert await search(world, "415", number_type=NumberType.TOLL_FREE) == []


async def test_canada_has_its_own_area_codes(world: World) -> None:
    assert numbers(await search(world, country="CA", limit=1)) == ["+14165550100"]
    assert await search(world, "212", country="CA") == []


@pytest.mark.parametrize(
    ("country", "number_type", "first"),
    [
        ("GB", NumberType.LOCAL, "+442079460000"),
        ("GB", NumberType.MOBILE, "+447700900000"),
        ("GB", NumberType.NATIONAL, "+443069990000"),
        ("GB", NumberType.TOLL_FREE, "+448081570000"),
        ("DE", NumberType.LOCAL, "+493023125000"),
    ],
)
async def test_other_countries_have_short_lists_from_ranges_for_fiction(
    world: World, country: str, number_type: NumberType, first: str
) -> None:
    found = numbers(await search(world, country=country, number_type=number_type))
    assert len(found) == 20
    assert found[0] == first


async def test_an_area_code_abroad_narrows_the_list(world: World) -> None:
    assert len(await search(world, "20", country="GB")) == 20
    assert await search(world, "161", country="GB") == []
    with pytest.raises(CarrierRejected):
        await search(world, "020", country="GB")


async def test_a_country_without_numbers_is_refused(world: World) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await search(world, country="FR")
    assert refusal.value.reason is RejectReason.GEO


async def test_only_numbers_with_the_needed_features_are_offered(world: World) -> None:
    assert await search(world, country="GB", need=SMS) == []
    assert len(await search(world, country="GB", number_type=NumberType.MOBILE, need=SMS)) == 20
    assert await search(world, "415", need=frozenset({"fax"})) == []


async def test_types_that_a_country_does_not_have_give_nothing(world: World) -> None:
    assert await search(world, number_type=NumberType.MOBILE) == []
    assert await search(world, country="DE", number_type=NumberType.MOBILE) == []


async def test_a_search_for_no_numbers_is_refused(world: World) -> None:
    with pytest.raises(CarrierRejected):
        await search(world, "415", limit=0)


async def test_an_area_code_can_be_used_up(world: World) -> None:
    for line in range(100, 200):
        world.network.seize(f"+14155550{line}")
    assert await search(world, "415") == []


async def test_a_released_number_rests_before_it_is_offered_again(world: World) -> None:
    await world.carrier.numbers.release(world.number_id, world.op())
    assert world.platform not in numbers(await search(world, "212"))
    await world.clock.advance(86_400)
    assert world.platform in numbers(await search(world, "212"))


async def test_a_number_that_is_seized_has_the_same_id_in_every_run(world: World) -> None:
    assert world.network.seize("+14155550142") == "sim-num-14155550142"
    assert world.network.seize("+14155550142") == "sim-num-14155550142"


@pytest.mark.parametrize("e164", ["+14155551234", "+442079461000", "+15335550100", "+442079460099", "hello"])
async def test_only_the_networks_own_numbers_can_be_seized(world: World, e164: str) -> None:
    with pytest.raises(ValueError):
        world.network.seize(e164)
