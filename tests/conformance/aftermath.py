"""What a run of requests has left in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from saperly_carriers.clock import SystemClock
from saperly_server.core.db import Database, Tx
from saperly_server.doctor import examine
from saperly_server.migrations.access import tenant_tables
from sqlalchemy import text

T = TypeVar("T")
Rows = dict[str, list[str]]


def findings_of_the_doctor(dsn: str) -> list[Any]:
    """Every row that breaks an invariant, in any workspace."""
    return _within(dsn, examine)


def rows_of(dsn: str, number_id: str) -> Rows:
    """Every row of the workspace that a number belongs to."""
    return _within(dsn, lambda tx: _rows(tx, number_id))


def _within(dsn: str, work: Callable[[Tx], Awaitable[T]]) -> T:
    async def run() -> T:
        db = Database(dsn, SystemClock(), pool_size=2)
        try:
            async with db.system() as tx:
                return await work(tx)
        finally:
            await db.close()

    return asyncio.run(run())


async def _rows(tx: Tx, number_id: str) -> Rows:
    owner = await tx.scalar(text("select workspace_id from numbers where id = :id"), {"id": number_id})
    found: Rows = {}
    for table in tenant_tables():
        select = text(f"select to_jsonb(t) - 'last_used_at' from {table} t where workspace_id = :w")
        found[table] = sorted(str(row[0]) for row in await tx.all(select, {"w": owner}))
    assert found["calls"] and found["numbers"]
    return found
