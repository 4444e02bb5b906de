"""Workspaces to simulate: made by the features themselves, as an operator makes them."""

from __future__ import annotations

from dataclasses import dataclass

from saperly_server import identity, ledger
from saperly_server.core.db import Database, Tenant
from saperly_server.core.ids import new_id
from saperly_server.identity import ALL, Grant, WorkspaceLimits

DESTINATIONS = ("US", "CA", "GB")


@dataclass(frozen=True, slots=True)
class Customer:
    """A workspace in one environment, and its root key."""

    tenant: Tenant
    key_id: str
    secret: str


async def new_customer(db: Database, name: str, cents: int, *, quota: int = 25, calls: int = 100) -> Customer:
    """A workspace with `cents` of credit."""
    async with db.system() as tx:
        limits = WorkspaceLimits(DESTINATIONS, quota, calls)
        workspace = await identity.create_workspace(tx, name, new_id("ws").lower(), limits)
        for environment in ("live", "test"):
            await ledger.open_account(tx, Tenant(workspace.id, environment))
        tenant = Tenant(workspace.id, "live")
        if cents:
            await ledger.promote(tx, tenant, cents, "signup")
        minted = await identity.mint_root(tx, tenant, "root", Grant(ALL), "system")
    return Customer(tenant, minted.key.id, minted.plaintext)
