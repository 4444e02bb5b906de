"""Buying numbers on the wire: what is for sale, at which price, and what happens when the network does not deliver."""

from __future__ import annotations

from typing import Any

from .conftest import Stage
from .wire import balance, child, facts, outcome, poor, stranger

FIELDS = {
    "id",
    "phoneNumber",
    "connectionId",
    "webhookUrl",
    "smsSenderId",
    "callerIdName",
    "country",
    "numberType",
    "monthlyPriceCents",
    "currency",
    "nextChargeAt",
    "releasedAt",
    "createdAt",
}


async def test_a_bought_number_has_the_documented_shape(stage: Stage) -> None:
    number = await stage.number(areaCode="415")
    assert set(number) == FIELDS
    assert number.pop("nextChargeAt")[:19] == "2026-07-18T09:30:00"
    assert number.pop("createdAt")[:19] == "2026-06-18T09:30:00"
    assert number == {
        "id": number["id"],
        "phoneNumber": "+14155550100",
        "connectionId": None,
        "webhookUrl": None,
        "smsSenderId": None,
        "callerIdName": None,
        "country": "US",
        "numberType": "local",
        "monthlyPriceCents": 250,
        "currency": "USD",
        "releasedAt": None,
    }
    read = await stage.get(f"/numbers/{number['id']}")
    assert read == {**read, **number}
    assert await stage.get("/numbers") == [read]


async def test_the_first_month_of_the_first_number_is_free_and_the_second_number_pays(stage: Stage) -> None:
    await stage.number()
    assert await balance(stage) == 5_000
    await stage.number()
    assert await balance(stage) == 4_750


async def test_a_wish_chooses_the_kind_of_number(stage: Stage) -> None:
    wishes: list[tuple[dict[str, Any], str]] = [
        ({}, "+1212"),
        ({"areaCode": "305"}, "+1305"),
        ({"areaCode": None, "country": None}, "+1212"),
        ({"numberType": "toll_free"}, "+1800"),
        ({"numberType": "toll_free", "areaCode": "888"}, "+1888"),
        ({"country": "CA"}, "+1416"),
        ({"country": "CA", "areaCode": "604"}, "+1604"),
        ({"country": "GB", "numberType": "mobile"}, "+447700900"),
    ]
    for wish, begins in wishes:
        number = (await stage.post("/numbers", wish)).json()
        assert number["phoneNumber"].startswith(begins), wish
        assert number["country"] == (wish.get("country") or "US")
        assert number["numberType"] == wish.get("numberType", "local")


async def test_an_exact_number_is_the_one_that_is_bought(stage: Stage) -> None:
    assert (await stage.number(phoneNumber="+12065550142"))["phoneNumber"] == "+12065550142"


async def test_an_exact_number_is_bought_at_the_price_of_what_it_is(stage: Stage) -> None:
    number = await stage.number(phoneNumber="+447700900007")
    assert (number["country"], number["numberType"]) == ("GB", "mobile")
    assert number["monthlyPriceCents"] == 350


async def test_an_exact_number_is_not_bought_as_something_else(stage: Stage) -> None:
    for field, said in (("country", "CA"), ("numberType", "toll_free")):
        answer = await stage.post("/numbers", {"phoneNumber": "+12065550142", field: said})
        assert outcome(answer) == (400, "ValidationError")
        assert [issue["path"] for issue in answer.json()["issues"]] == [field]


async def test_a_repeated_order_of_an_exact_number_gets_the_number_again(stage: Stage) -> None:
    wish = {"phoneNumber": "+12065550142"}
    first, second = [await stage.post("/numbers", wish, **{"Idempotency-Key": "one"}) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await stage.get("/numbers")) == 1


async def test_an_exact_number_that_is_not_for_sale_is_not_available(stage: Stage) -> None:
    await stage.number(phoneNumber="+12065550142")
    for taken in ("+12065550142", "+12065550200", "+12029559143"):
        answer = await stage.post("/numbers", {"phoneNumber": taken})
        assert facts(answer) == {"_tag": "NoNumbersAvailable", "country": "US", "numberType": "local"}, taken


async def test_two_buyers_of_one_number_are_not_both_served(stage: Stage) -> None:
    other = await stranger(stage)
    await stage.number(phoneNumber="+12065550142")
    answer = await stage.during(other.post("/numbers", json={"phoneNumber": "+12065550142"}))
    assert outcome(answer) == (404, "NoNumbersAvailable")


async def test_an_area_code_without_stock_has_no_numbers(stage: Stage) -> None:
    answer = await stage.post("/numbers", {"areaCode": "533"})
    assert answer.status_code == 404
    assert facts(answer) == {"_tag": "NoNumbersAvailable", "country": "US", "numberType": "local"}
    assert await balance(stage) == 5_000


async def test_an_area_code_that_cannot_exist_is_an_error_of_the_request(stage: Stage) -> None:
    for code in ("911", "199", "295", "4155", "41"):
        answer = await stage.post("/numbers", {"areaCode": code})
        assert outcome(answer) == (400, "ValidationError"), code
        assert answer.json()["issues"] == [{"path": "areaCode", "message": f"{code} is not an area code."}]


async def test_a_country_without_numbers_is_not_available(stage: Stage) -> None:
    for country in ("FR", "ZZ"):
        answer = await stage.post("/numbers", {"country": country})
        assert answer.status_code == 403
        assert facts(answer) == {
            "_tag": "CountryNotAvailable",
            "country": country,
            "message": f"Numbers in {country} are not offered.",
        }


async def test_a_kind_that_is_none_is_refused(stage: Stage) -> None:
    for wish in ({"country": "us"}, {"country": "USA"}, {"numberType": "satellite"}):
        assert outcome(await stage.post("/numbers", wish)) == (400, "ValidationError"), wish


async def test_a_kind_that_a_country_does_not_have_has_no_numbers(stage: Stage) -> None:
    answer = await stage.post("/numbers", {"country": "US", "numberType": "mobile"})
    assert facts(answer) == {"_tag": "NoNumbersAvailable", "country": "US", "numberType": "mobile"}


async def test_a_slow_order_is_answered_when_it_arrives(stage: Stage) -> None:
    began = stage.clock.now()
    number = await stage.number(areaCode="544")
    assert number["nextChargeAt"] is not None
    assert (stage.clock.now() - began).total_seconds() >= 5


async def test_an_order_that_takes_longer_than_a_request_is_answered_and_becomes_usable_later(stage: Stage) -> None:
    await stage.number()
    number = await stage.number(country="DE")
    assert number["nextChargeAt"] is None
    assert await balance(stage) == 5_000 - 450
    used = await stage.post(f"/numbers/{number['id']}/webhook", {"url": "https://example.com"})
    assert outcome(used) == (404, "NumberNotFound")
    assert (await stage.get("/numbers"))[0]["id"] == number["id"]


async def test_an_order_that_fails_costs_nothing_and_leaves_nothing(stage: Stage) -> None:
    await stage.number()
    answer = await stage.post("/numbers", {"areaCode": "566"})
    assert answer.status_code == 502
    assert facts(answer) == {
        "_tag": "UpstreamError",
        "status": 502,
        "code": "order_failed",
        "message": "The network could not deliver the number.",
    }
    assert await balance(stage) == 5_000
    assert len(await stage.get("/numbers")) == 1


async def test_a_failed_first_order_does_not_use_up_the_free_month(stage: Stage) -> None:
    assert outcome(await stage.post("/numbers", {"areaCode": "566"})) == (502, "UpstreamError")
    await stage.number()
    assert await balance(stage) == 5_000


async def test_offers_that_others_take_first_leave_nothing_to_buy(stage: Stage) -> None:
    await stage.number()
    answer = await stage.post("/numbers", {"areaCode": "577"})
    assert outcome(answer) == (404, "NoNumbersAvailable")
    assert await balance(stage) == 5_000


async def test_a_price_above_the_expected_one_buys_nothing(stage: Stage) -> None:
    answer = await stage.post("/numbers", {"areaCode": "415", "expectedMonthlyPriceCents": 200})
    assert answer.status_code == 409
    assert facts(answer) == {
        "_tag": "PriceChanged",
        "phoneNumber": "+14155550100",
        "actualMonthlyPriceCents": 250,
        "actualUpfrontPriceCents": 0,
        "expectedMonthlyPriceCents": 200,
        "expectedUpfrontPriceCents": 0,
        "currency": "USD",
    }
    assert await stage.get("/numbers") == []


async def test_a_higher_price_can_be_approved_and_a_lower_one_needs_no_approval(stage: Stage) -> None:
    await stage.number(expectedMonthlyPriceCents=200, approveHigherPrice=True)
    await stage.number(expectedMonthlyPriceCents=250, expectedUpfrontPriceCents=0)
    await stage.number(expectedMonthlyPriceCents=900.5)


async def test_the_upfront_price_counts_too(stage: Stage) -> None:
    wish = {"country": "DE", "expectedMonthlyPriceCents": 350, "expectedUpfrontPriceCents": 99}
    answer = await stage.post("/numbers", wish)
    assert outcome(answer) == (409, "PriceChanged")
    assert answer.json()["actualUpfrontPriceCents"] == 100


async def test_an_empty_balance_buys_nothing_but_the_free_first_month(stage: Stage) -> None:
    client = await poor(stage, 100)
    assert (await stage.during(client.post("/numbers", json={}))).status_code == 201
    answer = await stage.during(client.post("/numbers", json={}))
    assert answer.status_code == 402
    assert facts(answer) == {"_tag": "InsufficientFunds", "balanceCents": 100, "requestedCents": 250}


async def test_a_key_with_a_cap_is_told_what_its_cap_leaves(stage: Stage) -> None:
    await stage.number()
    client = await child(stage, "numbers:provision", cents=300)
    assert (await stage.during(client.post("/numbers", json={}))).status_code == 201
    answer = await stage.during(client.post("/numbers", json={}))
    assert answer.status_code == 402
    assert facts(answer) == {"_tag": "InsufficientFunds", "balanceCents": 50, "requestedCents": 250}


async def test_no_workspace_holds_more_numbers_than_its_quota(stage: Stage) -> None:
    client = await stranger(stage, quota=2, cents=10_000)
    bought = [(await stage.during(client.post("/numbers", json={}))).json() for _ in range(2)]
    answer = await stage.during(client.post("/numbers", json={}))
    assert answer.status_code == 409
    assert facts(answer) == {"_tag": "NumberQuotaExceeded", "limit": 2, "current": 2}
    await client.post(f"/numbers/{bought[0]['id']}/release")
    await stage.clock.advance(2)
    assert (await stage.during(client.post("/numbers", json={}))).status_code == 201


async def test_a_quote_tells_the_price(stage: Stage) -> None:
    for country, kind, monthly, upfront in (
        ("US", "local", 250, 0),
        ("US", "toll_free", 250, 0),
        ("GB", "mobile", 350, 0),
        ("DE", "local", 350, 100),
    ):
        assert await stage.get("/pricing/quote", country=country, numberType=kind) == {
            "customerMonthlyCents": monthly,
            "customerUpfrontCents": upfront,
            "country": country,
            "numberType": kind,
            "currency": "USD",
        }


async def test_what_is_not_sold_has_no_quote(stage: Stage) -> None:
    for query, status, tag in (
        ("country=FR&numberType=local", 403, "CountryNotAvailable"),
        ("country=US&numberType=mobile", 404, "NoNumbersAvailable"),
        ("country=US", 400, "ValidationError"),
        ("numberType=local", 400, "ValidationError"),
        ("country=us&numberType=local", 400, "ValidationError"),
    ):
        assert outcome(await stage.client.get(f"/pricing/quote?{query}")) == (status, tag), query
