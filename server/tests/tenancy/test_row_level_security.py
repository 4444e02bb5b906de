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
from ..stage import Stage


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


async def test_another_workspaces_ids_behave_as_if_they_did_not_exist(stage: Stage) -> None:
    number = await stage.line()
    await stage.consent(number, "+15555550123")
    call = (await stage.post("/calls", {"fromNumberId": number["id"], "to": "+15555550123"})).json()
    stranger = stage.client_with((await new_customer(stage.process.services.db)).secret)
    n, c, k = number["id"], number["connectionId"], call["id"]
    for method, path, body in (
        ("GET", f"/numbers/{n}", None),
        ("GET", f"/connections/{c}", None),
        ("GET", f"/calls/{k}", None),
        ("GET", f"/calls/{k}/transcript", None),
        ("GET", f"/consent/check?numberId={n}&peerNumber=%2B15555550123", None),
        ("POST", f"/calls/{k}/end", {}),
        ("POST", f"/calls/{k}/transfer", {"to": "+15555550123"}),
        ("POST", f"/numbers/{n}/release", None),
        ("POST", f"/numbers/{n}/connection", {"connectionId": c}),
        ("POST", f"/numbers/{n}/webhook", {"url": "https://example.com/x"}),
        ("POST", f"/numbers/{n}/sms-sender", {"smsSenderId": "Acme"}),
        ("POST", f"/numbers/{n}/caller-id", {"callerIdName": "Acme"}),
        ("PATCH", f"/connections/{c}", {"name": "mine now"}),
        ("DELETE", f"/connections/{c}", None),
        ("POST", "/messages", {"fromNumberId": n, "to": "+15555550123", "body": "Hi"}),
        ("POST", "/calls", {"fromNumberId": n, "to": "+15555550123"}),
        ("POST", "/consent/revoke", {"numberId": n, "peerNumber": "+15555550123"}),
    ):
        answer = await stage.during(stranger.request(method, path, json=body))
        assert answer.status_code == 404, (method, path, answer.text)
    for path in ("/numbers", "/connections", "/calls", "/messages", "/consent"):
        assert (await stranger.get(path)).json() == []
    await stranger.aclose()


async def test_live_and_test_keys_see_disjoint_data(stage: Stage) -> None:
    from saperly_server import identity
    from saperly_server.core.db import Tenant
    from saperly_server.identity import ALL, Grant

    number = await stage.line()
    tenant = Tenant(stage.customer.tenant.workspace_id, "test")
    async with stage.process.services.db.system() as tx:
        minted = await identity.mint_root(tx, tenant, "test", Grant(ALL), "system")
    tester = stage.client_with(minted.plaintext)
    assert (await tester.get("/numbers")).json() == []
    assert (await tester.get(f"/numbers/{number['id']}")).status_code == 404
    assert (await tester.get("/usage")).json()["balanceCents"] == 0
    assert [key["id"] for key in (await tester.get("/api-tokens")).json()] == [minted.key.id]
    await tester.aclose()
