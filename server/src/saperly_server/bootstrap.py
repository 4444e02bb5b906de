"""What a new database begins with: a workspace, its owner, credit to try things with, and a root key of each environment.

Root keys have no parent. They are made here only: once when the first workspace is, and later by whoever can reach the
database itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from . import identity, ledger
from .core.db import Database, Tenant, Tx
from .core.settings import Settings
from .identity import ALL, Grant, Workspace, WorkspaceLimits
from .ledger import RateCard

ENVIRONMENTS = ("live", "test")
_NAME, _SLUG = "My workspace", "my-workspace"
_OWNER = ("Owner", "owner@localhost")
_CAUSE = "signup"
_LOCK = 7_305_217_300_002


@dataclass(frozen=True, slots=True)
class RootKeys:
    """A new root key of each environment in plaintext, which exists here only."""

    live: str
    test: str


@dataclass(frozen=True, slots=True)
class Home:
    """The first workspace of a database. `keys` are there in the one start that made it."""

    workspace: Workspace
    keys: RootKeys | None


async def first_workspace(db: Database, rates: RateCard, settings: Settings) -> Home:
    """The first workspace, made when the database has none. Of several servers that start at once, one makes it."""
    async with db.system() as tx:
        await tx.scalar(select(func.pg_advisory_xact_lock(_LOCK)))
        found = await identity.first_workspace(tx)
        if found is not None:
            return Home(found, None)
        limits = WorkspaceLimits(settings.destinations, settings.number_quota, settings.concurrent_calls)
        workspace = await identity.create_workspace(tx, _NAME, _SLUG, limits)
        await identity.add_member(tx, workspace.id, *_OWNER, role="owner", system_role="admin")
        for environment in ENVIRONMENTS:
            await _open_account(tx, Tenant(workspace.id, environment), rates.signup_credit_cents)
        return Home(workspace, await mint_root_keys(tx, workspace.id, "Root", "system"))


async def _open_account(tx: Tx, tenant: Tenant, credit_cents: int) -> None:
    await ledger.open_account(tx, tenant)
    if credit_cents:
        await ledger.promote(tx, tenant, credit_cents, _CAUSE)


async def mint_root_keys(tx: Tx, workspace_id: str, name: str, actor: str) -> RootKeys:
    """A new root key of each environment, with every scope, no cap and no end."""
    live, test = [
        await identity.mint_root(tx, Tenant(workspace_id, environment), name, Grant(ALL), actor)
        for environment in ENVIRONMENTS
    ]
    return RootKeys(live.plaintext, test.plaintext)
