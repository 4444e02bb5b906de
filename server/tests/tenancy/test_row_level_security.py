"""The second wall between workspaces: the database itself, whatever the query says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from saperly_server import compliance
from saperly_server.compliance import ConsentType
from saperly_server.core.db import APP_ROLE, Database
from saperly_server.migrations.access import SYSTEM_TABLES, tenant_tables
from saperly_server.tables import metadata

from ..customers import Customer, new_customer


@pytest.fixture
async def app(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in the application's role, with no workspace set."""
    conn = await asyncpg.connect(dsn, server_settings={"role": APP_ROLE})
    yield conn
    await conn.close()


async def _consent(db: Database, customer: Customer) -> None:
    async with db.system() as tx:
        await compliance.grant(
            tx, customer.tenant, "num_1", "+15555550123", ConsentType.EXPLICIT_OUTBOUND, "test", "system"
        )


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_without_a_workspace_no_table_shows_a_row(
    table: str, app: asyncpg.Connection, db: Database, customer: Customer
) -> None:
    await _consent(db, customer)
    if table in SYSTEM_TABLES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.fetch(f"select * from {table}")
    else:
        assert await app.fetch(f"select * from {table}") == []


async def test_every_table_of_the_schema_is_protected(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        protected = {
            row["relname"]
            for row in await conn.fetch("select relname from pg_class where relrowsecurity and relkind = 'r'")
        }
    finally:
        await conn.close()
    assert protected == set(tenant_tables())


async def test_a_query_without_a_filter_sees_one_workspace_only(db: Database) -> None:
    mine, other = await new_customer(db), await new_customer(db)
    await _consent(db, mine)
    await _consent(db, other)
    async with db.tenant(mine.tenant) as tx:
        for table in tenant_tables():
            rows = await tx.all(metadata.tables[table].select())
            assert {row.workspace_id for row in rows} <= {mine.tenant.workspace_id}, table


async def test_a_row_of_another_workspace_can_be_neither_written_nor_changed(db: Database) -> None:
    mine, other = await new_customer(db), await new_customer(db)
    accounts = metadata.tables["accounts"]
    async with db.tenant(mine.tenant) as tx:
        theirs = accounts.c.workspace_id == other.tenant.workspace_id
        assert await tx.run(accounts.update().where(theirs).values(available_cents=10**9)) == 0
    members = metadata.tables["members"]
    row = {
        "workspace_id": other.tenant.workspace_id,
        "id": "mem_1",
        "name": "Eve",
        "email": "eve@example.com",
        "role": "owner",
        "system_role": "user",
    }
    with pytest.raises(Exception, match="row-level security"):
        async with db.tenant(mine.tenant) as tx:
            await tx.run(members.insert().values(**row, created_at=tx.now))


async def test_a_transactions_workspace_does_not_leak_into_the_next(db: Database) -> None:
    mine, other = await new_customer(db), await new_customer(db)
    for customer in (mine, other, mine):
        async with db.tenant(customer.tenant) as tx:
            rows = await tx.all(metadata.tables["workspaces"].select())
            assert [row.workspace_id for row in rows] == [customer.tenant.workspace_id]
