"""Recording events."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from saperly_server.core.db import Tenant, Tx
from saperly_server.core.ids import new_id

from .models import events


async def emit(tx: Tx, tenant: Tenant, event_type: str, number_id: str | None, payload: dict[str, Any]) -> str:
    """Record an event in the caller's transaction: it exists if and only if the change it tells of is committed."""
    event_id = new_id("evt")
    await tx.run(
        insert(events).values(
            workspace_id=tenant.workspace_id,
            id=event_id,
            environment=tenant.environment,
            event_type=event_type,
            number_id=number_id,
            payload=payload if number_id is None else {"numberId": number_id, **payload},
            created_at=tx.now,
        )
    )
    return event_id
