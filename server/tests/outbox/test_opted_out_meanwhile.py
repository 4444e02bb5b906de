"""A text of which nobody knows whether it was handed off, to somebody who has opted out in the meantime."""

from __future__ import annotations

import pytest
from saperly_carriers.simulated.faults import NO_FAULTS, Faults
from saperly_server import messaging
from saperly_server.doctor import examine
from saperly_server.outbox import Operation
from sqlalchemy import text

from ..stage import Stage

PEER = "+15555550123"


@pytest.mark.parametrize(
    ("faults", "status", "received"),
    [(Faults(lose_answer=True), "delivered", 1), (Faults(fail_always=True), "failed", 0)],
)
async def test_it_is_not_sent_now_and_paid_only_if_it_was_sent_before(
    stage: Stage, faults: Faults, status: str, received: int
) -> None:
    number = await stage.number()
    await stage.consent(number, PEER)
    stage.process.services.messaging.wait_sec = 0.0
    stage.network.faults = faults
    sent = (await stage.post("/messages", {"fromNumberId": number["id"], "to": PEER, "body": "Hi"})).json()
    stage.network.faults = NO_FAULTS
    stage.network.send_text(PEER, number["phoneNumber"], "STOP")
    await stage.clock.advance(0.2)
    await _taken_over(stage, sent["id"])
    await stage.clock.advance(60)
    messages = {message["id"]: message for message in await stage.get("/messages")}
    assert messages[sent["id"]]["status"] == status
    assert [one.text for one in stage.network.inbox(PEER)].count("Hi") == received
    async with stage.process.services.db.system() as tx:
        assert await examine(tx) == []


async def _taken_over(stage: Stage, message_id: str) -> None:
    """Another process takes the hand-off over."""
    query = text("select id from carrier_operations where resource_id = :id")
    async with stage.process.services.db.system() as tx:
        operation_id = await tx.scalar(query, {"id": message_id})
    operation = Operation(operation_id, stage.customer.tenant, messaging.SEND, message_id, attempts=1)
    await stage.during(messaging.carry_out(stage.process.services.messaging, operation))
