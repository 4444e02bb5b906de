"""Sending a message: through the gate, to the carrier, and the outcome on the record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from saperly_carriers.clock import Clock
from saperly_carriers.port import Carrier, CarrierError, Op, Sender, SentMessage
from sqlalchemy import Row, update

from saperly_server import idempotency, ledger, outbox
from saperly_server.audit import record
from saperly_server.compliance import DestinationNotSupported, destination, state_of
from saperly_server.core.batch import Folded
from saperly_server.core.db import Database, Tenant, Tx
from saperly_server.core.ids import new_id
from saperly_server.gate import Admitted, Gate, Intent, Repeated
from saperly_server.identity import Caller
from saperly_server.ledger import RateCard
from saperly_server.outbox import Operation
from saperly_server.webhooks import emit

from .contracts import Message, Status
from .errors import MessageSendFailed
from .models import messages
from .queries import message_row, to_message
from .segments import measure

SEND = "message.send"
_LOOK_UP_AGAIN_SEC = 5.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the carrier needs of a message."""

    sender: Sender
    to: str
    body: str
    segments: int


@dataclass(slots=True)
class Messaging:
    """Sends messages. `wait_sec` bounds how long a request waits for the carrier's answer."""

    db: Database
    gate: Gate
    clock: Clock
    rates: RateCard
    carriers: Mapping[str, Carrier]
    wait_sec: float
    _mark_sent: Folded = field(init=False)

    def __post_init__(self) -> None:
        self._mark_sent = Folded(self.db, "messaging_sent")

    async def send(
        self, caller: Caller, number_id: str, to: str, body: str, scope: idempotency.Scope | None
    ) -> Message | Repeated:
        """Send one message: the gate's admission, then the hand-off, for whose answer it waits a bounded time.

        Raises the gate's refusals, and MessageSendFailed when the network definitely refused (the hold is released).
        """
        caller.require_number(number_id)
        intent = self._intent(caller, number_id, to, body, scope)
        admission = await self.gate.admit(intent)
        if isinstance(admission, Repeated):
            return admission
        made = admission.made
        outgoing = Outgoing(Sender(made["from"], made["senderId"]), to, body, intent.row["segments"])
        task = asyncio.ensure_future(self.hand_off(admission.operation, outgoing))
        sent = await outbox.wait_at_most(self.clock, task, self.wait_sec)
        status = task.result() if sent else Status.QUEUED
        return _accepted(admission, number_id, made, body, status)

    def _intent(self, caller: Caller, number_id: str, to: str, body: str, scope: idempotency.Scope | None) -> Intent:
        measured = measure(body)
        simulated = self.carriers[caller.tenant.environment].name == "simulated"
        where = destination(to, "sms", simulated=simulated)
        cents = self.rates.sms_cents(where.country or "", measured.segments)
        if cents is None and where.refused is None:
            raise DestinationNotSupported(to=to)
        return Intent(
            kind="message",
            tenant=caller.tenant,
            id=new_id("msg"),
            caller=caller,
            number_id=number_id,
            to=to,
            country=where.country,
            refused=where.refused,
            amount_cents=cents or 0,
            row={"body": body, "encoding": measured.encoding, "segments": measured.segments},
            handoff=SEND,
            idempotency=scope,
        )

    async def hand_off(self, operation: Operation, outgoing: Outgoing) -> Status:
        """Give an admitted message to the carrier and record the outcome. MessageSendFailed on a definite no."""
        carrier = self.carriers[operation.tenant.environment]
        desk = carrier.messaging
        assert desk is not None
        op = Op(operation.id, outbox.ref_of(operation.tenant, operation.resource_id))
        try:
            sent = await outbox.carry_out(
                self.clock,
                operation,
                lambda: desk.send(sender=outgoing.sender, to=outgoing.to, text=outgoing.body, op=op),
                lambda: desk.find(op),
                repeatable=carrier.caps.message_idempotency,
                is_withdrawn=lambda: self._is_withdrawn(operation),
            )
        except outbox.Unresolved as unresolved:
            async with self.db.system() as tx:
                await outbox.postpone(tx, operation, unresolved.retry_after_sec)
            return Status.QUEUED
        except CarrierError as refused:
            async with self.db.system() as tx:
                await self.failed(tx, operation, refused.code or "refused")
            raise MessageSendFailed(refused.message).about(operation.resource_id) from refused
        return await self._sent(operation, outgoing, sent)

    async def _is_withdrawn(self, operation: Operation) -> bool:
        async with self.db.system() as tx:
            return await is_withdrawn(
                tx, operation.tenant, await message_row(tx, operation.tenant, operation.resource_id)
            )

    async def withdraw(self, operation: Operation, outgoing: Outgoing, reason: str) -> None:
        """Send it no more. What the carrier has of it already, from a try whose end nobody saw, was sent all the same."""
        desk = self.carriers[operation.tenant.environment].messaging
        assert desk is not None
        try:
            sent = await desk.find(Op(operation.id))
        except CarrierError:
            async with self.db.system() as tx:
                await outbox.postpone(tx, operation, _LOOK_UP_AGAIN_SEC)
            return
        if sent is not None:
            await self._sent(operation, outgoing, sent)
            return
        async with self.db.system() as tx:
            await self.failed(tx, operation, reason)

    async def _sent(self, operation: Operation, outgoing: Outgoing, sent: SentMessage) -> Status:
        """The carrier has it: settled by the parts the carrier counts, never above what was held."""
        parts = min(sent.segments, outgoing.segments)
        item = {
            "workspace_id": operation.tenant.workspace_id,
            "environment": operation.tenant.environment,
            "id": operation.resource_id,
            "operation_id": operation.id,
            "carrier_message_id": sent.message_id,
            "cents": self.rates.sms_cents(_country(outgoing.to), parts),
            "audit_id": new_id("aud"),
            "event_id": new_id("evt"),
        }
        return Status(await self._mark_sent(item, operation.tenant.workspace_id))

    async def failed(self, tx: Tx, operation: Operation, reason: str) -> None:
        """It was not handed off: the hold is released in full. One that was, or that failed before, stays as it is."""
        tenant, message_id = operation.tenant, operation.resource_id
        await ledger.lock(tx, tenant)
        row = await tx.one(
            update(messages)
            .where(*_this(tenant, message_id), messages.c.handed_off_at.is_(None), messages.c.status != Status.FAILED)
            .values(status=Status.FAILED, error=reason, finalized_at=tx.now)
            .returning(messages)
        )
        await outbox.finish(tx, operation, {"refused": reason})
        if row is None:
            return
        if row.hold_id is not None:
            await ledger.release(tx, tenant.workspace_id, row.hold_id)
        await record(tx, tenant, "network", "message.failed", "message", message_id, {"reason": reason})
        await emit(tx, tenant, "message.finalized", row.number_id, _event(row, Status.FAILED))

    async def outcome(self, tenant: Tenant, message_id: str) -> Message | None:
        """An admitted message whose hand-off is decided; None while it is not. MessageSendFailed when it failed."""
        async with self.db.tenant(tenant) as tx:
            row = await message_row(tx, tenant, message_id)
        if row.handed_off_at is None and row.status == Status.FAILED:
            raise MessageSendFailed(row.error or "The network refused the message.").about(message_id)
        return to_message(row) if row.handed_off_at is not None else None


async def is_withdrawn(tx: Tx, tenant: Tenant, row: Row[Any]) -> bool:
    """Has its peer opted out since it was admitted? The platform's own replies go out all the same."""
    state = await state_of(tx, tenant, row.number_id, row.to_number)
    return bool(row.purpose == "customer" and state == "opted_out")


def _accepted(admission: Admitted, number_id: str, made: dict[str, Any], body: str, status: Status) -> Message:
    intent = admission.intent
    return Message(
        id=intent.id,
        number_id=number_id,
        direction="outbound",
        to=intent.to or "",
        from_=made["from"],
        body=body,
        segments=intent.row["segments"],
        status=status,
        created_at=datetime.fromtimestamp(made["createdAt"], UTC),
    )


def _country(to: str) -> str:
    return destination(to, "sms", simulated=True).country or ""


def _this(tenant: Tenant, message_id: str) -> tuple[Any, ...]:
    return (messages.c.workspace_id == tenant.workspace_id, messages.c.id == message_id)


def _event(row: Row[Any], status: Status) -> dict[str, Any]:
    return {
        "messageId": row.id,
        "from": row.from_number,
        "to": row.to_number,
        "status": status.value,
        "segments": row.segments,
    }
