"""Workspaces for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from saperly_server import identity, ledger
from saperly_server.core.db import Database, Tenant
from saperly_server.core.ids import new_id
from saperly_server.identity import ALL, Caller, Grant, WorkspaceLimits

START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
"""The instant at which tests begin."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A workspace with money and a root key in one environment."""

    tenant: Tenant
    caller: Caller
    secret: str


async def new_customer(db: Database, *, environment: str = "live", cents: int = 500, quota: int = 25) -> Customer:
    """A customer of their own: tests that share a database never share a workspace."""
    limits = WorkspaceLimits(["US", "CA", "GB"], quota, 100)
    async with db.system() as tx:
        workspace = await identity.create_workspace(tx, "Acme", new_id("acme").lower(), limits)
        tenant = Tenant(workspace.id, environment)
        for name in ("live", "test"):
            await ledger.open_account(tx, Tenant(workspace.id, name))
        if cents:
            await ledger.promote(tx, tenant, cents, "signup")
        minted = await identity.mint_root(tx, tenant, "root", Grant(ALL), "system")
    caller = Caller(tenant, minted.key.id, (minted.key.id,), Grant(ALL))
    return Customer(tenant, caller, minted.plaintext)
