"""Placing calls: through the gate, dialled at the carrier, and the dial's outcome on the record."""

from __future__ import annotations

import asyncio

from saperly_carriers.port import CallHandle, CarrierError, DialRequest, Op
from sqlalchemy import update

from saperly_server import idempotency, outbox
from saperly_server.compliance import destination, state_of
from saperly_server.core.db import Tenant
from saperly_server.core.errors import SaperlyError
from saperly_server.gate import Admitted, Intent, Repeated
from saperly_server.identity import Caller
from saperly_server.numbers import Number
from saperly_server.outbox import Operation

from .contracts import Call
from .engine import inputs
from .errors import CallStartFailed
from .models import calls
from .planning import CallSetup, outbound_setup, stored_setup
from .queries import call_row, to_call
from .runtime import LiveCall
from .switchboard import Switchboard, row_of

DIAL = "call.dial"
_RING_SEC = 45.0


async def place(
    board: Switchboard,
    caller: Caller,
    number_id: str,
    to: str,
    *,
    connection_id: str | None,
    instructions: str | None,
    scope: idempotency.Scope | None,
) -> Call | Repeated:
    """Dial out: the gate's admission, then the network's answer to the dial, for which it waits a bounded time.

    Raises NumberHasNoConnection, the gate's refusals, and CallStartFailed when the network refused the dial.
    """
    caller.require_number(number_id)
    try:
        async with board.db.tenant(caller.tenant) as tx:
            setup = await outbound_setup(tx, board.rates, board.secrets, number_id, to, connection_id)
    except SaperlyError:
        # What has changed since does not change the answer to a request that is repeated.
        earlier = None if scope is None else await board.gate.remembered(scope)
        if earlier is None:
            raise
        return earlier
    admission = await board.gate.admit(_intent(board, caller, setup, to, instructions, scope))
    if isinstance(admission, Repeated):
        return admission
    call = board.begin(caller.tenant, setup, admission.intent.hold_id, peer=to, instructions=instructions)
    task = asyncio.ensure_future(_dial(board, call, admission, setup.number))
    if await outbox.wait_at_most(board.clock, task, board.wait_sec):
        task.result()
    return await board.get(caller.tenant, call.facts.call_id)


def _intent(
    board: Switchboard,
    caller: Caller,
    setup: CallSetup,
    to: str,
    instructions: str | None,
    scope: idempotency.Scope | None,
) -> Intent:
    where = destination(to, "call", simulated=board.is_simulated(caller.tenant))
    return Intent(
        kind="call",
        tenant=caller.tenant,
        id=setup.plan.call_id,
        caller=caller,
        number_id=setup.number.id,
        to=to,
        country=where.country,
        refused=where.refused,
        amount_cents=setup.first_hold_cents,
        row=stored_setup(setup, instructions=instructions),
        handoff=DIAL,
        idempotency=scope,
    )


async def _dial(board: Switchboard, call: LiveCall, admitted: Admitted, number: Number) -> None:
    tenant, plan, line = call.facts.tenant, call.state.plan, board.line(call.facts.tenant)
    request = DialRequest(plan.from_number, plan.to_number, number.caller_id_name, _RING_SEC, plan.paid_sec)
    op = Op(admitted.operation.id, outbox.ref_of(tenant, call.facts.call_id))
    try:
        handle = await outbox.carry_out(
            board.clock,
            admitted.operation,
            lambda: line.dial(request, op),
            lambda: line.find(op),
            repeatable=board.carriers[tenant.environment].caps.command_idempotency_s > 0,
            is_withdrawn=lambda: _is_withdrawn(board, call),
        )
    except outbox.Unresolved as unresolved:
        async with board.db.system() as tx:
            await outbox.postpone(tx, admitted.operation, unresolved.retry_after_sec)
    except CarrierError as refused:
        await dial_failed(board, call, admitted.operation, refused)
        raise CallStartFailed(refused.message).about(call.facts.call_id) from refused
    else:
        await dialled(board, call, admitted.operation, handle)


async def _is_withdrawn(board: Switchboard, call: LiveCall) -> bool:
    async with board.db.system() as tx:
        return await state_of(tx, call.facts.tenant, call.facts.number_id, call.facts.peer) == "opted_out"


async def dialled(board: Switchboard, call: LiveCall, operation: Operation, handle: CallHandle) -> None:
    """The network took the dial: its name for the call goes on the record."""
    board.live.connect(call, handle)
    async with board.db.system() as tx:
        await tx.run(update(calls).where(*row_of(call.facts)).values(carrier_call_id=handle.call_id))
        await outbox.finish(tx, operation, {"callId": handle.call_id})


async def dial_failed(board: Switchboard, call: LiveCall, operation: Operation, refused: CarrierError) -> None:
    """The network certainly did not start it: the call ends as failed and its hold is released."""
    now = board.clock.now()
    await call.feed(inputs.CarrierEnded(inputs.Outcome.FAILED, now, inputs.EndedBy.NETWORK, None, 0))
    async with board.db.system() as tx:
        await outbox.finish(tx, operation, {"refused": refused.code})


async def outcome(board: Switchboard, tenant: Tenant, call_id: str) -> Call | None:
    """A placed call once the network answered the dial; None before. CallStartFailed when it refused."""
    async with board.db.tenant(tenant) as tx:
        row = await call_row(tx, tenant, call_id)
    if row.carrier_call_id is None and row.status == "failed":
        raise CallStartFailed(row.end_reason or "The network refused the call.").about(call_id)
    return None if row.carrier_call_id is None else to_call(row)
