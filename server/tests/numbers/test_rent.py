"""Rent: each period of each number is paid once, whoever sweeps, how often, and whatever the clock says."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from saperly_server import ledger, numbers
from saperly_server.core.db import Database

from ..customers import START, Customer
from ..ledger.bank import Bank, Watch, balance

RENT = 250
PERIOD = timedelta(days=30)


async def _sweep(bank: Bank, at: datetime | None = None) -> None:
    bank.watch.at = at or bank.watch.at
    async with bank.db.system() as tx:
        await numbers.sweep_rent(tx)


async def _charges(bank: Bank, customer: Customer) -> list[tuple[str, int]]:
    """(the number, day of the period it was charged for) in the order of payment."""
    rows = await bank.rows(
        "select resource_id, cause from ledger_entries where workspace_id = :w and entry_type = 'charge' order by seq",
        w=customer.tenant.workspace_id,
    )
    begin = START.replace(hour=0, minute=0)
    return [(row[0], (datetime.fromisoformat(f"{row[1][-10:]}T00:00:00+00:00") - begin).days) for row in rows]


async def _told(bank: Bank, customer: Customer) -> int:
    rows = await bank.rows(
        "select count(*) from events where workspace_id = :w and event_type = 'number.rent_unpaid'",
        w=customer.tenant.workspace_id,
    )
    return int(rows[0][0])


async def _right(bank: Bank, customer: Customer) -> None:
    assert await bank.examine(customer.tenant, ("L-1", "L-2", "L-3", "L-4", "L-9", "L-14")) == []


async def test_the_first_number_is_free_for_thirty_days_and_the_second_pays_when_it_is_bought(bank: Bank) -> None:
    customer = await bank.customer(cents=2_000)
    first = await bank.number(customer)
    assert await balance(bank, customer.tenant) == (2_000, 0)
    second = await bank.number(customer)
    assert await balance(bank, customer.tenant) == (2_000 - RENT, 0)
    await _sweep(bank, START + PERIOD - timedelta(microseconds=1))
    assert await _charges(bank, customer) == []
    await _sweep(bank, START + PERIOD)
    assert sorted(await _charges(bank, customer)) == sorted([(first, 30), (second, 30)])
    await _right(bank, customer)


async def test_a_period_is_charged_once_however_often_and_late_it_is_swept(bank: Bank) -> None:
    customer = await bank.customer(cents=5_000)
    number = await bank.number(customer)
    for days in (29, 30, 30, 31, 59, 60, 60, 155):
        for _ in range(4):
            await _sweep(bank, START + timedelta(days=days))
    assert await _charges(bank, customer) == [(number, days) for days in (30, 60, 90, 120, 150)]
    assert await balance(bank, customer.tenant) == (5_000 - 5 * RENT, 0)
    await _right(bank, customer)


async def test_a_clock_that_goes_back_charges_nothing_twice(bank: Bank) -> None:
    customer = await bank.customer(cents=5_000)
    number = await bank.number(customer)
    due = START + PERIOD
    for at in (due, due - timedelta(hours=1), due, due + PERIOD, due, due + PERIOD - timedelta(hours=1), due + PERIOD):
        await _sweep(bank, at)
    assert await _charges(bank, customer) == [(number, 30), (number, 60)]
    await _right(bank, customer)


async def test_sweepers_at_the_same_time_are_as_good_as_one(bank: Bank) -> None:
    people = [await bank.customer(cents=5_000) for _ in range(3)]
    lines = [[await bank.number(customer) for _ in range(3)] for customer in people]
    sweepers = [Database(bank.dsn, Watch(START + PERIOD * 2), pool_size=2) for _ in range(3)]

    async def sweep(db: Database) -> None:
        for _ in range(4):
            async with db.system() as tx:
                await numbers.sweep_rent(tx)

    await asyncio.gather(*(sweep(db) for db in sweepers), sweep(sweepers[0]))
    for customer, mine in zip(people, lines, strict=True):
        assert sorted(await _charges(bank, customer)) == sorted((n, days) for n in mine for days in (30, 60))
        assert await balance(bank, customer.tenant) == (5_000 - 2 * RENT - 6 * RENT, 0)
        await _right(bank, customer)
    for db in sweepers:
        await db.close()


async def _release(bank: Bank, customer: Customer, number: str) -> None:
    async with bank.db.tenant(customer.tenant) as tx:
        await numbers.release(tx, number, customer.caller.actor)


async def test_a_released_number_pays_no_more_rent(bank: Bank) -> None:
    customer = await bank.customer(cents=5_000)
    gone, kept = await bank.number(customer), await bank.number(customer)
    await _sweep(bank, START + PERIOD)
    bank.watch.at = START + PERIOD * 2 - timedelta(seconds=1)
    await _release(bank, customer, gone)
    for periods in (2, 3):
        await _sweep(bank, START + PERIOD * periods)
    charges = await _charges(bank, customer)
    assert [days for number, days in charges if number == gone] == [30]
    assert [days for number, days in charges if number == kept] == [30, 60, 90]
    await _right(bank, customer)


async def test_a_release_and_a_sweep_at_once_charge_the_period_once_or_not_at_all(bank: Bank) -> None:
    for turn in range(6):
        customer = await bank.customer(cents=5_000)
        number = await bank.number(customer)
        bank.watch.at = START + PERIOD
        work = [_release(bank, customer, number), _sweep(bank), _sweep(bank)]
        await asyncio.gather(*work[turn % 3 :], *work[: turn % 3])
        assert await _charges(bank, customer) in ([], [(number, 30)])
        await _sweep(bank, START + PERIOD * 2)
        assert len(await _charges(bank, customer)) <= 1


async def test_unpaid_rent_stays_due_is_told_once_and_is_paid_after_a_top_up(bank: Bank) -> None:
    customer = await bank.customer(cents=100)
    number = await bank.number(customer)
    for hours in (0, 1, 24, 25, 48):
        await _sweep(bank, START + PERIOD + timedelta(hours=hours))
    assert (await _charges(bank, customer), await _told(bank, customer)) == ([], 1)
    assert await balance(bank, customer.tenant) == (100, 0)
    async with bank.db.system() as tx:
        assert await ledger.top_up(tx, customer.tenant, 200, "payment")
    await _sweep(bank, START + PERIOD + timedelta(days=3))
    assert await _charges(bank, customer) == [(number, 30)]
    await _sweep(bank, START + PERIOD * 2 - timedelta(seconds=1))
    assert (len(await _charges(bank, customer)), await _told(bank, customer)) == (1, 1)
    await _sweep(bank, START + PERIOD * 2)
    await _sweep(bank, START + PERIOD * 2 + timedelta(days=1))
    assert (len(await _charges(bank, customer)), await _told(bank, customer)) == (1, 2), "the next period is told too"
    await _right(bank, customer)


async def test_rent_owed_for_several_periods_is_paid_for_each_of_them(bank: Bank) -> None:
    customer = await bank.customer(cents=0)
    number = await bank.number(customer)
    for days in range(30, 100, 1):
        await _sweep(bank, START + timedelta(days=days))
    assert (await _charges(bank, customer), await _told(bank, customer)) == ([], 1)
    async with bank.db.system() as tx:
        await ledger.top_up(tx, customer.tenant, 2 * RENT + 100, "payment")
    for _ in range(4):
        await _sweep(bank, START + timedelta(days=101))
    assert await _charges(bank, customer) == [(number, 30), (number, 60)]
    assert await balance(bank, customer.tenant) == (100, 0)
    await _right(bank, customer)


async def test_one_who_cannot_pay_does_not_keep_the_others_from_paying(bank: Bank) -> None:
    poor, rich = await bank.customer(cents=0), await bank.customer(cents=5_000)
    await bank.number(poor)
    number = await bank.number(rich)
    await _sweep(bank, START + PERIOD)
    assert await _charges(bank, rich) == [(number, 30)]
    assert await _charges(bank, poor) == []
