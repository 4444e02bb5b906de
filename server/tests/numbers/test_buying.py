"""Buying many numbers at once: the quota, the free first month, and orders that fail."""

from __future__ import annotations

import asyncio
from collections import Counter

from sqlalchemy import text

from ..api.wire import balance, outcome, stranger
from ..ledger.bank import run_as_owner
from ..stage import Stage


async def _states(stage: Stage) -> Counter[str]:
    async with stage.process.services.db.system() as tx:
        return Counter(row.state for row in await tx.all(text("select state from numbers")))


async def test_ten_purchases_at_once_stop_at_the_quota(stage: Stage) -> None:
    client = await stranger(stage, quota=4, cents=10_000)
    orders = (client.post("/numbers", json={"areaCode": str(212 + n % 2)}) for n in range(10))
    answers = await stage.during(asyncio.gather(*orders))
    assert Counter(outcome(answer) for answer in answers) == {(201, None): 4, (409, "NumberQuotaExceeded"): 6}
    bought = {answer.json()["phoneNumber"] for answer in answers if answer.status_code == 201}
    assert len(bought) == 4 and await _states(stage) == {"active": 4}
    assert (await client.get("/usage")).json()["balanceCents"] == 10_000 - 3 * 250


async def test_one_of_several_first_numbers_bought_at_once_is_free(stage: Stage) -> None:
    answers = await stage.during(asyncio.gather(*(stage.client.post("/numbers", json={}) for _ in range(3))))
    assert {answer.status_code for answer in answers} == {201}
    assert await balance(stage) == 5_000 - 2 * 250


async def test_a_failed_order_gives_the_free_month_back_as_often_as_it_fails(stage: Stage) -> None:
    for _ in range(2):
        assert outcome(await stage.post("/numbers", {"areaCode": "566"})) == (502, "UpstreamError")
    await stage.number()
    assert await balance(stage) == 5_000
    assert outcome(await stage.post("/numbers", {"areaCode": "566"})) == (502, "UpstreamError")
    await stage.number()
    assert await balance(stage) == 4_750
    assert await _states(stage) == {"failed": 3, "active": 2}


async def test_a_paid_order_that_fails_beside_the_free_one_gives_no_second_free_month(stage: Stage) -> None:
    wishes = ({"areaCode": "415"}, {"areaCode": "566"})
    answers = await stage.during(asyncio.gather(*(stage.client.post("/numbers", json=wish) for wish in wishes)))
    assert [answer.status_code for answer in answers] == [201, 502]
    assert await balance(stage) == 5_000
    await stage.number()
    assert await balance(stage) == 4_750


_SLOW_COMMIT = """
    create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.2); return null; end $$;
    create constraint trigger linger after update on numbers deferrable initially deferred
        for each row when (new.state = 'failed') execute function linger();
"""


async def test_a_buyer_is_answered_only_when_the_news_is_committed(stage: Stage, dsn: str) -> None:
    await run_as_owner(dsn, _SLOW_COMMIT)
    assert outcome(await stage.post("/numbers", {"areaCode": "566"})) == (502, "UpstreamError")
