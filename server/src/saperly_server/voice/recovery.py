"""Calls whose process died: each is taken over once, asked about at the carrier, and ended and settled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from saperly_carriers.port import CallHandle, CallSnapshot, CallState, CarrierError, Op
from sqlalchemy import ARRAY, Row, Text, and_, case, func, literal, not_, select, update

from saperly_server import outbox
from saperly_server.core.db import Tenant, Tx
from saperly_server.outbox import Operation

from .engine import advance, input_from_dict, inputs, plan_from_dict, replay
from .engine.effects import Finish
from .events import from_snapshot
from .lease import LEASE_SEC
from .models import call_inputs, call_owners, calls
from .outbound import DIAL, dial_failed, dialled
from .runtime import CallFacts, Step
from .switchboard import Switchboard

_logger = structlog.get_logger(__name__)
_ASKED_FOR = timedelta(minutes=30)
"""How long a carrier that does not answer is asked about a call: the network's own time limit has ended it by then."""


async def reap(board: Switchboard, limit: int) -> int:
    """End and settle calls whose owner has not been seen for a lease's time; how many there were."""
    held = [call.facts.call_id for call in board.live]
    async with board.db.system() as tx:
        orphans = await _take_over(tx, board.owner, held, limit)
    for row in orphans:
        try:
            await _end(board, row)
        except Exception:
            _logger.exception("orphaned call not ended", call_id=row.id)
    return len(orphans)


async def _take_over(tx: Tx, owner: str, held: list[str], limit: int) -> list[Row[Any]]:
    """Calls whose time is over: that of whoever took them over, else their owner's.

    Of our own calls those in `held` are ours as long as we are here. Any other was admitted without our hearing of it.
    """
    ours = calls.c.owner == owner
    seen_until = case((ours, None), else_=call_owners.c.lease_until)
    held_until = func.coalesce(calls.c.lease_until, seen_until, calls.c.created_at + timedelta(seconds=LEASE_SEC))
    ours_alive = and_(ours, calls.c.id.in_(select(func.unnest(literal(held, ARRAY(Text))))))
    stale = (
        select(calls.c.workspace_id, calls.c.id, held_until.label("seen"))
        .select_from(calls.outerjoin(call_owners, call_owners.c.owner == calls.c.owner))
        .where(calls.c.status == "initiated", held_until < tx.now, not_(ours_alive))
        .limit(limit)
        .with_for_update(of=calls, skip_locked=True)
        .cte("stale")
    )
    rows = await tx.all(
        update(calls)
        .where(calls.c.workspace_id == stale.c.workspace_id, calls.c.id == stale.c.id)
        .values(owner=owner, lease_until=tx.now + timedelta(seconds=LEASE_SEC))
        .returning(*calls.c, stale.c.seen)
    )
    return list(rows)


async def _end(board: Switchboard, row: Row[Any]) -> None:
    facts = _facts(row)
    try:
        snapshot = await _ask_carrier(board, facts, row)
    except CarrierError as error:
        _logger.warning("carrier does not tell about a call", call_id=facts.call_id, code=error.code)
        if board.clock.now() - row.created_at < _ASKED_FOR:
            return  # asked again when this lease has run out
        snapshot = CallSnapshot(CallState.UNKNOWN)
    async with board.db.system() as tx:
        log = await _log_of(tx, facts)
    state = replay(plan_from_dict(row.plan), [(entry.at, input_from_dict(entry.input)) for entry in log])
    now, seq = board.clock.now(), len(log)
    for event in _what_happened(snapshot, row, log):
        state, effects = advance(state, event, now)
        seq += 1
        await board.store.write(facts, Step(seq, event, now, effects))
        if any(isinstance(effect, Finish) for effect in effects):
            return


def _what_happened(snapshot: CallSnapshot, row: Row[Any], log: list[Row[Any]]) -> list[inputs.Input]:
    """The carrier's own account where it has one; else the last moment at which the call was seen alive.

    That is the last renewal of its lease, or the last thing that happened in it since.
    """
    seen = row.seen - timedelta(seconds=LEASE_SEC)
    lost = inputs.OwnerLost(max([seen, row.answered_at or row.created_at, *(entry.at for entry in log[-1:])]))
    return [*from_snapshot(snapshot), lost]


async def _ask_carrier(board: Switchboard, facts: CallFacts, row: Row[Any]) -> CallSnapshot:
    """How the call stands there. One that is still up is hung up: nobody holds its conversation any more."""
    line = board.line(facts.tenant)
    handle = await _handle(board, facts, row.carrier_call_id)
    if handle is None:
        return CallSnapshot(CallState.UNKNOWN)
    snapshot: CallSnapshot = await line.status(handle)
    if snapshot.state in (CallState.RINGING, CallState.ANSWERED):
        await line.hangup(handle, Op(f"{facts.call_id}-orphan"))
        snapshot = await line.status(handle)  # what it measured up to this end is what the call costs
    return snapshot


async def _handle(board: Switchboard, facts: CallFacts, carrier_call_id: str | None) -> CallHandle | None:
    """The carrier's name of the call. Where its answer to the dial was lost, the carrier is asked under the dial's id."""
    if carrier_call_id is not None:
        return CallHandle(carrier_call_id)
    async with board.db.system() as tx:
        dial = await outbox.find(tx, facts.tenant, DIAL, facts.call_id)
    return await board.line(facts.tenant).find(Op(dial.id)) if dial is not None else None


async def _log_of(tx: Tx, facts: CallFacts) -> list[Row[Any]]:
    rows = await tx.all(
        select(call_inputs.c.input, call_inputs.c.at)
        .where(call_inputs.c.workspace_id == facts.tenant.workspace_id, call_inputs.c.call_id == facts.call_id)
        .order_by(call_inputs.c.seq)
    )
    return list(rows)


def _facts(row: Row[Any]) -> CallFacts:
    peer = row.from_number if row.direction == "inbound" else row.to_number
    return CallFacts(
        Tenant(row.workspace_id, row.environment),
        row.id,
        row.number_id,
        peer,
        row.from_number,
        row.to_number,
        row.hold_id,
        row.rate_micros_per_min,
    )


async def carry_out(board: Switchboard, operation: Operation) -> None:
    """A dial whose answer was lost: what the carrier has under its id goes on the record, or it certainly failed."""
    assert operation.kind == DIAL
    line = board.line(operation.tenant)
    try:
        handle = await line.find(Op(operation.id))
    except CarrierError:
        async with board.db.system() as tx:
            await outbox.postpone(tx, operation, 5)
        return
    live = board.live.get(operation.resource_id)
    if live is not None and handle is not None:
        await dialled(board, live, operation, handle)
    elif live is not None:
        await dial_failed(board, live, operation, CarrierError("The dial was lost.", code="dial_lost"))
    else:
        await _note(board, operation, handle)


async def _note(board: Switchboard, operation: Operation, handle: CallHandle | None) -> None:
    """Nobody holds the call: with the carrier's name on record, the reaper can ask about it and end it. One that is over
    for us already is hung up, should it be up."""
    async with board.db.system() as tx:
        found = await tx.one(select(calls.c.status).where(*_this(operation)))
        if handle is not None:
            named = {"carrier_call_id": handle.call_id}
            await tx.run(update(calls).where(*_this(operation), calls.c.carrier_call_id.is_(None)).values(**named))
        await outbox.finish(tx, operation, {"callId": handle.call_id if handle else None})
    if handle is not None and found is not None and found.status != "initiated":
        await board.line(operation.tenant).hangup(handle, Op(f"{operation.resource_id}-orphan"))


def _this(operation: Operation) -> tuple[Any, ...]:
    return (calls.c.workspace_id == operation.tenant.workspace_id, calls.c.id == operation.resource_id)
