"""One connection, one transaction: the database of a proof that takes everything back at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import asyncpg
import orjson
from saperly_carriers.clock import Timer, TimerCallback
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saperly_server.core.db import Database, Tenant, TenantTx, Tx, create_engine

from .reading import prepare

_BY_INDEX = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""What has been taken back still lies in the tables, so a plan that reads a whole one grows slower with every trial."""


class Calendar:
    """A clock that shows what it was set to, backwards too. Nothing waits on it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        raise NotImplementedError

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        raise NotImplementedError

    async def sleep(self, sec: float) -> None:
        raise NotImplementedError


class Desk(Database):
    """A database whose every transaction is a part of one that is already open, on one connection, in the system role.

    What the server does through it is what it does anywhere, but nothing is ever committed.
    """

    def __init__(self, conn: AsyncConnection, driver: asyncpg.Connection, clock: Calendar) -> None:
        self._open, self._driver, self._calendar = conn, driver, clock

    @asynccontextmanager
    async def system(self) -> AsyncIterator[Tx]:
        yield Tx(self._open, self.now())

    @asynccontextmanager
    async def tenant(self, tenant: Tenant) -> AsyncIterator[TenantTx]:
        yield TenantTx(self._open, self.now(), tenant)

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[asyncpg.Connection]:
        yield cast(asyncpg.Connection, _Parsing(self._driver))

    def now(self) -> datetime:
        return self._calendar.now()

    @property
    def driver(self) -> asyncpg.Connection:
        return self._driver

    @classmethod
    @asynccontextmanager
    async def opened(cls, conn: AsyncConnection, clock: Calendar) -> AsyncIterator[Desk]:
        """Begin; whatever happens is taken back at the end."""
        raw = await conn.get_raw_connection()
        await conn.execute(text("select set_config('role', 'saperly_system', true)"))
        try:
            yield cls(conn, cast(asyncpg.Connection, raw.driver_connection), clock)
        finally:
            await conn.rollback()


@asynccontextmanager
async def desk_engine(dsn: str, invariants: Collection[str]) -> AsyncIterator[AsyncEngine]:
    """One connection for all desks of a proof; it learns once to read, and what the doctor is asked."""
    engine = create_engine(dsn, pool_size=1)
    try:
        async with engine.begin() as conn:
            for name, value in _BY_INDEX.items():
                await conn.execute(text("select set_config(:name, :value, false)"), {"name": name, "value": value})
            await prepare(cast(asyncpg.Connection, (await conn.get_raw_connection()).driver_connection), invariants)
        yield engine
    finally:
        await engine.dispose()


class _Parsing:
    """The driver's connection below an engine's leaves JSON as text; `Database.raw` gives it parsed."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        answer = await self._driver.fetchval(query, *arguments)
        return orjson.loads(answer) if isinstance(answer, str) else answer
