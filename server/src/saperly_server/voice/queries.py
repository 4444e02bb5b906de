"""Reading calls and transcripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, false, func, select, true

from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.pagination import Page, newest_of

from .contracts import Call, CallUsage, TranscriptTurn
from .errors import CallNotFound
from .models import calls, transcript_turns

_MICROS_PER_CENT = 1_000_000
# One look-up for each call that is shown: an `exists` may be answered by reading all transcripts first.
_has_transcript = func.coalesce(
    select(true())
    .where(transcript_turns.c.workspace_id == calls.c.workspace_id, transcript_turns.c.call_id == calls.c.id)
    .limit(1)
    .scalar_subquery(),
    false(),
)


def _select() -> Select[Any]:
    return select(calls, _has_transcript.label("has_transcript"))


def to_call(row: Row[Any]) -> Call:
    rate = row.rate_micros_per_min / _MICROS_PER_CENT
    return Call(
        id=row.id,
        number_id=row.number_id,
        direction=row.direction,
        to=row.to_number,
        from_=row.from_number,
        status=row.status,
        rate_cents_per_min=int(rate) if rate.is_integer() else rate,
        duration_sec=row.duration_sec,
        cost_cents=row.cost_cents,
        has_recording=False,
        has_transcript=row.has_transcript,
        created_at=row.created_at,
    )


async def call_row(tx: Tx, tenant: Tenant, call_id: str) -> Row[Any]:
    """The whole row of a call. CallNotFound when there is none in this environment."""
    row = await tx.one(
        _select().where(
            calls.c.workspace_id == tenant.workspace_id,
            calls.c.environment == tenant.environment,
            calls.c.id == call_id,
        )
    )
    if row is None:
        raise CallNotFound(call_id)
    return row


async def get_call(tx: TenantTx, call_id: str) -> Call:
    return to_call(await call_row(tx, tx.tenant, call_id))


async def list_calls(tx: TenantTx, page: Page, allowed: frozenset[str] | None) -> list[Call]:
    """Calls of this environment, newest first; only of the numbers the caller may use."""
    query = _select().where(calls.c.environment == tx.tenant.environment)
    return [to_call(row) for row in await tx.all(newest_of(query, calls.c.number_id, allowed, page))]


async def transcript(tx: TenantTx, call_id: str) -> list[TranscriptTurn]:
    """What was said and heard on a call, in order; empty when nothing was."""
    rows = await tx.all(
        select(transcript_turns).where(transcript_turns.c.call_id == call_id).order_by(transcript_turns.c.seq)
    )
    return [TranscriptTurn(row.role, row.text, row.heard, row.interrupted, row.at) for row in rows]


async def usage_since(tx: TenantTx, start: datetime) -> CallUsage:
    row = await tx.one(
        select(
            func.count(),
            func.coalesce(func.sum(calls.c.cost_cents), 0),
            func.coalesce(func.sum(calls.c.duration_sec), 0),
        ).where(calls.c.environment == tx.tenant.environment, calls.c.created_at >= start)
    )
    assert row is not None
    return CallUsage(*(int(value) for value in row))
