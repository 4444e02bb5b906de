"""The database driver of a server under test: it tells of each statement before it is sent and after it was answered."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Awaitable
from typing import Any

import asyncpg

from .instants import Instants

_UNSEEN = re.compile(
    r"\s*(select set_config|SELECT pg_advisory_unlock_all|SELECT\s+t\.oid|select pg_catalog\.version"
    r"|show |WITH RECURSIVE typeinfo|select current_schema|SET )",
    re.IGNORECASE,
)
"""What only prepares a connection or a transaction: to die around it is to die before or after it."""
_WORDS = re.compile(r"\s+")


def watch(instants: Instants) -> None:
    """From now on every connection that this process makes tells of its statements."""

    class Watched(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
        """A connection whose statements are instants."""

        async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
            if args:
                return str(await super().execute(query, *args, timeout=timeout))
            return str(
                await _told(self, instants, query, super().execute(query, timeout=timeout), ends=_commits(query))
            )

        async def _execute(self, query: str, *args: Any, **kwargs: Any) -> Any:
            return await _told(
                self, instants, query, super()._execute(query, *args, **kwargs), ends=not self.is_in_transaction()
            )

        async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> None:
            await _told(self, instants, command, super().executemany(command, args, timeout=timeout), ends=False)

        async def prepare(self, query: str, **kwargs: Any) -> Any:
            return _Prepared(instants, query, await super().prepare(query, **kwargs))

    asyncpg.connect = functools.partial(asyncpg.connect, connection_class=Watched)
    asyncpg.create_pool = functools.partial(asyncpg.create_pool, connection_class=Watched)


class _Prepared:
    """A prepared statement whose executions are instants."""

    def __init__(self, instants: Instants, query: str, statement: Any) -> None:
        self._instants = instants
        self._query = query
        self._statement = statement

    async def fetch(self, *args: Any, **kwargs: Any) -> Any:
        return await _told(None, self._instants, self._query, self._statement.fetch(*args, **kwargs), ends=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._statement, name)


async def _told(
    connection: asyncpg.Connection | None, instants: Instants, query: str, work: Awaitable[Any], *, ends: bool
) -> Any:
    """`ends`: it makes something permanent, so it also counts while it is under way and when it is done, and
    its answer can be lost with `connection`."""
    if _UNSEEN.match(query):
        return await work
    name = _name(query)
    instants.reach(f"before {name}")
    if not ends:
        return await work
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    instants.reach(f"sent {name}")
    answer = await task
    instants.reach(f"after {name}")
    if connection is not None and instants.cuts(name):
        connection.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    return answer


def _commits(query: str) -> bool:
    """Of the statements without parameters only this one makes something permanent."""
    return query.upper().startswith("COMMIT")


def _name(query: str) -> str:
    return _WORDS.sub(" ", query).strip()[:60]
