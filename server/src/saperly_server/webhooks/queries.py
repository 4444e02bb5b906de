"""Reading events."""

from __future__ import annotations

from sqlalchemy import func, select

from saperly_server.core.db import Tx

from .contracts import Event
from .models import events


async def events_after(tx: Tx, workspace_id: str, seq: int, limit: int) -> list[Event]:
    """A workspace's events of both environments behind a place in their order, the oldest first."""
    query = select(events).where(events.c.workspace_id == workspace_id, events.c.seq > seq)
    rows = await tx.all(query.order_by(events.c.seq).limit(limit))
    return [Event(**{name: row._mapping[name] for name in Event.__dataclass_fields__}) for row in rows]


async def latest_seq(tx: Tx, workspace_id: str) -> int:
    """The place of a workspace's latest event; 0 before the first."""
    return int(await tx.scalar(select(func.max(events.c.seq)).where(events.c.workspace_id == workspace_id)) or 0)
