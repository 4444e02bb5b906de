"""Rent: each period that begins while a number is ours is charged, once; the first number begins with a free one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from saperly_server import ledger, numbers, outbox
from saperly_server.gate import Admitted
from saperly_server.numbers import sweep_rent

from ..customers import Customer
from .bank import Bank, balance

RENT = 250
CHECKS = ("L-2", "L-7", "L-9", "L-14")


@pytest.fixture
async def customer(bank: Bank) -> Customer:
    return await bank.customer(cents=1_000)


async def _cents(bank: Bank, customer: Customer) -> int:
    return (await balance(bank, customer.tenant))[0]


async def _sweep(bank: Bank, **later: float) -> None:
    bank.watch.pass_by(**later)
    await bank.in_system(sweep_rent)


async def _rents(bank: Bank, number_id: str) -> list[str]:
    rows = await bank.rows("select cause from ledger_entries where resource_id = :id and entry_type = 'charge' order by seq",
                           id=number_id)  # fmt: skip
    return [row.cause.rpartition(":")[2] for row in rows]


async def test_the_first_number_costs_nothing_for_thirty_days(bank: Bank, customer: Customer) -> None:
    number_id = await bank.number(customer)
    assert await _cents(bank, customer) == 1_000
    await _sweep(bank, days=30, seconds=-1)
    assert await _cents(bank, customer) == 1_000
    await _sweep(bank, seconds=1)
    assert await _cents(bank, customer) == 1_000 - RENT
    assert await _rents(bank, number_id) == ["2026-07-18"]
    assert await bank.examine(customer.tenant, CHECKS) == []


async def test_every_other_number_pays_its_first_period_when_it_is_ordered(bank: Bank, customer: Customer) -> None:
    await bank.number(customer)
    await bank.number(customer)
    assert await _cents(bank, customer) == 1_000 - RENT
    await _sweep(bank, days=30)
    assert await _cents(bank, customer) == 1_000 - 3 * RENT
    assert await bank.examine(customer.tenant, CHECKS) == []


async def test_a_first_order_that_failed_does_not_use_up_the_free_period(bank: Bank, customer: Customer) -> None:
    failed = await bank.gate.admit(bank.order(customer))
    assert isinstance(failed, Admitted)
    await _fail(bank, failed)
    await bank.number(customer)
    assert await _cents(bank, customer) == 1_000


async def test_a_second_order_that_fails_gives_no_second_free_period(bank: Bank, customer: Customer) -> None:
    """Also when both orders were admitted at the same instant, as those of one batch are."""
    await bank.number(customer)
    second = await bank.gate.admit(bank.order(customer))
    assert isinstance(second, Admitted)
    await _fail(bank, second)
    await bank.number(customer)
    assert await _cents(bank, customer) == 1_000 - RENT
    assert await bank.examine(customer.tenant, CHECKS) == []


async def _fail(bank: Bank, admitted: Admitted) -> None:
    async with bank.db.system() as tx:
        await bank.provisioner.fail(tx, admitted.intent.tenant, admitted.intent.id, "no_stock")
        await outbox.finish(tx, admitted.operation, {})


async def test_a_sweep_that_comes_late_charges_every_period_it_missed(bank: Bank, customer: Customer) -> None:
    number_id = await bank.number(customer)
    bank.watch.pass_by(days=95)
    for _ in range(5):
        await _sweep(bank)
    assert await _rents(bank, number_id) == ["2026-07-18", "2026-08-17", "2026-09-16"]
    assert await bank.examine(customer.tenant, CHECKS) == []


async def test_time_that_goes_back_an_hour_charges_nothing_twice(bank: Bank, customer: Customer) -> None:
    number_id = await bank.number(customer)
    await _sweep(bank, days=30)
    for hours in (-1, -1, 1, 1):
        await _sweep(bank, hours=hours)
    assert await _rents(bank, number_id) == ["2026-07-18"]


async def test_a_rent_that_was_charged_by_somebody_else_is_passed_over(bank: Bank, customer: Customer) -> None:
    """The same cause moves money once, whoever asks."""
    number_id = await bank.number(customer)
    bank.watch.pass_by(days=30)
    cause = f"rent:{number_id}:2026-07-18"
    charged = await bank.in_system(lambda tx: ledger.charge(tx, customer.tenant, RENT, number_id, cause))
    await _sweep(bank)
    assert charged is True
    assert await _cents(bank, customer) == 1_000 - RENT
    assert await bank.examine(customer.tenant, CHECKS) == []


async def test_a_released_number_is_charged_no_more(bank: Bank, customer: Customer) -> None:
    number_id = await bank.number(customer)
    await _sweep(bank, days=30)
    async with bank.db.tenant(customer.tenant) as tx:
        await numbers.release(tx, number_id, "test")
    await _sweep(bank, days=300)
    assert await _rents(bank, number_id) == ["2026-07-18"]
    assert await bank.examine(customer.tenant, CHECKS) == []


async def test_a_rent_that_is_not_covered_stays_due_and_is_charged_when_there_is_money(bank: Bank) -> None:
    customer = await bank.customer(cents=100)
    number_id = await bank.number(customer)
    await _sweep(bank, days=30)
    assert await _cents(bank, customer) == 100
    await bank.in_system(lambda tx: ledger.top_up(tx, customer.tenant, 500, "evt_paid"))
    await _sweep(bank, days=1)
    assert await _rents(bank, number_id) == ["2026-07-18"]
    assert await _next(bank, number_id) - bank.watch.at == timedelta(days=29)
    assert await bank.examine(customer.tenant, CHECKS) == []


async def _next(bank: Bank, number_id: str) -> Any:
    return (await bank.rows("select next_charge_at from numbers where id = :id", id=number_id))[0][0]


async def test_a_rent_that_is_not_covered_is_told_once_for_each_period(bank: Bank) -> None:
    customer = await bank.customer(cents=0)
    number_id = await bank.number(customer)
    await _sweep(bank, days=30)
    for _ in range(5):
        await _sweep(bank, days=1)
    told = await bank.rows("select payload from events where number_id = :id and event_type = 'number.rent_unpaid'",
                           id=number_id)  # fmt: skip
    assert [row.payload["amountCents"] for row in told] == [RENT]


async def test_one_poor_workspace_does_not_stop_the_rents_of_the_others(bank: Bank, customer: Customer) -> None:
    poor = await bank.customer(cents=0)
    await bank.number(poor)
    number_id = await bank.number(customer)
    await _sweep(bank, days=30)
    assert await _rents(bank, number_id) == ["2026-07-18"]
