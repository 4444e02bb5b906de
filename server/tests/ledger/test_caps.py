"""Which counter a spend goes to and comes off, in a tree of keys with caps of both kinds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from saperly_server import ledger
from saperly_server.gate import Admitted
from saperly_server.identity import Caller
from saperly_server.ledger import SpendLimitExceeded

from ..customers import Customer
from .bank import Bank

PEER = "+14155550199"


@pytest.fixture
async def customer(bank: Bank) -> Customer:
    return await bank.customer(cents=5_000)


@pytest.fixture
async def number_id(bank: Bank, customer: Customer) -> str:
    number_id = await bank.number(customer)
    await bank.consent(customer, number_id, PEER)
    return number_id


async def _spend(bank: Bank, key: Caller, number_id: str, cents: int) -> Admitted:
    admitted = await bank.gate.admit(bank.text(key, number_id, PEER, cents))
    assert isinstance(admitted, Admitted)
    return admitted


async def _settle(bank: Bank, admitted: Admitted, cents: int | None) -> None:
    workspace, hold = admitted.intent.tenant.workspace_id, admitted.intent.hold_id
    if cents is None:
        await bank.in_system(lambda tx: ledger.release(tx, workspace, hold))
    else:
        await bank.in_system(lambda tx: ledger.settle(tx, workspace, hold, cents))


async def _spent(bank: Bank, key: Caller, period: str) -> int | None:
    rows = await bank.rows(
        "select ledger_spent(:ws, :key, :period)", ws=key.tenant.workspace_id, key=key.key_id, period=period
    )
    spent: int | None = rows[0][0]
    return spent


async def test_the_month_is_utc_wherever_the_clock_stands(bank: Bank, customer: Customer, number_id: str) -> None:
    """Half past midnight in Berlin on the first is still the month before."""
    key = await bank.key(customer.caller, 100)
    bank.watch.at = datetime.fromisoformat("2026-08-01T00:30:00+02:00")
    await _spend(bank, key, number_id, 60)
    assert (await _spent(bank, key, "2026-07"), await _spent(bank, key, "2026-08")) == (60, None)


async def test_a_released_rest_gives_cap_back_to_the_month_it_was_held_in(
    bank: Bank, customer: Customer, number_id: str
) -> None:
    key = await bank.key(customer.caller, 100)
    bank.watch.at = datetime(2026, 10, 31, 12, tzinfo=UTC)
    october = await _spend(bank, key, number_id, 100)
    bank.watch.at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    november = await _spend(bank, key, number_id, 100)
    await _settle(bank, october, None)
    with pytest.raises(SpendLimitExceeded):
        await _spend(bank, key, number_id, 1)
    await _settle(bank, november, None)
    await _spend(bank, key, number_id, 100)


async def test_the_refusal_names_the_cap_nearest_to_the_root(bank: Bank, customer: Customer, number_id: str) -> None:
    top = await bank.key(customer.caller, 100)
    child = await bank.key(top, 80)
    await _spend(bank, child, number_id, 60)
    with pytest.raises(SpendLimitExceeded) as refused:
        await _spend(bank, child, number_id, 50)
    assert refused.value.facts == {"limitCents": 100, "priorSpendCents": 60, "requestedCents": 50}
    with pytest.raises(SpendLimitExceeded) as refused:
        await _spend(bank, child, number_id, 30)
    assert refused.value.facts == {"limitCents": 80, "priorSpendCents": 60, "requestedCents": 30}


async def test_a_childs_spend_leaves_less_for_its_parent(bank: Bank, customer: Customer, number_id: str) -> None:
    parent = await bank.key(customer.caller, 100)
    child = await bank.key(parent, 70)
    await _settle(bank, await _spend(bank, child, number_id, 70), 65)
    await _spend(bank, parent, number_id, 35)
    with pytest.raises(SpendLimitExceeded):
        await _spend(bank, parent, number_id, 1)


async def test_a_lifetime_child_counts_in_its_parents_month_too(bank: Bank, customer: Customer, number_id: str) -> None:
    parent = await bank.key(customer.caller, 100)
    child = await bank.key(parent, 100, None)
    await _settle(bank, await _spend(bank, child, number_id, 40), 40)
    assert (await _spent(bank, parent, "2026-06"), await _spent(bank, child, "lifetime")) == (40, 40)
    bank.watch.pass_by(days=31)
    await _spend(bank, child, number_id, 60)
    with pytest.raises(SpendLimitExceeded):
        await _spend(bank, child, number_id, 1)
    await _spend(bank, parent, number_id, 40)
    assert await bank.examine(customer.tenant) == []


async def test_a_hold_that_grows_in_november_is_checked_against_october(
    bank: Bank, customer: Customer, number_id: str
) -> None:
    key = await bank.key(customer.caller, 100)
    workspace = customer.tenant.workspace_id
    bank.watch.at = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    call = await _spend(bank, key, number_id, 80)
    bank.watch.pass_by(minutes=5)
    assert await bank.in_system(lambda tx: ledger.extend(tx, workspace, call.intent.hold_id, 100)) is True
    assert await bank.in_system(lambda tx: ledger.extend(tx, workspace, call.intent.hold_id, 101)) is False
    assert (await _spent(bank, key, "2026-10"), await _spent(bank, key, "2026-11")) == (100, None)
