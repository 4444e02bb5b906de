"""Writing and checking the trail."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import func, insert, select, text

from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.ids import new_id
from saperly_server.core.pagination import Page

from .contracts import AuditEvent, ChainReport
from .models import audit_events, audit_heads


async def open_trail(tx: Tx, workspace_id: str) -> None:
    """Begin the chain of a new workspace."""
    await tx.run(insert(audit_heads).values(workspace_id=workspace_id, seq=0, hash=b""))


async def record(
    tx: Tx,
    tenant: Tenant,
    actor: str,
    event_type: str,
    target_type: str,
    target_id: str,
    data: dict[str, Any],
) -> None:
    """Append one event in the caller's transaction. It is there if and only if the change it tells of is."""
    await tx.call(
        "audit_append",
        workspace_id=tenant.workspace_id,
        environment=tenant.environment,
        id=new_id("aud"),
        event_type=event_type,
        target_type=target_type,
        target_id=target_id,
        actor=actor,
        data=orjson.dumps(data).decode(),
        now=tx.now,
    )


async def list_events(tx: TenantTx, page: Page) -> list[AuditEvent]:
    """The workspace's events in this environment, newest first."""
    query = (
        select(audit_events)
        .where(audit_events.c.environment == tx.tenant.environment)
        .order_by(audit_events.c.seq.desc())
        .limit(page.limit)
    )
    if page.cursor is not None:
        place = select(audit_events.c.seq).where(audit_events.c.id == page.cursor).scalar_subquery()
        query = query.where(audit_events.c.seq < place)
    rows = await tx.all(query)
    return [AuditEvent(**{name: row._mapping[name] for name in AuditEvent.__dataclass_fields__}) for row in rows]


_FIRST_BREAK = text("""
    select seq, id from (
        select seq, id, hash, audit_content(a) as content, coalesce(lag(hash) over w, ''::bytea) as previous,
               lag(seq, 1, 0::bigint) over w as before
        from audit_events a where workspace_id = :workspace_id
        window w as (order by seq)
    ) chained
    where before <> seq - 1 or hash <> sha256(previous || content)
    order by seq limit 1
""")


async def verify(tx: Tx, workspace_id: str) -> ChainReport:
    """Recompute one workspace's chain from its first row; the report names the first row that does not fit."""
    broken = await tx.one(_FIRST_BREAK, {"workspace_id": workspace_id})
    if broken is not None:
        return ChainReport(workspace_id, broken.seq - 1, broken.seq, f"row {broken.id} does not match its hash")
    mine = audit_events.c.workspace_id == workspace_id
    last = await tx.one(
        select(audit_events.c.seq, audit_events.c.hash).where(mine).order_by(audit_events.c.seq.desc()).limit(1)
    )
    head = await tx.one(select(audit_heads.c.seq, audit_heads.c.hash).where(audit_heads.c.workspace_id == workspace_id))
    count = await tx.scalar(select(func.count()).select_from(audit_events).where(mine))
    if head is None or (last is not None and tuple(last) != tuple(head)) or (last is None and head.seq != 0):
        return ChainReport(workspace_id, count, count + 1, "the last rows of the trail are missing")
    return ChainReport(workspace_id, count, None, None)
