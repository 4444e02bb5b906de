"""A hand-off that is reported twice, by the request and by the worker that took it over."""

from __future__ import annotations

from saperly_carriers.port import Sender
from saperly_server.messaging.send import Outgoing
from saperly_server.outbox import Operation
from sqlalchemy import text

from ..api.conftest import Stage


async def test_a_message_reported_twice_is_charged_and_told_once(stage: Stage) -> None:
    number = await stage.number()
    await stage.consent(number, "+15555550123")
    sent = (await stage.post("/messages", {"fromNumberId": number["id"], "to": "+15555550123", "body": "Hi"})).json()
    before = await stage.get("/usage")
    db, tenant = stage.process.services.db, stage.customer.tenant
    async with db.system() as tx:
        operation_id = await tx.scalar(
            text("select id from carrier_operations where resource_id = :id"), {"id": sent["id"]}
        )
    operation = Operation(operation_id, tenant, "message.send", sent["id"], attempts=1)
    status = await stage.process.services.messaging.hand_off(
        operation, Outgoing(Sender(number["phoneNumber"]), "+15555550123", "Hi", 1)
    )
    assert status in ("sent", "delivered")
    assert await stage.get("/usage") == before
    async with db.system() as tx:
        told = await tx.scalar(text("select count(*) from events where event_type = 'message.sent'"))
    assert told == 1
