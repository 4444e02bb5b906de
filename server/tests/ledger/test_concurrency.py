"""Named cases of many at once on one account; whole crowds are in tests/simulation/test_ledger_crowds.py."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from saperly_server import ledger
from saperly_server.core.ids import new_id
from saperly_server.identity import Caller
from saperly_server.numbers import sweep_rent
from sqlalchemy import text

from ..customers import Customer
from .bank import Bank, balance

_HOLD = text("""
    select h.refusals[1] as refusal, audit_append_all(h.trail)
    from ledger_hold_all(array[ledger_wanted(:workspace_id, :environment, :hold_id, 'call', :resource_id, :key_id,
                                             :cents, :now)]) h
""")


async def _hold(bank: Bank, key: Caller, cents: int) -> str | None:
    """The name of a new hold, or None when it was refused."""
    name = new_id("hold")

    async def work(tx: Any) -> Any:
        await ledger.lock(tx, key.tenant)
        wanted = {"workspace_id": key.tenant.workspace_id, "environment": key.tenant.environment, "key_id": key.key_id}
        asked = {**wanted, "hold_id": name, "resource_id": new_id("call"), "cents": cents, "now": tx.now}
        return (await tx.one(_HOLD, asked)).refusal

    return name if await bank.in_system(work) is None else None


@pytest.fixture
async def customer(bank: Bank) -> Customer:
    return await bank.customer(cents=500)


async def test_one_of_many_that_close_a_hold_wins_and_all_are_told_how_it_ended(bank: Bank, customer: Customer) -> None:
    name, workspace = await _hold(bank, customer.caller, 100), customer.tenant.workspace_id
    assert name is not None
    closes = [
        *(lambda tx, cents=cents: ledger.settle(tx, workspace, name, cents) for cents in range(10, 60, 10)),
        *(lambda tx: ledger.release(tx, workspace, name) for _ in range(5)),
    ]
    ends = await asyncio.gather(*(bank.in_system(close) for close in closes))
    assert len(set(ends)) == 1
    assert await balance(bank, customer.tenant) == (500 - ends[0].settled_cents, 0)
    assert await bank.examine(customer.tenant) == []


async def test_an_extension_and_a_close_at_once_leave_the_books_right(bank: Bank, customer: Customer) -> None:
    workspace = customer.tenant.workspace_id
    for _ in range(5):
        name = await _hold(bank, customer.caller, 40)
        assert name is not None
        await asyncio.gather(
            bank.in_system(partial(ledger.extend, workspace_id=workspace, hold_id=name, amount_cents=70)),
            bank.in_system(partial(ledger.settle, workspace_id=workspace, hold_id=name, cents=60)),
            bank.in_system(partial(ledger.extend, workspace_id=workspace, hold_id=name, amount_cents=70)),
        )
    assert (await balance(bank, customer.tenant))[1] == 0
    assert await bank.examine(customer.tenant) == []


async def test_a_payment_reported_ten_times_at_once_is_credited_once(bank: Bank, customer: Customer) -> None:
    paid = await asyncio.gather(
        *(bank.in_system(lambda tx: ledger.top_up(tx, customer.tenant, 1000, "evt_1")) for _ in range(10))
    )
    assert paid.count(True) == 1
    assert await balance(bank, customer.tenant) == (1500, 0)


async def test_money_in_and_out_at_once_adds_up(bank: Bank, customer: Customer) -> None:
    tenant, moves = customer.tenant, []
    for n in range(1, 21):
        moves.append(partial(ledger.top_up, tenant=tenant, cents=n, payment_id=f"evt_{n}"))
        moves.append(partial(ledger.charge, tenant=tenant, cents=5, resource_id="num_1", cause=f"rent:{n}"))
    moves += [partial(ledger.adjust, tenant=tenant, cents=-n, cause=f"{n}") for n in range(1, 11)]
    assert all(await asyncio.gather(*(bank.in_system(move) for move in moves)))
    assert await balance(bank, customer.tenant) == (500 + 210 - 100 - 55, 0)
    assert await bank.examine(customer.tenant) == []


async def test_two_sweeps_at_once_charge_each_rent_once(bank: Bank, customer: Customer) -> None:
    await bank.in_system(lambda tx: ledger.top_up(tx, customer.tenant, 2000, "evt_rent"))
    for _ in range(3):
        await bank.number(customer)
    bank.watch.pass_by(days=30)
    before = (await balance(bank, customer.tenant))[0]
    await asyncio.gather(*(bank.in_system(sweep_rent) for _ in range(4)))
    assert (await balance(bank, customer.tenant))[0] == before - 750
    assert await bank.examine(customer.tenant, ("L-9", "L-14")) == []
