"""The database: one PostgreSQL, two roles, short transactions.

A tenant transaction runs as `saperly_app` with the workspace set for this transaction only; row-level security then hides
every other workspace's rows, even from a wrong query. A system transaction runs as `saperly_system` and sees all tenants:
the gate, the carriers' events and cross-tenant jobs use it. The login role owns the tables and is used by migrations only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import orjson
from saperly_carriers.clock import Clock
from sqlalchemy import Executable, MetaData, TextClause, text
from sqlalchemy.engine import Row
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

T = TypeVar("T")

APP_ROLE = "saperly_app"
SYSTEM_ROLE = "saperly_system"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose data: a workspace in one environment (`live` or `test`). It comes from a credential, never from input."""

    workspace_id: str
    environment: str


class Tx:
    """An open transaction and the instant it happens at."""

    __slots__ = ("conn", "now")

    def __init__(self, conn: AsyncConnection, now: datetime) -> None:
        self.conn = conn
        self.now = now

    async def one(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The only row of the result, or None."""
        return (await self.conn.execute(statement, params)).one_or_none()

    async def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        return (await self.conn.execute(statement, params)).all()

    async def scalar(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        return (await self.conn.execute(statement, params)).scalar()

    async def run(self, statement: Executable, params: Mapping[str, Any] | None = None) -> int:
        """Execute a write; the number of rows it touched."""
        return (await self.conn.execute(statement, params)).rowcount

    async def call(self, function: str, /, **params: Any) -> Any:
        """Call one of our SQL functions with named parameters; its result, parsed when it is JSON."""
        return await self.scalar(_call(function, tuple(params)), params)


class TenantTx(Tx):
    """A transaction that can see one tenant only."""

    __slots__ = ("tenant",)

    def __init__(self, conn: AsyncConnection, now: datetime, tenant: Tenant) -> None:
        super().__init__(conn, now)
        self.tenant = tenant


_CALLS: dict[tuple[str, tuple[str, ...]], TextClause] = {}


def _call(function: str, names: tuple[str, ...]) -> TextClause:
    key = (function, names)
    if key not in _CALLS:
        _CALLS[key] = text(f"select {function}({', '.join(f'p_{n} => :{n}' for n in names)})")
    return _CALLS[key]


_BECOME_TENANT = text(
    "select set_config('role', 'saperly_app', true), set_config('saperly.workspace_id', :workspace_id, true)"
)
_BECOME_SYSTEM = text("select set_config('role', 'saperly_system', true)")


_BY_INDEX = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""Hot paths find each row by its key. Their plans are made once, and must not follow what a table looked like then."""


class Database:
    """The one way to the database."""

    def __init__(self, dsn: str, clock: Clock, *, pool_size: int = 10) -> None:
        self._dsn = dsn
        self._clock = clock
        self._engine = create_engine(dsn, pool_size=pool_size)
        self._gate_pool: asyncpg.Pool | None = None
        self._making_pool = asyncio.Lock()

    @asynccontextmanager
    async def tenant(self, tenant: Tenant) -> AsyncIterator[TenantTx]:
        """A transaction as the application role, limited to `tenant`; committed on success, rolled back on error."""
        async with self._engine.begin() as conn:
            await conn.execute(_BECOME_TENANT, {"workspace_id": tenant.workspace_id})
            yield TenantTx(conn, self._clock.now(), tenant)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[Tx]:
        """A transaction that sees every workspace: carriers' events and jobs, never a customer's request."""
        async with self._engine.begin() as conn:
            await conn.execute(_BECOME_SYSTEM)
            yield Tx(conn, self._clock.now())

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[asyncpg.Connection]:
        """A driver connection in the system role, in autocommit: for hot paths that are one SQL function call."""
        if self._gate_pool is None:
            async with self._making_pool:
                self._gate_pool = self._gate_pool or await self._make_pool()
        async with self._gate_pool.acquire() as conn:
            yield conn

    async def _make_pool(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            self._dsn,
            connect=_connect,
            min_size=0,
            max_size=4,
            server_settings={"role": SYSTEM_ROLE, **_BY_INDEX},
            init=_json_codecs,
            reset=_nothing_to_reset,
        )

    async def ping(self) -> None:
        """Ask the database for nothing; it raises when the database is away."""
        async with self.system() as tx:
            await tx.scalar(text("select 1"))

    def now(self) -> datetime:
        return self._clock.now()

    async def close(self) -> None:
        if self._gate_pool is not None:
            await self._gate_pool.close()
        await self._engine.dispose()


def create_engine(dsn: str, *, pool_size: int = 10) -> AsyncEngine:
    """The SQLAlchemy engine over asyncpg; JSON by orjson. The driver itself reads `dsn`, so libpq's options work in it."""

    async def connect() -> asyncpg.Connection:
        return await _connect(dsn)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=False,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


_GIVEN_UP = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""A transaction that the database gave up for the sake of others: nothing of it happened."""
_TRIES = 3
_OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the pool, about a connection that broke while it was given back
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    *_GIVEN_UP,
    ConnectionError,
)
DATABASE_FAILURES: tuple[type[Exception], ...] = (DBAPIError, *_OUTAGES)
"""What the database and the way to it can raise; `is_outage` tells the outages among them."""


def is_outage(error: BaseException) -> bool:
    """Is this the database being away or in trouble, so that asking again helps, rather than a mistake of ours?"""
    if isinstance(error, DBAPIError):
        away = error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
        return away or isinstance(_reported(error), _OUTAGES)
    return isinstance(error, _OUTAGES)


def _reported(error: BaseException) -> BaseException | None:
    """What the driver said, also where the query layer has wrapped it."""
    if not isinstance(error, DBAPIError):
        return error
    return error.orig.__cause__ if error.orig is not None else None


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Do `work`, a whole transaction, and do it again when the database gives it up for the sake of others."""
    for _ in range(_TRIES - 1):
        try:
            return await work()
        except DATABASE_FAILURES as error:
            if not isinstance(_reported(error), _GIVEN_UP):
                raise
    return await work()


def is_unknown(error: BaseException) -> bool:
    """Did the way to the database break under a statement of the driver's own? What was asked may have been committed."""
    return isinstance(
        error, (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError)
    )


async def _connect(*args: Any, **kwargs: Any) -> asyncpg.Connection:
    """A connection of the driver. ConnectionError when there is no way to the server, also when its socket is gone."""
    try:
        return await asyncpg.connect(*args, **kwargs)
    except ConnectionError:
        raise
    except OSError as error:
        raise ConnectionRefusedError(str(error)) from error


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    """A function call in autocommit leaves nothing behind in its session, so none of the driver's tidying is needed."""


async def _json_codecs(conn: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda v: v if isinstance(v, str) else json.dumps(v),
            decoder=orjson.loads,
        )
