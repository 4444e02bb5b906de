"""The way in for everything a carrier reports: verified, stored, acknowledged, applied once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from saperly_carriers.port import Carrier, CarrierEvent, EventKind, NumberOrder, OrderStatus, RawRequest, RawResponse

from saperly_server import messaging, outbox, voice
from saperly_server.core.db import DATABASE_FAILURES, Database
from saperly_server.numbers import Provisioner
from saperly_server.outbox import StoredEvent
from saperly_server.voice import Switchboard

_logger = structlog.get_logger(__name__)
_LEASE_SEC = 30.0


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes carriers' requests. `carriers` is by carrier name."""

    db: Database
    carriers: Mapping[str, Carrier]
    provisioner: Provisioner
    receipts: messaging.Receipts
    calls: Switchboard

    async def receive(self, carrier: str, request: RawRequest) -> RawResponse:
        """Store what a carrier's request says and answer it. Raises the port's IntakeRefused for one that is not genuine.

        An event that cannot be applied now is kept and applied later; the carrier need not send it again.
        """
        intake = self.carriers[carrier].intake
        intake.verify(request, self.db.now())
        for event in intake.parse(request):
            await self._take(carrier, event)
        return intake.respond(request, None)

    async def _take(self, carrier: str, event: CarrierEvent) -> None:
        if event.kind is EventKind.MESSAGE_STATUS:
            # One that fails among others, or whose answer was lost, goes the long way: kept if it is new, and tried again.
            with suppress(*DATABASE_FAILURES):
                await self.receipts.take(carrier, event)
                return
        async with self.db.system() as tx:
            stored = await outbox.store_event(tx, carrier, event, _LEASE_SEC)
        if stored is not None:
            await self.apply(stored)

    async def apply_due(self, limit: int) -> int:
        """Apply events that were stored but not applied: after a failure, or by a process that died."""
        async with self.db.system() as tx:
            due = await outbox.claim_events(tx, _LEASE_SEC, limit)
        for event in due:
            await self.apply(event)
        return len(due)

    async def apply(self, event: StoredEvent) -> None:
        try:
            await self._apply(event)
        except Exception:
            _logger.exception("carrier event not applied", event_id=event.event_id, kind=event.kind)
            async with self.db.system() as tx:
                await outbox.event_failed(tx, event)

    async def _apply(self, event: StoredEvent) -> None:
        if event.kind.startswith("call."):
            await self._call(event)
            return
        async with self.db.system() as tx:
            if not await outbox.event_applied(tx, event):
                return
            if event.kind is EventKind.MESSAGE_RECEIVED:
                await messaging.received(tx, event)
            elif event.kind is EventKind.MESSAGE_STATUS:
                await messaging.status_changed(tx, event)
            elif event.kind is EventKind.NUMBER_ORDER and (target := outbox.parse_ref(event.ref)) is not None:
                await self.provisioner.apply(tx, *target, _order(event))
        if event.kind is EventKind.NUMBER_ORDER and (target := outbox.parse_ref(event.ref)) is not None:
            await self.provisioner.applied(*target, _order(event))

    async def _call(self, event: StoredEvent) -> None:
        """The engine takes duplicates and any order, so a call's event may be applied before it is marked."""
        if event.kind is EventKind.CALL_INCOMING:
            await voice.incoming(self.calls, event)
        else:
            await voice.carrier_event(self.calls, event)
        async with self.db.system() as tx:
            await outbox.event_applied(tx, event)


def _order(event: StoredEvent) -> NumberOrder:
    return NumberOrder(
        event.order_id or "",
        event.data["e164"],
        OrderStatus(event.data["status"]),
        event.data.get("number_id"),
        event.data.get("error"),
    )
