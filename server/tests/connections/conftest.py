"""A desk at which one customer's connections and voices are made, and a stranger from whom they must be hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from saperly_server import audit, connections
from saperly_server.connections import Connection, ConnectionChange, ConnectionDraft, CustomVoiceDraft, Sample
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Database, Tenant
from saperly_server.core.pagination import Page

from ..conftest import Customer, new_customer

UPLOAD = CustomVoiceDraft("Ana", "es-MX", "female", b"RIFF....")


@dataclass(frozen=True, slots=True)
class Desk:
    """One customer at work, each step in a transaction of its own."""

    db: Database
    tenant: Tenant
    box: SecretBox

    @property
    def test_tenant(self) -> Tenant:
        return Tenant(self.tenant.workspace_id, "test")

    async def make(self, **fields: Any) -> Connection:
        local = fields.pop("local_urls", False)
        draft = ConnectionDraft(**{"name": "support", **fields})
        async with self.db.tenant(self.tenant) as tx:
            return await connections.create_connection(tx, draft, "key:test", self.box, local_urls=local)

    async def change(self, connection_id: str, **fields: Any) -> Connection:
        local = fields.pop("local_urls", False)
        change = ConnectionChange(**fields)
        async with self.db.tenant(self.tenant) as tx:
            return await connections.update_connection(
                tx, connection_id, change, "key:test", self.box, local_urls=local
            )

    async def read(
        self, connection_id: str, *, tenant: Tenant | None = None, box: SecretBox | None = None
    ) -> Connection:
        """With its secrets, opened by `box` or this deployment's."""
        async with self.db.tenant(tenant or self.tenant) as tx:
            return await connections.get_connection(tx, connection_id, secrets=box or self.box)

    async def delete(self, connection_id: str, *, tenant: Tenant | None = None) -> None:
        async with self.db.tenant(tenant or self.tenant) as tx:
            await connections.delete_connection(tx, connection_id, "key:test")

    async def upload(self, draft: CustomVoiceDraft = UPLOAD) -> str:
        """A custom voice, still pending; its id."""
        async with self.db.tenant(self.tenant) as tx:
            return (await connections.create_custom_voice(tx, draft, Sample("wav", 3.0), "key:test")).id

    async def activate(self) -> int:
        async with self.db.system() as tx:
            return await connections.activate_pending(tx)

    async def delete_voice(self, voice_id: str) -> None:
        async with self.db.tenant(self.tenant) as tx:
            await connections.delete_custom_voice(tx, voice_id, "key:test")

    async def trail(self, target: str) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of the audit events about `target`, oldest first."""
        async with self.db.tenant(self.tenant) as tx:
            events = await audit.list_events(tx, Page(1000))
        return [(one.event_type, one.data) for one in reversed(events) if one.target_id == target]


@pytest.fixture
def desk(db: Database, customer: Customer) -> Desk:
    return Desk(db, customer.tenant, SecretBox("a key of the deployment"))


@pytest.fixture
async def stranger(db: Database) -> Tenant:
    return (await new_customer(db)).tenant
