"""What can go wrong between a process and its database, at a statement or a commit that the seed chooses."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy.exc import InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection


class Mishap(StrEnum):
    """The connection breaks before a statement, or after a commit took place but before we heard of it; the database
    gives a transaction up for the sake of another."""

    LOST = "connection lost"
    UNKNOWN_COMMIT = "connection lost after the commit"
    DEADLOCK = "deadlock"
    SERIALISATION = "serialisation failure"


_RAISE = "do $$ begin raise exception 'simulated' using errcode = '{code}'; end $$"
_CODES = {Mishap.DEADLOCK: "40P01", Mishap.SERIALISATION: "40001"}


class Mishaps:
    """At most one is on its way: it befalls the statement (or commit) that `happen` counts down to."""

    def __init__(self) -> None:
        self._mishap: Mishap | None = None
        self._left = 0
        self.happened = False
        self.last: Mishap | None = None

    def happen(self, mishap: Mishap | None, after: int = 1) -> None:
        """From here on: this, at the so-many-th occasion; or nothing."""
        self._mishap, self._left, self.happened = mishap, after, False

    def _is_now(self, *kinds: Mishap) -> bool:
        if self._mishap not in kinds:
            return False
        self._left -= 1
        return self._left <= 0

    def _take(self) -> Mishap | None:
        self.last, self._mishap, self.happened = self._mishap, None, True
        return self.last

    async def before_statement(self, conn: Any) -> None:
        if not self._is_now(Mishap.LOST, *_CODES):
            return
        mishap = self._take()
        if mishap is Mishap.LOST:
            (await _driver(conn)).terminate()
        elif mishap is not None:
            await _fail(conn, _RAISE.format(code=_CODES[mishap]))

    def after_commit(self) -> None:
        """Raises what a connection that broke while the commit was acknowledged raises."""
        if self._is_now(Mishap.UNKNOWN_COMMIT):
            self._take()
            lost = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
            raise InterfaceError("commit", None, lost, connection_invalidated=True)


async def _driver(conn: Any) -> Any:
    if isinstance(conn, AsyncConnection):
        return (await conn.get_raw_connection()).driver_connection
    return conn


async def _fail(conn: Any, statement: str) -> None:
    if isinstance(conn, AsyncConnection):
        await conn.exec_driver_sql(statement)
    else:
        await conn.execute(statement)
