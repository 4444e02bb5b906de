"""Planting a mistake in a function of the database: a few words of its text are replaced."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from saperly_server.core.embedded_postgres import EmbeddedPostgres

_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Plant:
    """`right` in the text of an SQL function becomes `wrong`."""

    function: str
    right: str
    wrong: str

    async def into(self, conn: asyncpg.Connection) -> None:
        text: str = await conn.fetchval("select pg_get_functiondef(to_regproc($1))", self.function)
        assert self.right in text, f"{self.function} no longer says {self.right}"
        await conn.execute(text.replace(self.right, self.wrong))


@asynccontextmanager
async def planted(postgres: EmbeddedPostgres, template: str, plants: tuple[Plant, ...]) -> AsyncIterator[str]:
    """The name of a database like `template`, with `plants` in it."""
    name = f"planted_{next(_names)}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"create database {name} template {template}")
    conn = await asyncpg.connect(postgres.url(name))
    try:
        for plant in plants:
            await plant.into(conn)
    finally:
        await conn.close()
    yield name
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()
