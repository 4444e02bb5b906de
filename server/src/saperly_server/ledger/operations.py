"""The ledger's moves, as the rest of the system calls them.

The rules are in `functions.sql`, beside the rows they protect; holds are made by the gate only. Call these before anything
else in a transaction writes to the audit trail: the account's lock comes first in the order of locks.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from saperly_server.core.db import Tenant, Tx

from .contracts import Balance, Closed
from .models import accounts

_EVERYTHING = 2**62


async def open_account(tx: Tx, tenant: Tenant) -> None:
    """An empty account for one environment of a new workspace."""
    await tx.run(
        insert(accounts).values(
            workspace_id=tenant.workspace_id,
            environment=tenant.environment,
            available_cents=0,
            held_cents=0,
            seq=0,
        )
    )


async def balance(tx: Tx, tenant: Tenant) -> Balance:
    row = await tx.one(
        select(accounts.c.available_cents, accounts.c.held_cents).where(
            accounts.c.workspace_id == tenant.workspace_id, accounts.c.environment == tenant.environment
        )
    )
    assert row is not None
    return Balance(row.available_cents, row.held_cents)


async def lock(tx: Tx, tenant: Tenant) -> None:
    """Take the account's lock: from here to the commit no admission of this workspace and environment can happen."""
    await tx.one(
        select(accounts.c.seq)
        .where(accounts.c.workspace_id == tenant.workspace_id, accounts.c.environment == tenant.environment)
        .with_for_update()
    )


async def extend(tx: Tx, workspace_id: str, hold_id: str, amount_cents: int) -> bool:
    """Make an open hold `amount_cents` large in all. False when the balance or a cap on the key's path refuses it."""
    refusal = await tx.call(
        "ledger_extend", workspace_id=workspace_id, hold_id=hold_id, amount=amount_cents, now=tx.now
    )
    return refusal is None


async def settle(tx: Tx, workspace_id: str, hold_id: str, cents: int) -> Closed:
    """Close a hold with its actual cost, at most what is held; the rest is free again. The first close wins."""
    return await _close(tx, workspace_id, hold_id, cents)


async def settle_in_full(tx: Tx, workspace_id: str, hold_id: str) -> Closed:
    """Close a hold with exactly what it holds."""
    return await _close(tx, workspace_id, hold_id, _EVERYTHING)


async def release(tx: Tx, workspace_id: str, hold_id: str) -> Closed:
    """Close a hold at no cost: the action never happened. The first close wins."""
    return await _close(tx, workspace_id, hold_id, None)


async def _close(tx: Tx, workspace_id: str, hold_id: str, cents: int | None) -> Closed:
    found = await tx.call("ledger_close", workspace_id=workspace_id, hold_id=hold_id, cents=cents, now=tx.now)
    return Closed(found["state"], found["settledCents"], found["heldCents"])


async def promote(tx: Tx, tenant: Tenant, cents: int, cause: str) -> bool:
    """Give promotional credit, once for each cause."""
    return await _move(tx, tenant, "topup", cents, "promo", None, f"promo:{cause}")


async def top_up(tx: Tx, tenant: Tenant, cents: int, payment_id: str) -> bool:
    """Add money that was paid, once for each payment."""
    return await _move(tx, tenant, "topup", cents, "card_in", None, f"payment:{payment_id}")


async def adjust(tx: Tx, tenant: Tenant, cents: int, cause: str) -> bool:
    """An operator's correction, in either direction; False when it would take more than is available."""
    return await _move(tx, tenant, "adjust", cents, "adjustments", None, f"adjust:{cause}")


async def charge(tx: Tx, tenant: Tenant, cents: int, resource_id: str, cause: str) -> bool:
    """A direct debit (rent), once for each cause. False when it was taken already or the balance does not cover it."""
    return await _move(tx, tenant, "charge", -cents, "revenue", resource_id, cause)


async def give_back_first_number(tx: Tx, tenant: Tenant, ordered_at: datetime) -> None:
    """A first number that could not be delivered does not use up the free period."""
    await tx.run(
        update(accounts)
        .where(
            accounts.c.workspace_id == tenant.workspace_id,
            accounts.c.environment == tenant.environment,
            accounts.c.first_number_at == ordered_at,
        )
        .values(first_number_at=None)
    )


async def _move(
    tx: Tx, tenant: Tenant, kind: str, cents: int, contra: str, resource_id: str | None, cause: str
) -> bool:
    return bool(
        await tx.call(
            "ledger_move",
            workspace_id=tenant.workspace_id,
            environment=tenant.environment,
            type=kind,
            amount=cents,
            contra_account=contra,
            resource_id=resource_id,
            cause=cause,
            now=tx.now,
        )
    )
