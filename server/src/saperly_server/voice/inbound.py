"""Taking calls: answered by the number's handler, or refused with a reason that the caller's side learns."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog
from saperly_carriers.port import CallHandle, Calls, CallState, CarrierError, CarrierRejected, Op, RejectCause
from sqlalchemy import insert, select, update

from saperly_server import outbox
from saperly_server.audit import record
from saperly_server.compliance import imply
from saperly_server.core.db import Tenant
from saperly_server.core.errors import SaperlyError, slug
from saperly_server.core.ids import new_id
from saperly_server.gate import Admitted, Intent
from saperly_server.ledger import InsufficientFunds, lock
from saperly_server.numbers import Number, find_by_e164
from saperly_server.outbox import StoredEvent
from saperly_server.webhooks import emit

from .engine import inputs
from .events import to_input
from .models import calls
from .planning import CallSetup, inbound_setup, stored_setup
from .runtime import LiveCall
from .switchboard import Switchboard, row_of

_logger = structlog.get_logger(__name__)
_VOUCHED = ("A", "B")
"""Attestations by which the network says that the caller is who the number says."""
ANONYMOUS = "anonymous"
"""What stands in place of the number of a caller who withholds it."""


async def incoming(board: Switchboard, event: StoredEvent) -> None:
    """A call came in. One for a number that is not ours, has no handler or no money is refused.

    One that is on the record already stays as it is: the process that took it died before it had said so.
    """
    line, handle = board.line_of(event.carrier), CallHandle(event.call_id or "")
    async with board.db.system() as tx:
        if await tx.one(select(calls.c.id).where(calls.c.carrier_call_id == handle.call_id)) is not None:
            return
        found = await find_by_e164(tx, event.data["to"])
    if found is None:
        await _turn_away(line, event, RejectCause.NOT_FOUND)
        return
    tenant, number = found
    async with board.db.tenant(tenant) as tx:
        setup = await inbound_setup(tx, board.rates, board.secrets, number, _from(event))
    if setup is None:
        await _refuse(board, tenant, number, event, "failed", "no_connection")
        await _turn_away(line, event, RejectCause.UNAVAILABLE)
        return
    try:
        admission = await board.gate.admit(_intent(tenant, setup, handle))
    except InsufficientFunds:
        await _refuse(board, tenant, number, event, "rejected", "insufficient_funds")
        await _turn_away(line, event, RejectCause.UNAVAILABLE)
        return
    except SaperlyError as refused:
        await _refuse(board, tenant, number, event, "failed", slug(refused.tag))
        await _turn_away(line, event, RejectCause.BUSY)
        return
    assert isinstance(admission, Admitted)
    await _take(board, tenant, setup, admission, handle, event)


def _intent(tenant: Tenant, setup: CallSetup, handle: CallHandle) -> Intent:
    return Intent(
        kind="call",
        tenant=tenant,
        id=setup.plan.call_id,
        caller=None,
        number_id=setup.number.id,
        to=None,
        country=None,
        refused=None,
        amount_cents=setup.first_hold_cents,
        row=stored_setup(setup, carrier_call_id=handle.call_id),
        handoff=None,
        inbound=True,
    )


async def _take(
    board: Switchboard,
    tenant: Tenant,
    setup: CallSetup,
    admission: Admitted,
    handle: CallHandle,
    event: StoredEvent,
) -> None:
    vouched = event.data.get("attestation") in _VOUCHED and event.data["from"] is not None
    call = board.begin(tenant, setup, admission.intent.hold_id, peer=setup.plan.from_number, vouched=vouched)
    board.live.connect(call, handle)
    try:
        await _answer(board, call, handle, setup.plan.paid_sec)
    except CarrierRejected:
        # The caller gave up before we could answer.
        now = board.clock.now()
        await call.feed(inputs.CarrierEnded(inputs.Outcome.CANCELLED, now, inputs.EndedBy.PEER, None, 0))
    except (CarrierError, outbox.Unresolved) as error:
        _logger.warning("call perhaps not answered", call_id=call.facts.call_id, error=str(error))


async def _answer(board: Switchboard, call: LiveCall, handle: CallHandle, limit_sec: int) -> None:
    """Answer. Whether an answer whose outcome is unknown took place, the carrier is asked before it is repeated."""
    tenant, line = call.facts.tenant, board.line(call.facts.tenant)
    operation = outbox.Operation(f"{call.facts.call_id}-answer", tenant, "call.answer", call.facts.call_id)

    async def answer() -> bool:
        await line.answer(handle, Op(operation.id), time_limit_sec=limit_sec)
        return True

    async def is_answered() -> bool | None:
        return (await call.ask_carrier()).state is not CallState.RINGING or None

    repeatable = board.carriers[tenant.environment].caps.command_idempotency_s > 0
    await outbox.carry_out(board.clock, operation, answer, is_answered, repeatable=repeatable)


async def _turn_away(line: Calls, event: StoredEvent, cause: RejectCause) -> None:
    """Do not take the call. One that is over by now needs no refusal any more."""
    with suppress(CarrierRejected):
        await line.reject(CallHandle(event.call_id or ""), cause, _reject(event))


def _from(event: StoredEvent) -> str:
    return str(event.data["from"] or ANONYMOUS)


def _reject(event: StoredEvent) -> Op:
    return Op(f"reject-{event.event_id}")


async def _refuse(
    board: Switchboard, tenant: Tenant, number: Number, event: StoredEvent, status: str, reason: str
) -> None:
    """A call that was not taken is on the record all the same, at no cost; refused for its balance it tells nobody."""
    call_id = new_id("call")
    async with board.db.system() as tx:
        await tx.run(
            insert(calls).values(
                workspace_id=tenant.workspace_id,
                id=call_id,
                environment=tenant.environment,
                number_id=number.id,
                direction="inbound",
                from_number=_from(event),
                to_number=number.phone_number,
                status=status,
                plan={},
                rate_micros_per_min=0,
                duration_sec=0,
                cost_cents=0,
                end_reason=reason,
                carrier_call_id=event.call_id,
                created_at=tx.now,
                ended_at=tx.now,
            )
        )
        await record(tx, tenant, "network", "call.refused", "call", call_id, {"reason": reason})
        if status == "failed":
            await emit(tx, tenant, "call.failed", number.id, _payload(call_id, number, event, reason))


def _payload(call_id: str, number: Number, event: StoredEvent, reason: str) -> dict[str, Any]:
    return {
        "callId": call_id,
        "status": "failed",
        "durationSec": 0,
        "costCents": 0,
        "from": _from(event),
        "to": number.phone_number,
        "hangupCause": reason,
    }


async def carrier_event(board: Switchboard, event: StoredEvent) -> None:
    """An event of a call that is live here; any other is late, or another process's, and changes nothing."""
    call = board.live.at_carrier(event.call_id) or _by_ref(board, event)
    happened = to_input(event)
    if call is None or happened is None:
        return
    if isinstance(happened, inputs.Answered):
        await _answered(board, call, event)
    await call.feed(happened)


def _by_ref(board: Switchboard, event: StoredEvent) -> LiveCall | None:
    """A placed call whose dial has no answer yet, or never will have one: the event brings the carrier's name of it."""
    target = outbox.parse_ref(event.ref)
    call = None if target is None else board.live.get(target[1])
    if call is not None and call.handle is None and event.call_id is not None:
        board.live.connect(call, CallHandle(event.call_id))
    return call


async def _answered(board: Switchboard, call: LiveCall, event: StoredEvent) -> None:
    """The answer is on the record, and a caller the network vouches for has consented by calling."""
    facts = call.facts
    async with board.db.system() as tx:
        await lock(tx, facts.tenant)
        await tx.run(update(calls).where(*row_of(facts)).values(answered_at=event.occurred_at))
        if facts.vouched:
            evidence = {"callId": facts.call_id}
            await imply(tx, facts.tenant, facts.number_id, facts.peer, "inbound_call", evidence)
        await record(tx, facts.tenant, "network", "call.answered", "call", facts.call_id, {})
