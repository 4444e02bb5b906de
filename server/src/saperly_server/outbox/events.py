"""What carriers report: stored before it is acknowledged, applied once, tried again when applying fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from saperly_carriers.port import CarrierEvent, EventKind
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from saperly_server.core.db import Tx

from .models import carrier_events

RETRY_SEC = (1.0, 5.0, 30.0, 120.0, 600.0)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A carrier's event as it is kept: `call_id`, `message_id`, `order_id` are the carrier's own identifiers."""

    carrier: str
    event_id: str
    kind: EventKind
    ref: str | None
    call_id: str | None
    message_id: str | None
    order_id: str | None
    occurred_at: datetime
    data: dict[str, Any]
    attempts: int = 0


def kept_form(carrier: str, event: CarrierEvent) -> dict[str, Any]:
    """An event as a row of `carrier_events`, in JSON."""
    ids = {"call_id": event.call_id, "message_id": event.message_id, "order_id": event.order_id}
    return {
        "carrier": carrier,
        "event_id": event.event_id,
        "kind": event.kind.value,
        "ref": event.ref,
        "data": {"ids": ids, "event": dict(event.data)},
        "occurred_at": event.occurred_at,
    }


async def store_event(tx: Tx, carrier: str, event: CarrierEvent, lease_sec: float) -> StoredEvent | None:
    """Keep an event, leased to the caller; None when this event was stored before."""
    times = {"received_at": tx.now, "attempts": 0, "due_at": tx.now + timedelta(seconds=lease_sec)}
    row = kept_form(carrier, event) | times
    added = await tx.run(insert(carrier_events).values(row).on_conflict_do_nothing())
    return _stored(carrier, event) if added else None


def _stored(carrier: str, event: CarrierEvent) -> StoredEvent:
    return StoredEvent(
        carrier,
        event.event_id,
        event.kind,
        event.ref,
        event.call_id,
        event.message_id,
        event.order_id,
        event.occurred_at,
        dict(event.data),
    )


async def event_applied(tx: Tx, event: StoredEvent) -> bool:
    """Mark it applied, in the transaction of its effect. False when somebody else did."""
    done = await tx.run(
        update(carrier_events)
        .where(*_this(event), carrier_events.c.applied_at.is_(None))
        .values(applied_at=tx.now, due_at=None)
    )
    return done == 1


async def event_failed(tx: Tx, event: StoredEvent) -> None:
    """Try again later: each time later, at last every ten minutes."""
    delay = RETRY_SEC[min(event.attempts, len(RETRY_SEC) - 1)]
    await tx.run(
        update(carrier_events)
        .where(*_this(event), carrier_events.c.applied_at.is_(None))
        .values(attempts=event.attempts + 1, due_at=tx.now + timedelta(seconds=delay))
    )


async def claim_events(tx: Tx, lease_sec: float, limit: int) -> list[StoredEvent]:
    """Take over events that are stored but not applied."""
    due = (
        select(carrier_events.c.carrier, carrier_events.c.event_id)
        .where(carrier_events.c.applied_at.is_(None), carrier_events.c.due_at <= tx.now)
        .order_by(carrier_events.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = await tx.all(
        update(carrier_events)
        .where(carrier_events.c.carrier == due.c.carrier, carrier_events.c.event_id == due.c.event_id)
        .values(due_at=tx.now + timedelta(seconds=lease_sec))
        .returning(carrier_events)
    )
    return sorted((_event(row) for row in rows), key=lambda event: event.occurred_at)


def _event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(
        row.carrier,
        row.event_id,
        EventKind(row.kind),
        row.ref,
        **row.data["ids"],
        occurred_at=row.occurred_at,
        data=row.data["event"],
        attempts=row.attempts,
    )


def _this(event: StoredEvent) -> tuple[Any, ...]:
    return (carrier_events.c.carrier == event.carrier, carrier_events.c.event_id == event.event_id)
