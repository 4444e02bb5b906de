"""Commands for a live call: end it, put it through."""

from __future__ import annotations

import asyncio

from sqlalchemy import update

from saperly_server import outbox
from saperly_server.audit import record
from saperly_server.identity import Caller

from .contracts import Call
from .engine import inputs
from .errors import CallNotFound, CallStartFailed
from .models import calls
from .switchboard import Switchboard

_END_WAIT_SEC = 3.0


async def end(board: Switchboard, caller: Caller, call_id: str, reported_sec: float | None) -> Call:
    """Hang up and wait a moment for the settled call. Ending an ended call changes nothing.

    `reported_sec` is recorded beside the measured duration; it never lowers what is charged.
    """
    await _authorise(board, caller, call_id)
    if reported_sec is not None:
        async with board.db.tenant(caller.tenant) as tx:
            reported = {"reported_duration_sec": round(reported_sec)}
            await tx.run(update(calls).where(calls.c.id == call_id).values(**reported))
    live = board.live.get(call_id)
    if live is not None:
        await live.feed(inputs.EndRequested("ended_by_api", caller.actor))
        ended = asyncio.ensure_future(live.ended.wait())
        await outbox.wait_at_most(board.clock, ended, _END_WAIT_SEC)
        ended.cancel()
    return await board.get(caller.tenant, call_id)


async def transfer(board: Switchboard, caller: Caller, call_id: str, to: str) -> Call:
    """Put the peer through to somebody else. CallStartFailed when that is refused or the call is over."""
    await _authorise(board, caller, call_id)
    live = board.live.get(call_id)
    if live is None:
        raise CallStartFailed("The call has ended.")
    refused = await board.refuses_transfer(live.facts, to)
    kind = "transfer.requested" if refused is None else "transfer.refused"
    async with board.db.tenant(caller.tenant) as tx:
        await record(tx, caller.tenant, caller.actor, kind, "call", call_id, {"to": to, "reason": refused})
    if refused is not None:
        raise CallStartFailed(f"The transfer is not allowed: {refused.replace('_', ' ')}.")
    await live.feed(inputs.TransferRequested(to))
    error = live.take_transfer_error()
    if error is not None:
        raise CallStartFailed(error.message)
    return await board.get(caller.tenant, call_id)


async def _authorise(board: Switchboard, caller: Caller, call_id: str) -> None:
    """CallNotFound for another environment's call and for one of a number that the key may not use."""
    if not caller.may_use((await board.get(caller.tenant, call_id)).number_id):
        raise CallNotFound(call_id)
