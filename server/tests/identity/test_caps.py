"""Caps on keys over time: which month a spend counts against, and whose cap refuses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from saperly_server import identity, ledger
from saperly_server.core.pagination import Page
from saperly_server.gate import Admitted
from saperly_server.identity import Caller
from saperly_server.ledger import SpendLimitExceeded

from ..customers import Customer
from ..ledger.bank import Bank

PEER = "+14155557001"
OCTOBER = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


async def _ready(bank: Bank) -> tuple[Customer, str]:
    customer = await bank.customer()
    number = await bank.number(customer)
    await bank.consent(customer, number, PEER)
    bank.watch.at = OCTOBER
    return customer, number


async def _hold(bank: Bank, caller: Caller, number: str, cents: int) -> str:
    """The hold of a new message of that price."""
    admitted = await bank.gate.admit(bank.text(caller, number, PEER, cents))
    assert isinstance(admitted, Admitted)
    return admitted.intent.hold_id


async def _settle(bank: Bank, caller: Caller, hold: str, cents: int) -> None:
    async with bank.db.system() as tx:
        await ledger.settle(tx, caller.tenant.workspace_id, hold, cents)


async def _refused(bank: Bank, caller: Caller, number: str, cents: int) -> dict[str, int]:
    """What the refusal of a message of that price says."""
    with pytest.raises(SpendLimitExceeded) as refusal:
        await _hold(bank, caller, number, cents)
    return {name: refusal.value.facts[name] for name in ("limitCents", "priorSpendCents", "requestedCents")}


def _facts(limit: int, prior: int, requested: int) -> dict[str, int]:
    return {"limitCents": limit, "priorSpendCents": prior, "requestedCents": requested}


async def _listed_spend(bank: Bank, customer: Customer, key: Caller) -> int:
    async with bank.db.tenant(customer.tenant) as tx:
        keys = await identity.list_keys(tx, customer.caller, Page())
    return next(one.spent_cents for one in keys if one.id == key.key_id)


async def _counters(bank: Bank, key: Caller) -> dict[str, tuple[int, int]]:
    """(held, settled) of each period of a key."""
    rows = await bank.rows("select period, held_cents, settled_cents from key_spend where key_id = :k", k=key.key_id)
    return {row.period: (row.held_cents, row.settled_cents) for row in rows}


async def test_a_monthly_cap_begins_anew_at_the_utc_month_and_a_lifetime_cap_never(bank: Bank) -> None:
    customer, number = await _ready(bank)
    monthly, lifetime = await bank.key(customer.caller, 10), await bank.key(customer.caller, 10, None)
    for key in (monthly, lifetime):
        await _hold(bank, key, number, 10)
    bank.watch.at = NOVEMBER - timedelta(microseconds=1)
    for key in (monthly, lifetime):
        assert await _refused(bank, key, number, 1) == _facts(10, 10, 1)
    bank.watch.at = NOVEMBER
    assert await _refused(bank, lifetime, number, 1) == _facts(10, 10, 1)
    assert await _listed_spend(bank, customer, monthly) == 0
    await _hold(bank, monthly, number, 10)
    assert await _refused(bank, monthly, number, 1) == _facts(10, 10, 1)
    assert await _listed_spend(bank, customer, lifetime) == 10
    assert await bank.examine(customer.tenant) == []


async def test_the_month_is_utc_wherever_the_clock_stands(bank: Bank) -> None:
    """Half past midnight in Berlin on the first is still the month before."""
    customer, number = await _ready(bank)
    key = await bank.key(customer.caller, 100)
    bank.watch.at = datetime.fromisoformat("2026-08-01T00:30:00+02:00")
    await _hold(bank, key, number, 60)
    assert await _counters(bank, key) == {"2026-07": (60, 0)}


async def test_what_was_held_in_october_and_settled_in_november_counts_to_october(bank: Bank) -> None:
    customer, number = await _ready(bank)
    key = await bank.key(customer.caller, 10)
    october = await _hold(bank, key, number, 9)
    bank.watch.at = NOVEMBER
    november = await _hold(bank, key, number, 10)
    await _settle(bank, key, october, 4)
    assert await _counters(bank, key) == {"2026-10": (0, 4), "2026-11": (10, 0)}
    assert await _refused(bank, key, number, 1) == _facts(10, 10, 1), "October's remainder is not November's"
    await _settle(bank, key, november, 3)
    assert await _listed_spend(bank, customer, key) == 3
    bank.watch.at = OCTOBER
    assert await _refused(bank, key, number, 7) == _facts(10, 4, 7)
    await _hold(bank, key, number, 6)
    assert await bank.examine(customer.tenant) == []


async def test_a_hold_that_grows_in_the_next_month_still_counts_to_the_month_it_began_in(bank: Bank) -> None:
    customer, number = await _ready(bank)
    key = await bank.key(customer.caller, 10)
    hold = await _hold(bank, key, number, 4)
    bank.watch.at = NOVEMBER
    async with bank.db.system() as tx:
        assert await ledger.extend(tx, customer.tenant.workspace_id, hold, 10)
        assert not await ledger.extend(tx, customer.tenant.workspace_id, hold, 11)
    assert await _counters(bank, key) == {"2026-10": (10, 0)}
    await _hold(bank, key, number, 10)
    assert await bank.examine(customer.tenant) == []


async def test_the_cap_of_a_grandparent_bounds_its_grandchildren_together(bank: Bank) -> None:
    customer, number = await _ready(bank)
    grandparent = await bank.key(customer.caller, 10)
    parents = [await bank.key(grandparent, 10) for _ in range(2)]
    one, other = [await bank.key(parent, 8) for parent in parents]
    spent = await _hold(bank, one, number, 6)
    assert await _refused(bank, one, number, 3) == _facts(8, 6, 3)
    assert await _refused(bank, one, number, 5) == _facts(10, 6, 5), "the cap nearest to the root speaks first"
    assert await _refused(bank, other, number, 5) == _facts(10, 6, 5)
    await _hold(bank, other, number, 4)
    assert await _refused(bank, grandparent, number, 1) == _facts(10, 10, 1)
    await _settle(bank, one, spent, 5)
    await _hold(bank, other, number, 1)
    assert [await _listed_spend(bank, customer, key) for key in (grandparent, *parents, one, other)] == [10, 5, 5, 5, 5]
    assert await bank.examine(customer.tenant) == []


async def test_a_lifetime_cap_below_a_monthly_one_stays_used_up_when_the_month_begins_anew(bank: Bank) -> None:
    customer, number = await _ready(bank)
    parent = await bank.key(customer.caller, 10)
    child, fresh = await bank.key(parent, 10, None), await bank.key(parent, 10, None)
    await _hold(bank, child, number, 10)
    assert await _refused(bank, fresh, number, 1) == _facts(10, 10, 1)
    bank.watch.at = NOVEMBER
    assert await _refused(bank, child, number, 1) == _facts(10, 10, 1)
    await _hold(bank, fresh, number, 10)
    assert await bank.examine(customer.tenant) == []


async def test_a_refusal_counts_nothing_against_any_key(bank: Bank) -> None:
    customer, number = await _ready(bank)
    parent = await bank.key(customer.caller, 10)
    child = await bank.key(parent, 5)
    for _ in range(3):
        await _refused(bank, child, number, 6)
    assert await _counters(bank, parent) == await _counters(bank, child) == {}
    await _hold(bank, child, number, 5)
