"""Databases that already hold something, and the way back."""

from __future__ import annotations

import asyncpg
from saperly_server.core.db import Database
from saperly_server.migrations import current_revision, downgrade, head_revision, migrate
from saperly_server.tables import metadata

from ..customers import Customer


async def _contents(dsn: str) -> dict[str, list[asyncpg.Record]]:
    conn = await asyncpg.connect(dsn)
    try:
        return {table: await conn.fetch(f"select * from {table}") for table in (*metadata.tables, "schema_present")}
    finally:
        await conn.close()


async def test_migrating_a_database_in_use_leaves_every_row_as_it_is(dsn: str, customer: Customer) -> None:
    before = await _contents(dsn)
    await migrate(dsn)
    assert await _contents(dsn) == before
    assert await current_revision(dsn) == head_revision()


async def test_functions_and_rules_come_back_when_their_text_has_changed(dsn: str, db: Database) -> None:
    """A server that finds another version's functions puts its own in their place."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("drop function gate_admit; alter table consents disable row level security")
        await migrate(dsn)
        assert await conn.fetchval("select to_regproc('gate_admit')") is None, (
            "the text is still the one that was applied"
        )
        await conn.execute("update schema_present set digest = 'of another version'")
        await migrate(dsn)
        assert await conn.fetchval("select to_regproc('gate_admit')") is not None
        assert await conn.fetchval("select relrowsecurity from pg_class where relname = 'consents'") is True
    finally:
        await conn.close()


async def test_every_migration_can_be_taken_back(dsn: str) -> None:
    await downgrade(dsn, "base")
    assert await current_revision(dsn) is None
    conn = await asyncpg.connect(dsn)
    left = await conn.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    await conn.close()
    assert {row["relname"] for row in left} == {"alembic_version", "schema_present"}
    await migrate(dsn)
    assert await current_revision(dsn) == head_revision()
    conn = await asyncpg.connect(dsn)
    assert await conn.fetchval("select to_regproc('gate_admit')") is not None
    await conn.close()
