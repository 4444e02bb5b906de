"""Texts as they happen: read from the events that are recorded with every message."""

from __future__ import annotations

import asyncio

import structlog

from saperly_server.core.db import Database
from saperly_server.webhooks import Event as RecordedEvent
from saperly_server.webhooks import events_after, latest_seq

from .story import Event, Tell, Totals

_EVERY_SEC = 0.5
_OVERLAP = 100
_BATCH = 500
_logger = structlog.get_logger(__name__)


async def watch_messages(db: Database, workspace_id: str, tell: Tell, totals: Totals) -> None:
    """Tell of each message once, until cancelled. The last places are read again: events that overlap may appear late."""
    async with db.system() as tx:
        floor = last = await latest_seq(tx, workspace_id)
    seen: set[int] = set()
    while True:
        await asyncio.sleep(_EVERY_SEC)
        try:
            async with db.system() as tx:
                found = await events_after(tx, workspace_id, max(floor, last - _OVERLAP), _BATCH)
        except Exception:
            _logger.warning("the events of messages cannot be read", exc_info=True)
            continue
        for event in found:
            if event.seq not in seen and event.event_type.startswith("message."):
                totals.messages += event.event_type != "message.finalized"
                tell(told(event))
        last = max([last, *(event.seq for event in found)])
        seen = {event.seq for event in found if event.seq > last - _OVERLAP}


def told(event: RecordedEvent) -> Event:
    return {
        "event": event.event_type,
        "at": event.created_at.isoformat(),
        "environment": event.environment,
        **event.payload,
    }
