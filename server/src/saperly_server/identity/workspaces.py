"""Workspaces and the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select

from saperly_server.audit import open_trail, record
from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.ids import new_id

from .contracts import Member, StoppedWorkspace, Workspace
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


async def stop_spending(tx: Tx, workspace_id: str, actor: str, reason: dict[str, Any]) -> bool:
    """Refuse every further admission of a workspace whose books do not add up, until an operator has looked.

    False when it is stopped already, or does not exist. `reason` goes into the audit trail.
    """
    running = workspaces.c.spending_stopped_at.is_(None)
    stopped = await _set_stopped(tx, workspace_id, tx.now, running)
    if stopped:
        tenant = Tenant(workspace_id, "live")
        await record(tx, tenant, actor, "spending.stopped", "workspace", workspace_id, reason)
    return stopped


async def resume_spending(tx: Tx, workspace_id: str, actor: str) -> bool:
    """Let a workspace spend again. False when it was not stopped, or does not exist."""
    resumed = await _set_stopped(tx, workspace_id, None, workspaces.c.spending_stopped_at.is_not(None))
    if resumed:
        await record(tx, Tenant(workspace_id, "live"), actor, "spending.resumed", "workspace", workspace_id, {})
    return resumed


async def _set_stopped(tx: Tx, workspace_id: str, at: datetime | None, condition: ColumnElement[bool]) -> bool:
    mine = workspaces.c.workspace_id == workspace_id
    return await tx.run(workspaces.update().where(mine, condition).values(spending_stopped_at=at)) == 1


async def stopped_workspaces(tx: Tx) -> list[StoppedWorkspace]:
    """Workspaces whose spending is stopped, the longest stopped first."""
    rows = await tx.all(
        select(workspaces.c.workspace_id, workspaces.c.name, workspaces.c.spending_stopped_at)
        .where(workspaces.c.spending_stopped_at.is_not(None))
        .order_by(workspaces.c.spending_stopped_at)
    )
    return [StoppedWorkspace(row.workspace_id, row.name, row.spending_stopped_at) for row in rows]


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(row.workspace_id, row.slug, row.name, frozenset(row.destinations), row.created_at)
