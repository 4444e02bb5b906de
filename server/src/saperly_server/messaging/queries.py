"""Reading messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select

from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.pagination import Page, newest_of

from .contracts import Message
from .models import messages


def to_message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        number_id=row.number_id,
        direction=row.direction,
        to=row.to_number,
        from_=row.from_number,
        body=row.body,
        segments=row.segments,
        status=row.status,
        created_at=row.created_at,
    )


async def list_messages(
    tx: TenantTx, page: Page, number_id: str | None, allowed: frozenset[str] | None
) -> list[Message]:
    """Messages of this environment, newest first: sent from or received on `number_id`, or on any number allowed."""
    query = select(messages).where(messages.c.environment == tx.tenant.environment)
    wanted = allowed
    if number_id is not None:
        wanted = frozenset({number_id}) if allowed is None else allowed & {number_id}
    return [to_message(row) for row in await tx.all(newest_of(query, messages.c.number_id, wanted, page))]


async def message_row(tx: Tx, tenant: Tenant, message_id: str) -> Row[Any]:
    row = await tx.one(
        select(messages).where(messages.c.workspace_id == tenant.workspace_id, messages.c.id == message_id)
    )
    assert row is not None
    return row


async def count_since(tx: TenantTx, start: datetime) -> int:
    """Messages of this environment, both ways, from an instant on; those that never left are not counted."""
    count = await tx.scalar(
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.environment == tx.tenant.environment,
            messages.c.created_at >= start,
            messages.c.purpose == "customer",
            or_(messages.c.direction == "inbound", messages.c.handed_off_at.is_not(None)),
        )
    )
    return int(count or 0)
