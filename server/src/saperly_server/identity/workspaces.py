"""Workspaces and the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select

from saperly_server.audit import open_trail, record
from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.ids import new_id

from .contracts import Member, Workspace
from .models import members, workspaces
from .scopes import ROLES


@dataclass(frozen=True, slots=True)
class WorkspaceLimits:
    """What a new workspace may do at once, and where it may call and text (ISO 3166-1 alpha-2)."""

    destinations: Sequence[str]
    number_quota: int
    concurrent_calls: int


async def create_workspace(tx: Tx, name: str, slug: str, limits: WorkspaceLimits) -> Workspace:
    """A new tenant with the head of its audit trail."""
    workspace = Workspace(new_id("ws"), slug, name, frozenset(limits.destinations), tx.now)
    await open_trail(tx, workspace.id)
    await tx.run(
        insert(workspaces).values(
            workspace_id=workspace.id,
            slug=slug,
            name=name,
            destinations=list(limits.destinations),
            number_quota=limits.number_quota,
            concurrent_calls=limits.concurrent_calls,
            created_at=tx.now,
        )
    )
    await record(
        tx,
        Tenant(workspace.id, "live"),
        "system",
        "workspace.created",
        "workspace",
        workspace.id,
        {"slug": slug},
    )
    return workspace


async def add_member(tx: Tx, workspace_id: str, name: str, email: str, role: str, system_role: str = "user") -> Member:
    """A person with a role. ValueError for a role that does not exist."""
    if role not in ROLES:
        raise ValueError(role)
    member = Member(new_id("mem"), name, email, None, role, system_role)
    await tx.run(
        insert(members).values(
            workspace_id=workspace_id,
            id=member.id,
            name=name,
            email=email,
            role=role,
            system_role=system_role,
            created_at=tx.now,
        )
    )
    data = {"email": email, "role": role}
    await record(tx, Tenant(workspace_id, "live"), "system", "member.added", "member", member.id, data)
    return member


async def list_members(tx: TenantTx) -> list[Member]:
    rows = await tx.all(select(members).order_by(members.c.created_at.desc()))
    return [Member(row.id, row.name, row.email, row.image, row.role, row.system_role) for row in rows]


async def first_workspace(tx: Tx) -> Workspace | None:
    """The oldest workspace; None on a new database."""
    row = await tx.one(select(workspaces).order_by(workspaces.c.created_at).limit(1))
    return None if row is None else _workspace(row)


async def workspace_ids(tx: Tx) -> list[str]:
    """Every workspace of the deployment, the oldest first."""
    rows = await tx.all(select(workspaces.c.workspace_id).order_by(workspaces.c.created_at, workspaces.c.workspace_id))
    return [row.workspace_id for row in rows]


async def workspace_of(tx: Tx, workspace_id: str) -> Workspace:
    row = await tx.one(select(workspaces).where(workspaces.c.workspace_id == workspace_id))
    assert row is not None
    return _workspace(row)


async def stop_spending(tx: Tx, workspace_id: str) -> None:
    """Refuse every further admission of a workspace whose books do not add up, until an operator has looked."""
    await tx.run(
        workspaces.update().where(workspaces.c.workspace_id == workspace_id).values(spending_stopped_at=func.now())
    )


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(row.workspace_id, row.slug, row.name, frozenset(row.destinations), row.created_at)
