"""Opting out and in as peers do it, over the network, with the whole server in between."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_server import ledger
from saperly_server.doctor import examine
from saperly_server.gate import Admitted
from sqlalchemy import text

from ..customers import new_customer
from ..ledger.bank import Bank
from ..stage import Stage

PEER = "+14155557001"


async def _send(stage: Stage, number: Any, to: str = PEER) -> Any:
    return await stage.post("/messages", {"fromNumberId": number["id"], "to": to, "body": "Hello"})


async def _hear(stage: Stage, number: Any, word: str) -> None:
    stage.network.send_text(PEER, number["phoneNumber"], word)
    await stage.clock.advance(3)


async def _consent(stage: Stage, number: Any, kind: str = "explicit_outbound") -> int:
    body = {"numberId": number["id"], "peerNumber": PEER, "consentType": kind, "source": "test"}
    status: int = (await stage.post("/consent", body)).status_code
    return status


async def _check(stage: Stage, number: Any) -> Any:
    return await stage.get("/consent/check", numberId=number["id"], peerNumber=PEER)


def _received(stage: Stage) -> list[str]:
    return [one.text for one in stage.network.inbox(PEER)]


async def test_an_inbound_text_is_consent_and_stop_ends_it_everywhere(stage: Stage) -> None:
    number, other = await stage.number(), await stage.number()
    await _hear(stage, number, "hello")
    assert await _check(stage, number) == {"hasConsent": True, "type": "implied_inbound"}
    assert (await _send(stage, number)).status_code == 201
    await _hear(stage, number, "STOP")
    for line in (number, other):
        assert (await _send(stage, line)).json()["_tag"] == "RecipientOptedOut"
    assert await _check(stage, number) == {"hasConsent": False}


@pytest.mark.parametrize("kind", ["explicit_outbound", "implied_inbound"])
async def test_a_customers_grant_cannot_undo_a_peers_opt_out(stage: Stage, kind: str) -> None:
    number = await stage.number()
    await _hear(stage, number, "STOP")
    assert await _consent(stage, number, kind) == 403
    assert await _check(stage, number) == {"hasConsent": False}


async def test_what_the_customer_revoked_an_explicit_grant_undoes_and_an_implied_one_does_not(stage: Stage) -> None:
    number = await stage.number()
    await _consent(stage, number)
    revoked = await stage.post("/consent/revoke", {"numberId": number["id"], "peerNumber": PEER})
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert await _consent(stage, number, "implied_inbound") == 403
    assert await _consent(stage, number) == 201
    assert (await _send(stage, number)).status_code == 201


async def test_start_lifts_the_opt_out_and_is_consent(stage: Stage) -> None:
    number = await stage.number()
    await _hear(stage, number, "STOP")
    await _hear(stage, number, "START")
    assert (await _check(stage, number))["type"] == "explicit_outbound"
    assert (await _send(stage, number)).status_code == 201


async def test_each_opt_out_is_confirmed_once_and_costs_nothing(stage: Stage) -> None:
    number = await stage.number()
    before = await stage.get("/usage")
    for word in ("STOP", "STOP", "stop", "START", "STOP"):
        await _hear(stage, number, word)
    confirmations = [line for line in _received(stage) if "unsubscribed" in line.lower() or "opted out" in line.lower()]
    assert len(confirmations) == 2
    assert (await stage.get("/usage"))["balanceCents"] == before["balanceCents"]


async def test_stop_works_without_a_cent_and_with_a_revoked_key(stage: Stage) -> None:
    number = await stage.number()
    await _consent(stage, number)
    db, tenant = stage.process.services.db, stage.customer.tenant
    async with db.system() as tx:
        left = (await ledger.balance(tx, tenant)).available_cents
        assert await ledger.adjust(tx, tenant, -left, "empty")
        await tx.run(text("update api_keys set revoked_at = now()"))
    await _hear(stage, number, "STOP")
    async with db.system() as tx:
        assert await tx.scalar(text("select count(*) from suppressions where lifted_at is null")) == 1
    assert len(_received(stage)) == 1


async def test_an_opt_out_in_one_workspace_is_nothing_to_another(stage: Stage) -> None:
    number = await stage.number()
    stranger = await new_customer(stage.process.services.db, cents=1_000)
    async with stage.client_with(stranger.secret) as client:
        theirs = (await stage.during(client.post("/numbers", json={}))).json()
        body = {"numberId": theirs["id"], "peerNumber": PEER, "consentType": "explicit_outbound", "source": "test"}
        assert (await client.post("/consent", json=body)).status_code == 201
        await _hear(stage, number, "STOP")
        sent = await stage.during(
            client.post("/messages", json={"fromNumberId": theirs["id"], "to": PEER, "body": "Hello"})
        )
    assert sent.status_code == 201


async def test_a_message_that_waited_is_not_sent_after_the_opt_out(stage: Stage) -> None:
    """Admitted and paid for, but the process died before it was handed to the carrier; meanwhile the peer opted out."""
    number = await stage.number()
    await _consent(stage, number)
    before = await stage.get("/usage")
    services = stage.process.services
    admitted = await services.gate.admit(Bank.text(stage.customer.caller, number["id"], PEER))
    assert isinstance(admitted, Admitted)
    await _hear(stage, number, "STOP")
    await stage.clock.advance(60)
    [message] = [one for one in await stage.get("/messages") if one["id"] == admitted.intent.id]
    assert message["status"] == "failed"
    assert "Hello" not in _received(stage)
    assert (await stage.get("/usage"))["balanceCents"] == before["balanceCents"]


async def test_reports_of_the_network_that_come_again_in_any_order_change_nothing(stage: Stage) -> None:
    """Every request the carrier ever made is made again, the last first, twice."""
    seen: list[Any] = []
    deliver = stage.network.deliver
    assert deliver is not None

    async def remember(request: Any) -> None:
        seen.append(request)
        await deliver(request)

    stage.network.deliver = remember
    number = await stage.line()
    for word in ("hello", "STOP", "START", "STOP", "HELP"):
        await _hear(stage, number, word)
    await stage.consent(number, "+15005550006")
    await _send(stage, number, "+15005550006")
    await stage.post("/calls", {"fromNumberId": number["id"], "to": "+15005551007"})
    await stage.clock.advance(60)
    before = await _state(stage)
    assert len(seen) > 10
    intake = stage.process.services.intake
    for request in [*reversed(seen), *reversed(seen)]:
        await intake.receive("simulated", request)
    await stage.clock.advance(5)
    assert await _state(stage) == before
    async with stage.process.services.db.system() as tx:
        assert await examine(tx) == []


async def _state(stage: Stage) -> Any:
    tables = ("consents", "suppressions", "messages", "calls", "holds", "ledger_entries", "events", "numbers")
    async with stage.process.services.db.system() as tx:
        return [
            [tuple(row) for row in await tx.all(text(f"select * from {table} order by 1, 2, 3"))] for table in tables
        ]
