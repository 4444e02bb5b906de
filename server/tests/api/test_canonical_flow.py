"""The main job, once through: number, handler, consent, text, call, transcript, money."""

from __future__ import annotations

from .conftest import Stage


async def test_a_developer_goes_from_nothing_to_a_paid_consented_call(stage: Stage) -> None:
    number = await stage.number(areaCode="415")
    assert number["phoneNumber"] == "+14155550100"
    connection = (await stage.post("/connections", {"name": "support", "instructions": "Be brief."})).json()
    bound = await stage.post(f"/numbers/{number['id']}/connection", {"connectionId": connection["id"]})
    assert bound.json()["connectionId"] == connection["id"]

    to = "+15555550123"
    checked = await stage.get("/consent/check", numberId=number["id"], peerNumber=to)
    assert checked == {"hasConsent": False}
    refused = await stage.post("/messages", {"fromNumberId": number["id"], "to": to, "body": "Hi"})
    assert refused.status_code == 403
    assert refused.json()["_tag"] == "ConsentRequired"
    await stage.consent(number, to)

    sent = await stage.post("/messages", {"fromNumberId": number["id"], "to": to, "body": "Hi from my agent 👋"})
    assert sent.status_code == 201, sent.text
    assert sent.json()["status"] == "sent"

    placed = await stage.post("/calls", {"fromNumberId": number["id"], "to": to})
    assert placed.status_code == 201, placed.text
    call_id = placed.json()["id"]
    await stage.clock.advance(15)
    ended = await stage.post(f"/calls/{call_id}/end", {"durationSec": 1})
    assert ended.status_code == 200, ended.text
    await stage.clock.advance(2)
    call = await stage.get(f"/calls/{call_id}")
    assert call["status"] == "completed"
    assert call["durationSec"] >= 10
    assert call["costCents"] == -(-26 * call["durationSec"] // 60)
    turns = (await stage.get(f"/calls/{call_id}/transcript"))["turns"]
    assert "automated AI assistant for Acme" in turns[0]["text"]
