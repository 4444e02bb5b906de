"""One busy month, lived through once; each test looks at it, or breaks one thing in it and takes that back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.core.db import Tx, create_engine
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.settings import Settings
from saperly_server.main import build
from sqlalchemy import text

from ..customers import START, new_customer
from ..ledger.bank import run_as_owner
from ..stage import Stage
from .busy import live_through_a_month


@dataclass(frozen=True, slots=True)
class Month:
    """The database after the month, the instant it ended, and what was made in it."""

    dsn: str
    now: datetime
    workspace_id: str
    made: dict[str, Any]
    stage: Stage

    def broken_by(self, *statements: str) -> AbstractAsyncContextManager[Tx]:
        """A transaction of the system role in which the tables' owner has done this before; nothing of it stays."""
        return broken(self.dsn, self.now, statements)


_WITHOUT_GUARDS = """
do $$ declare c record; begin
    for c in select conrelid::regclass as guarded, conname from pg_constraint
             where contype = 'c' and connamespace = 'public'::regnamespace loop
        execute format('alter table %s drop constraint %I', c.guarded, c.conname);
    end loop;
end $$
"""
"""The checks on the tables' columns; foreign keys and triggers are off as in a replica."""


@asynccontextmanager
async def broken(dsn: str, now: datetime, statements: tuple[str, ...]) -> AsyncIterator[Tx]:
    engine = create_engine(dsn, pool_size=1)
    try:
        async with engine.connect() as conn:
            await conn.exec_driver_sql("set local session_replication_role = 'replica'")
            await conn.exec_driver_sql(_WITHOUT_GUARDS)
            for statement in statements:
                assert (await conn.exec_driver_sql(statement)).rowcount != 0, f"nothing was broken by: {statement}"
            await conn.execute(text("select set_config('role', 'saperly_system', true)"))
            yield Tx(conn, now)
            await conn.rollback()
    finally:
        await engine.dispose()


@pytest.fixture(scope="session")
async def month(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Month]:
    await run_as_owner(postgres.url("postgres"), f"create database month template {template}")
    clock, dsn = VirtualClock(START), postgres.url("month")
    settings = Settings(mode="development", secret_key="test", requests_per_minute=100_000)
    process = await build(settings, dsn, clock)
    process.worker.start()
    customer = await new_customer(process.services.db, cents=5_000)
    stage = Stage(process, clock, customer, None)  # type: ignore[arg-type]
    stage.client = stage.client_with(customer.secret)
    made = await live_through_a_month(stage)
    yield Month(dsn, clock.now(), customer.tenant.workspace_id, made, stage)
    process.worker.stop()
    await stage.client.aclose()
    await process.services.close()
