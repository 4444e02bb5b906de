"""What the database refuses by itself, for every table there is or will be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from saperly_server.core.db import APP_ROLE, SYSTEM_ROLE
from saperly_server.migrations.access import APPEND_ONLY, SYSTEM_TABLES
from saperly_server.tables import metadata
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql

from ..customers import Customer

_POSTGRES: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
TENANT_TABLES = sorted(set(metadata.tables) - set(SYSTEM_TABLES))


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the role that owns the tables."""
    conn = await asyncpg.connect(dsn)
    yield conn
    await conn.close()


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_nothing_can_be_written_without_a_workspace_or_into_another_one(
    owner: asyncpg.Connection, table: str
) -> None:
    """Every column is given something, so that only the policy stands in the way."""
    for workspace in (None, "ws_mine"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security|permission denied"):
            async with owner.transaction():
                await owner.execute(f"set local role {APP_ROLE}")
                if workspace is not None:
                    await owner.execute("select set_config('saperly.workspace_id', $1, true)", workspace)
                await owner.execute(_insert(table))


def _insert(table: str) -> str:
    columns = [column for column in metadata.tables[table].columns if column.identity is None]
    values = [
        "'ws_other'" if column.name == "workspace_id" else f"null::{column.type.compile(_POSTGRES)}"
        for column in columns
    ]
    return f"insert into {table} ({', '.join(column.name for column in columns)}) values ({', '.join(values)})"


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_the_customers_role_removes_rows_of_remembered_answers_only(
    owner: asyncpg.Connection, table: str
) -> None:
    allowed = await owner.fetchval("select has_table_privilege($1, $2, 'DELETE')", APP_ROLE, table)
    assert allowed == (table == "idempotency_records")
    assert not await owner.fetchval("select has_table_privilege($1, $2, 'TRUNCATE')", APP_ROLE, table)
    assert not await owner.fetchval("select has_table_privilege($1, $2, 'TRUNCATE')", SYSTEM_ROLE, table)


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_is_only_added_to_cannot_be_changed_even_by_its_owner(
    owner: asyncpg.Connection, customer: Customer, table: str
) -> None:
    for change in (f"update {table} set workspace_id = 'ws_other'", f"delete from {table}", f"truncate {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(change)


async def test_neither_role_can_log_in_or_own_anything(owner: asyncpg.Connection) -> None:
    for role in (APP_ROLE, SYSTEM_ROLE):
        found = await owner.fetchrow(
            "select rolcanlogin, rolsuper, rolbypassrls, oid from pg_roles where rolname = $1", role
        )
        assert tuple(found)[:3] == (False, False, False)
        assert await owner.fetchval("select count(*) from pg_class where relowner = $1", found["oid"]) == 0
