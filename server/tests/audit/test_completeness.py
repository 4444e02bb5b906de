"""One row for each connection, number, call, message, consent, key and money event."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import text

from ..api.conftest import Stage

PEER = "+15555550123"


async def _trail(stage: Stage) -> Counter[str]:
    async with stage.process.services.db.system() as tx:
        rows = await tx.all(
            text("select event_type from audit_events where workspace_id = :w"),
            {"w": stage.customer.tenant.workspace_id},
        )
    return Counter(row.event_type for row in rows)


async def test_a_working_day_is_on_the_record_line_by_line(stage: Stage) -> None:
    before = await _trail(stage)
    number = await stage.line()
    refused = await stage.post("/messages", {"fromNumberId": number["id"], "to": PEER, "body": "Hi"})
    assert refused.status_code == 403
    await stage.consent(number, PEER)
    await stage.post("/messages", {"fromNumberId": number["id"], "to": PEER, "body": "Hi"})
    call = (await stage.post("/calls", {"fromNumberId": number["id"], "to": PEER})).json()
    await stage.clock.advance(20)
    await stage.post(f"/calls/{call['id']}/end", {})
    await stage.clock.advance(2)
    child = (await stage.post("/api-tokens", {"name": "agent", "scopes": ["read"]})).json()
    await stage.post(f"/api-tokens/{child['id']}/revoke")
    await stage.post("/consent/revoke", {"numberId": number["id"], "peerNumber": PEER})
    await stage.post(f"/numbers/{number['id']}/release")
    happened = await _trail(stage) - before
    assert happened == Counter(
        {
            "ledger.reserve": 3,
            "ledger.settle": 3,
            "number.accepted": 1,
            "number.provisioned": 1,
            "connection.created": 1,
            "number.changed": 1,
            "gate.refused": 1,
            "consent.granted": 1,
            "message.accepted": 1,
            "message.sent": 1,
            "message.finalized": 1,
            "call.accepted": 1,
            "call.answered": 1,
            "disclosure.started": 1,
            "disclosure.completed": 1,
            "call.ended": 1,
            "key.created": 1,
            "key.revoked": 1,
            "suppression.added": 1,
            "consent.revoked": 1,
            "number.released": 1,
        }
    )
