"""Doing one thing at a time, so that the same seed gives the same history.

What happens in a server under simulation waits for one of two things: virtual time, or the database. Time moves only while
nobody waits for the database, and the database serves one transaction after the other, in an order that the seed chooses.
So nothing depends on how fast the machine is, and no transaction waits for the locks of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from saperly_carriers.clock import Clock, VirtualClock

from saperly_server.core.db import Database, Tenant, TenantTx, Tx
from saperly_server.verify.contracts import Broken

T = TypeVar("T")
Choose = Callable[[int], int]
"""Which one of so many goes next: from 0 to below the number."""

_TRANSACTION_SEC = 30.0
"""Of real time: far more than any transaction of a simulation takes."""
_QUIET_TURNS = 64
"""Turns of an event loop that does not tell what it has to do, after which it has nothing to do."""


def first_come(waiting: int) -> int:
    """First come, first served."""
    return 0


class Turnstile:
    """Lets one transaction at a time through to the database."""

    def __init__(self, choose: Choose = first_come) -> None:
        self._choose = choose
        self._waiting: list[asyncio.Future[None]] = []
        self._taken = False
        self._free = asyncio.Event()
        self._free.set()

    async def wait_until_free(self) -> bool:
        """Until nobody is at the database or waits to be. False when nobody was."""
        if not self._taken:
            return False
        try:
            async with asyncio.timeout(_TRANSACTION_SEC):
                await self._free.wait()
        except TimeoutError as stuck:
            raise Broken("A transaction was held open while time had to pass.") from stuck
        return True

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._taken:
            await self._queue()
        self._taken = True
        self._free.clear()
        try:
            yield
        finally:
            self._pass_on()

    async def _queue(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place in self._waiting:
                self._waiting.remove(place)
            elif not place.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        self._taken = bool(self._waiting)
        if self._waiting:
            self._waiting.pop(self._choose(len(self._waiting))).set_result(None)
        else:
            self._free.set()


class SteppedDatabase(Database):
    """A database behind a turnstile."""

    def __init__(self, dsn: str, clock: Clock, turnstile: Turnstile) -> None:
        super().__init__(dsn, clock, pool_size=2)
        self._turnstile = turnstile

    @asynccontextmanager
    async def tenant(self, tenant: Tenant) -> AsyncIterator[TenantTx]:
        async with self.in_turn(super().tenant(tenant)) as tx:
            yield tx

    @asynccontextmanager
    async def system(self) -> AsyncIterator[Tx]:
        async with self.in_turn(super().system()) as tx:
            yield tx

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[asyncpg.Connection]:
        async with self.in_turn(super().raw()) as conn:
            yield conn

    async def close(self) -> None:
        async with self._turnstile.turn():
            await super().close()

    @asynccontextmanager
    async def in_turn(self, work: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """`work` when it is its turn."""
        async with self._turnstile.turn(), work as opened:
            yield opened


class Reader:
    """Looks at the tables from outside, past every role, in turn with everybody else."""

    def __init__(self, conn: asyncpg.Connection, turnstile: Turnstile) -> None:
        self._conn = conn
        self._turnstile = turnstile

    @classmethod
    @asynccontextmanager
    async def on(cls, dsn: str, turnstile: Turnstile) -> AsyncIterator[Reader]:
        conn = await asyncpg.connect(dsn, server_settings={"jit": "off", "plan_cache_mode": "force_generic_plan"})
        try:
            yield cls(conn, turnstile)
        finally:
            await conn.close()

    async def rows(self, query: str, *arguments: object) -> list[Any]:
        async with self._turnstile.turn():
            found: list[Any] = await self._conn.fetch(query, *arguments)
        return found

    async def value(self, query: str, *arguments: object) -> Any:
        async with self._turnstile.turn():
            return await self._conn.fetchval(query, *arguments)


class Theatre:
    """Where a simulation plays: virtual time that waits for the database."""

    def __init__(self, clock: VirtualClock, turnstile: Turnstile) -> None:
        self.clock = clock
        self._turnstile = turnstile

    async def run(self, work: Coroutine[Any, Any, T], limit_sec: float = 300.0) -> T:
        """Await something, moving time only while everybody waits for it. TimeoutError after `limit_sec` of it."""
        task = asyncio.ensure_future(work)

        async def done() -> bool:
            await self.idle()
            return task.done()

        try:
            await self.clock.advance_until(done, limit_sec)
        finally:
            task.cancel()
        return task.result()

    async def wait(self, seconds: float) -> None:
        """Let time pass."""

        async def never() -> bool:
            await self.idle()
            return False

        with suppress(TimeoutError):
            await self.clock.advance_until(never, seconds)

    async def idle(self) -> None:
        """Until nobody has anything to do but to wait for time."""
        ready = getattr(asyncio.get_running_loop(), "_ready", None)
        quiet = 0
        while quiet < (1 if ready is not None else _QUIET_TURNS):
            await asyncio.sleep(0)
            quiet = 0 if ready or await self._turnstile.wait_until_free() else quiet + 1
