"""Bringing databases up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from saperly_server.core.db import create_engine
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import current_revision, head_revision, migrate, offline_sql
from saperly_server.tables import metadata


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database with nothing in it."""
    conn = await asyncpg.connect(postgres.url("postgres"))
    await conn.execute("create database empty_one")
    yield postgres.url("empty_one")
    await conn.execute("drop database empty_one with (force)")
    await conn.close()


async def test_the_migrations_make_exactly_the_tables_of_the_code(dsn: str) -> None:
    engine = create_engine(dsn, pool_size=1)
    async with engine.connect() as conn:
        found = await conn.run_sync(lambda sync: compare_metadata(MigrationContext.configure(sync), metadata))
    await engine.dispose()
    ours = [change for change in found if "schema_present" not in str(change)]
    assert ours == []


async def test_an_empty_database_is_brought_up_to_date(empty: str) -> None:
    assert await current_revision(empty) is None
    await migrate(empty)
    assert await current_revision(empty) == head_revision()


async def test_migrating_again_changes_nothing(empty: str) -> None:
    await migrate(empty)
    before = await _shape(empty)
    await migrate(empty)
    assert await _shape(empty) == before


async def test_servers_that_start_at_once_wait_for_each_other(empty: str) -> None:
    await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert await current_revision(empty) == head_revision()


def test_the_offline_script_holds_the_whole_schema() -> None:
    script = offline_sql()
    for table in metadata.tables:
        assert f"CREATE TABLE {table} " in script
    assert "create or replace function gate_admit" in script
    assert "enable row level security" in script


async def _shape(dsn: str) -> list[tuple[str, str]]:
    conn = await asyncpg.connect(dsn)
    try:
        rows = await conn.fetch(
            "select relname, relkind::text from pg_class join pg_namespace n on n.oid = relnamespace"
            " where n.nspname = 'public' order by 1, 2"
        )
    finally:
        await conn.close()
    return [(row["relname"], row["relkind"]) for row in rows]
