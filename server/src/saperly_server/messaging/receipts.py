"""What carriers say of messages we sent. Receipts come in crowds, so those that come together are taken in together."""

from __future__ import annotations

from typing import Any

import orjson
from saperly_carriers.port import CarrierEvent, MessageStatus

from saperly_server import outbox
from saperly_server.core.batch import Folded
from saperly_server.core.db import Database, Tx
from saperly_server.core.ids import new_id
from saperly_server.outbox import StoredEvent

from .contracts import FINAL, Status

_STATUSES = {
    MessageStatus.SENT: Status.SENT,
    MessageStatus.DELIVERED: Status.DELIVERED,
    MessageStatus.FAILED: Status.UNDELIVERED,
}


class Receipts:
    """The way in for receipts."""

    def __init__(self, db: Database) -> None:
        self._take = Folded(db, "messaging_receipts")

    async def take(self, carrier: str, event: CarrierEvent) -> None:
        """Keep the event and apply what it says, in one transaction; one that is known already changes nothing."""
        receipt = _receipt(event)
        item = {"event": outbox.kept_form(carrier, event), "receipt": receipt}
        await self._take(item, receipt["workspace_id"] if receipt else "")


async def status_changed(tx: Tx, event: StoredEvent) -> None:
    """Apply a receipt that was kept before: the message moves forward only, and its first final status stays."""
    receipt = _receipt(event)
    if receipt is not None:
        await tx.call("messaging_apply_receipts", receipts=[orjson.dumps(receipt).decode()], now=tx.now)


def _receipt(event: CarrierEvent | StoredEvent) -> dict[str, Any] | None:
    """What the event says, as SQL takes it; None when it says nothing of a message of ours."""
    target = outbox.parse_ref(event.ref)
    reported = MessageStatus(event.data["status"])
    status = _STATUSES.get(reported)
    final = status in FINAL or reported is MessageStatus.UNCONFIRMED
    if target is None or (status is None and not final):
        return None
    tenant, message_id = target
    return {
        "workspace_id": tenant.workspace_id,
        "message_id": message_id,
        "status": status,
        "final": final,
        "told": status or reported,
        "error": event.data.get("error") if final else None,
        "audit_id": new_id("aud"),
        "event_id": new_id("evt"),
    }
