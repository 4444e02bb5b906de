"""Consent on the wire: recorded, checked, revoked, listed."""

from __future__ import annotations

from typing import Any

from .conftest import Stage
from .wire import PEER, allow, dial, facts, outcome, text

FIELDS = {"id", "numberId", "peerNumber", "consentType", "source", "grantedAt", "revokedAt"}
OTHER = "+15555550199"


async def check(stage: Stage, number: Any, peer: str = PEER) -> Any:
    return await stage.get("/consent/check", numberId=number["id"], peerNumber=peer)


async def record(stage: Stage, number: Any, kind: str = "explicit_outbound", source: str = "sms_optin") -> Any:
    body = {"numberId": number["id"], "peerNumber": PEER, "consentType": kind, "source": source}
    answer = await stage.post("/consent", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def revoke(stage: Stage, number: Any, peer: str = PEER) -> Any:
    answer = await stage.post("/consent/revoke", {"numberId": number["id"], "peerNumber": peer})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_without_consent_neither_texts_nor_calls_leave(stage: Stage) -> None:
    line = await stage.line()
    for refused in (await text(stage, line), await dial(stage, line)):
        assert refused.status_code == 403
        assert facts(refused) == {
            "_tag": "ConsentRequired",
            "numberId": line["id"],
            "to": PEER,
            "message": f"{PEER} has not consented to being contacted by this number.",
        }
    assert stage.network.inbox(PEER) == ()
    assert stage.network.log.of("request", operation="dial") == []
    assert await stage.get("/calls") == await stage.get("/messages") == []


async def test_recorded_consent_lets_them_leave(stage: Stage) -> None:
    line = await stage.line()
    assert await check(stage, line) == {"hasConsent": False}
    given = await record(stage, line)
    assert set(given) == FIELDS
    assert (given["consentType"], given["source"], given["revokedAt"]) == ("explicit_outbound", "sms_optin", None)
    assert await check(stage, line) == {"hasConsent": True, "type": "explicit_outbound"}
    assert (await text(stage, line)).status_code == 201
    assert (await dial(stage, line)).status_code == 201
    assert await stage.get("/consent") == [given]


async def test_consent_is_for_one_number_and_one_peer(stage: Stage) -> None:
    line, other = await stage.line(), await stage.line()
    await record(stage, line)
    assert outcome(await text(stage, other)) == (403, "ConsentRequired")
    assert outcome(await text(stage, line, OTHER)) == (403, "ConsentRequired")


async def test_recording_consent_twice_gives_the_same_record(stage: Stage) -> None:
    number = await stage.number()
    assert (await record(stage, number))["id"] == (await record(stage, number))["id"]
    assert len(await stage.get("/consent")) == 1


async def test_implied_consent_is_upgraded_and_explicit_never_downgraded(stage: Stage) -> None:
    number = await stage.number()
    implied = await record(stage, number, "implied_inbound", "inbound_sms")
    explicit = await record(stage, number, "explicit_outbound", "form")
    assert (explicit["id"], explicit["consentType"], explicit["source"]) == (implied["id"], "explicit_outbound", "form")
    again = await record(stage, number, "implied_inbound", "inbound_sms")
    assert again["consentType"] == "explicit_outbound"


async def test_revoked_consent_stops_contact_from_every_number_of_the_workspace(stage: Stage) -> None:
    line, other = await stage.line(), await stage.line()
    for number in (line, other):
        await record(stage, number)
    revoked = await revoke(stage, line)
    assert revoked["status"] == "revoked"
    assert set(revoked) == FIELDS | {"status"}
    assert revoked["revokedAt"] is not None
    assert await check(stage, line) == {"hasConsent": False}
    for number in (line, other):
        for refused in (await text(stage, number), await dial(stage, number)):
            assert facts(refused) == {"_tag": "RecipientOptedOut", "to": PEER}
    assert stage.network.inbox(PEER) == ()


async def test_revoking_again_or_what_never_was_is_a_success(stage: Stage) -> None:
    number = await stage.number()
    nothing = await revoke(stage, number)
    assert (nothing["status"], nothing["id"], nothing["peerNumber"]) == ("revoked", None, PEER)
    await record(stage, number)
    first = await revoke(stage, number)
    assert await revoke(stage, number) == first


async def test_new_consent_after_a_revocation_over_the_api_counts_again(stage: Stage) -> None:
    line = await stage.line()
    first = await record(stage, line)
    await revoke(stage, line)
    second = await record(stage, line, source="form")
    assert second["id"] != first["id"]
    assert (await text(stage, line)).status_code == 201
    assert [one["revokedAt"] is None for one in await stage.get("/consent")] == [True, False]


async def test_what_a_peer_said_themselves_no_record_can_undo(stage: Stage) -> None:
    line = await stage.line()
    await record(stage, line)
    stage.network.send_text(PEER, line["phoneNumber"], "STOP")
    await stage.clock.advance(3)
    body = {"numberId": line["id"], "peerNumber": PEER, "consentType": "explicit_outbound", "source": "form"}
    assert facts(await stage.post("/consent", body)) == {"_tag": "RecipientOptedOut", "to": PEER}
    assert outcome(await text(stage, line)) == (403, "RecipientOptedOut")


async def test_consent_without_a_clear_subject_is_refused(stage: Stage) -> None:
    body = {"numberId": "num_1", "peerNumber": PEER, "consentType": "explicit_outbound", "source": "form"}
    for field, value in (
        ("numberId", ""),
        ("numberId", None),
        ("peerNumber", "5555550123"),
        ("consentType", "verbal"),
        ("source", ""),
        ("source", "x" * 501),
    ):
        answer = await stage.post("/consent", {**body, field: value})
        assert outcome(answer) == (400, "ValidationError"), (field, value)
        assert answer.json()["issues"][0]["path"] == field


async def test_consent_of_an_unknown_number_is_not_found(stage: Stage) -> None:
    pair = {"numberId": "num_1", "peerNumber": PEER}
    recorded = await stage.post("/consent", {**pair, "consentType": "explicit_outbound", "source": "form"})
    revoked = await stage.post("/consent/revoke", pair)
    checked = await stage.client.get("/consent/check", params=pair)
    for answer in (recorded, revoked, checked):
        assert facts(answer) == {"_tag": "NumberNotFound", "numberId": "num_1"}


async def test_a_check_needs_an_encoded_plus(stage: Stage) -> None:
    number = await stage.number()
    await allow(stage.client, number)
    encoded = await stage.client.get(f"/consent/check?numberId={number['id']}&peerNumber=%2B15555550123")
    assert encoded.json()["hasConsent"] is True
    plain = await stage.client.get(f"/consent/check?numberId={number['id']}&peerNumber=+15555550123")
    assert outcome(plain) == (400, "ValidationError")
