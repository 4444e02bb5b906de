"""Intents for a carrier: written in the transaction that decides them, carried out after the commit.

Whoever writes one works on it at once and holds it until `due_at`. When that passes, another worker takes it over, and as
the request may have reached the carrier by then, it is looked up there before it is ever repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from saperly_server.core.db import Tenant, Tx
from saperly_server.core.ids import new_id

from .models import carrier_operations as operations


@dataclass(frozen=True, slots=True)
class Operation:
    """One intent. `id` is its identity at the carrier too, the same on each try; `kind` says who carries it out.

    `attempts` counts the tries before this one: above zero, the request may have reached the carrier already.
    """

    id: str
    tenant: Tenant
    kind: str
    resource_id: str
    attempts: int = 0


async def request(tx: Tx, tenant: Tenant, kind: str, resource_id: str, owner: str, lease_sec: float) -> Operation:
    """Write an intent, held by `owner` for `lease_sec`."""
    operation_id = new_id("op")
    await tx.run(
        insert(operations).values(
            workspace_id=tenant.workspace_id,
            id=operation_id,
            environment=tenant.environment,
            kind=kind,
            resource_id=resource_id,
            state="open",
            attempts=0,
            owner=owner,
            due_at=tx.now + timedelta(seconds=lease_sec),
            created_at=tx.now,
        )
    )
    return Operation(operation_id, tenant, kind, resource_id)


async def find(tx: Tx, tenant: Tenant, kind: str, resource_id: str) -> Operation | None:
    """The intent of one kind that was written for a resource."""
    rows = await tx.all(
        select(operations).where(
            operations.c.workspace_id == tenant.workspace_id,
            operations.c.resource_id == resource_id,
            operations.c.kind == kind,
        )
    )
    return next(iter(_operations(rows)), None)


async def finish(tx: Tx, operation: Operation, outcome: dict[str, Any]) -> None:
    await tx.run(
        update(operations)
        .where(*_this(operation))
        .values(state="done", finished_at=tx.now, outcome=outcome, owner=None)
    )


async def postpone(tx: Tx, operation: Operation, delay_sec: float) -> None:
    """Let it be taken up again, by anybody, after `delay_sec`."""
    await tx.run(
        update(operations)
        .where(*_this(operation), operations.c.state == "open")
        .values(due_at=tx.now + timedelta(seconds=delay_sec), owner=None)
    )


async def claim_due(tx: Tx, owner: str, lease_sec: float, limit: int) -> list[Operation]:
    """Take over what is due: postponed, or left behind by a process that died."""
    due = (
        select(operations.c.workspace_id, operations.c.id)
        .where(operations.c.state == "open", operations.c.due_at <= tx.now)
        .order_by(operations.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = await tx.all(
        update(operations)
        .where(operations.c.workspace_id == due.c.workspace_id, operations.c.id == due.c.id)
        .values(owner=owner, due_at=tx.now + timedelta(seconds=lease_sec), attempts=operations.c.attempts + 1)
        .returning(operations)
    )
    return _operations(rows)


def _operations(rows: Sequence[Row[Any]]) -> list[Operation]:
    return [
        Operation(
            row.id,
            Tenant(row.workspace_id, row.environment),
            row.kind,
            row.resource_id,
            row.attempts,
        )
        for row in rows
    ]


def _this(operation: Operation) -> tuple[Any, ...]:
    return (operations.c.workspace_id == operation.tenant.workspace_id, operations.c.id == operation.id)
