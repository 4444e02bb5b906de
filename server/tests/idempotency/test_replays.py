"""Repeating a request with its `Idempotency-Key`, as a customer sees it: one effect, one answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from saperly_server import ledger
from saperly_server.idempotency import claim, forget_expired, scope_of
from sqlalchemy import text

from ..api.wire import PEER, allow, balance, child, outcome, stranger
from ..stage import Stage

KEY = "Idempotency-Key"
REPLAYED = "idempotency-replayed"


async def _post(
    stage: Stage, path: str, body: Any, key: str, client: httpx.AsyncClient | None = None
) -> httpx.Response:
    return await stage.during((client or stage.client).post(path, json=body, headers={KEY: key}))


async def _count(stage: Stage, table: str) -> int:
    async with stage.process.services.db.system() as tx:
        return int(await tx.scalar(text(f"select count(*) from {table}")))


def _message(number: Any, to: str = PEER, body: str = "Hi") -> dict[str, str]:
    return {"fromNumberId": number["id"], "to": to, "body": body}


def _consent(number: Any, peer: str = PEER) -> dict[str, str]:
    return {"numberId": number["id"], "peerNumber": peer, "consentType": "explicit_outbound", "source": "form"}


async def test_a_repetition_gets_the_same_bytes_and_has_no_second_effect(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    writes: list[tuple[str, dict[str, Any], str]] = [
        ("/consent", _consent(line, "+15555550199"), "consents"),
        ("/messages", _message(line), "messages"),
        ("/calls", {"fromNumberId": line["id"], "to": PEER}, "calls"),
        ("/numbers", {"areaCode": "212"}, "numbers"),
        ("/connections", {"name": "night shift"}, "connections"),
    ]
    for path, body, table in writes:
        first = await _post(stage, path, body, "same-for-all")
        assert first.status_code == 201 and REPLAYED not in first.headers, path
        rows, holds, entries = [await _count(stage, name) for name in (table, "holds", "ledger_entries")]
        for wait_sec in (0, 2):
            await stage.clock.advance(wait_sec)
            again = await _post(stage, path, dict(reversed(body.items())), "same-for-all")
            assert (again.status_code, again.content) == (201, first.content), path
            assert again.headers[REPLAYED] == "true"
            assert await _count(stage, table) == rows, path
        if path != "/calls":
            assert [await _count(stage, "holds"), await _count(stage, "ledger_entries")] == [holds, entries]


async def test_a_minted_secret_is_told_once_and_its_repetition_makes_no_second_key(stage: Stage) -> None:
    body = {"name": "agent", "scopes": ["read"]}
    first = (await _post(stage, "/api-tokens", body, "mint-1")).json()
    keys = await _count(stage, "api_keys")
    again = await _post(stage, "/api-tokens", body, "mint-1")
    assert again.headers[REPLAYED] == "true"
    assert {name: first[name] for name in first if name not in ("key", "token")} == {
        name: value for name, value in again.json().items() if value is not None or name == "lastUsedAt"
    }
    assert first["key"] not in again.text
    assert await _count(stage, "api_keys") == keys
    async with stage.process.services.db.system() as tx:
        kept = await tx.all(text("select convert_from(body, 'UTF8') from idempotency_records"))
    assert all(first["key"][12:] not in row[0] for row in kept)


async def test_another_body_under_a_used_key_is_refused_and_the_answer_kept(stage: Stage) -> None:
    number = await stage.number()
    await stage.consent(number, PEER)
    for path, good, other in (
        ("/messages", _message(number), _message(number, body="Ho")),
        ("/consent", _consent(number, "+15555550199"), _consent(number, "+15555550198")),
        ("/numbers", {"areaCode": "212"}, {"areaCode": "415"}),
        ("/connections", {"name": "a"}, {"name": "b"}),
    ):
        first = await _post(stage, path, good, "k")
        counts = [await _count(stage, table) for table in ("messages", "consents", "numbers", "connections", "holds")]
        assert outcome(await _post(stage, path, other, "k")) == (422, "IdempotencyKeyMismatch"), path
        assert (await _post(stage, path, good, "k")).content == first.content
        assert counts == [
            await _count(stage, table) for table in ("messages", "consents", "numbers", "connections", "holds")
        ]


async def test_another_route_another_credential_or_another_workspace_is_another_request(stage: Stage) -> None:
    body = {"name": "desk"}
    colleague = await child(stage, "connections:write")
    clients = [stage.client, colleague, await stranger(stage)]
    made = [await _post(stage, "/connections", body, "k", client) for client in clients]
    assert [answer.status_code for answer in made] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in made}) == 3
    assert not any(REPLAYED in answer.headers for answer in made)
    number = await _post(stage, "/numbers", {"areaCode": "212"}, "k")
    assert number.status_code == 201 and REPLAYED not in number.headers


async def test_twenty_of_the_same_message_at_once_are_one_message(stage: Stage) -> None:
    number = await stage.number()
    await stage.consent(number, PEER)
    holds, sends = await _count(stage, "holds"), len(stage.network.log.of("text", to=PEER))
    posts = (stage.client.post("/messages", json=_message(number), headers={KEY: "k"}) for _ in range(20))
    answers = await stage.during(asyncio.gather(*posts))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409} and statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert sum(answer.status_code == 201 and REPLAYED not in answer.headers for answer in answers) == 1
    assert {answer.json()["_tag"] for answer in answers if answer.status_code == 409} <= {"IdempotencyConflict"}
    assert await _count(stage, "messages") == 1
    assert await _count(stage, "holds") == holds + 1
    assert len(stage.network.log.of("text", to=PEER)) == sends + 1
    assert len(stage.network.log.of("request", operation="send")) <= 1


@pytest.mark.parametrize(("path", "table"), [("/connections", "connections"), ("/numbers", "numbers")])
async def test_ten_of_the_same_write_at_once_have_one_effect(stage: Stage, path: str, table: str) -> None:
    body = {"name": "a"} if path == "/connections" else {"areaCode": "212"}
    posts = (stage.client.post(path, json=body, headers={KEY: "k"}) for _ in range(10))
    answers = await stage.during(asyncio.gather(*posts))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert await _count(stage, table) == 1


async def test_a_refusal_for_want_of_consent_is_not_remembered(stage: Stage) -> None:
    number = await stage.number()
    for _ in range(2):
        assert outcome(await _post(stage, "/messages", _message(number), "k")) == (403, "ConsentRequired")
    await stage.consent(number, PEER)
    sent = await _post(stage, "/messages", _message(number), "k")
    assert sent.status_code == 201 and REPLAYED not in sent.headers


async def test_a_refusal_for_want_of_money_is_not_remembered(stage: Stage) -> None:
    other = await stranger(stage, cents=0)
    number = (await stage.during(other.post("/numbers", json={}))).json()
    await allow(other, number)
    for _ in range(2):
        assert outcome(await _post(stage, "/messages", _message(number), "k", other)) == (402, "InsufficientFunds")
    db = stage.process.services.db
    async with db.system() as tx:
        row = await tx.one(text("select workspace_id from numbers where id = :id"), {"id": number["id"]})
        assert row is not None
        tenant = type(stage.customer.tenant)(row.workspace_id, "live")
        assert await ledger.top_up(tx, tenant, 100, "payment-1")
    assert (await _post(stage, "/messages", _message(number), "k", other)).status_code == 201


async def test_a_failure_of_the_network_is_not_remembered(stage: Stage) -> None:
    number, peer = await stage.number(), "+15005550001"
    await stage.consent(number, peer)
    before = await balance(stage)
    for path, body in (("/messages", _message(number, peer)), ("/numbers", {"areaCode": "566"})):
        for _ in range(2):
            answer = await _post(stage, path, body, "k")
            assert answer.status_code == 502 and REPLAYED not in answer.headers, path
        assert await _count(stage, "idempotency_records") == 0
    assert await _count(stage, "messages") == 2, "the second was a new try"
    assert await balance(stage) == before


async def test_a_request_that_was_never_executed_is_not_remembered(stage: Stage) -> None:
    number, reader = await stage.number(), await child(stage, "read")
    assert (await _post(stage, "/messages", {"fromNumberId": number["id"]}, "k")).status_code == 400
    assert (await _post(stage, "/messages", _message(number), "k", reader)).status_code == 403
    assert (await _post(stage, "/messages", _message(number), "k", stage.client_with(None))).status_code == 401
    await stage.consent(number, PEER)
    assert (await _post(stage, "/messages", _message(number), "k")).status_code == 201


@pytest.mark.parametrize("path", ["/connections", "/numbers", "/messages", "/api-tokens"])
async def test_a_key_that_is_none_is_refused_before_anything_happens(stage: Stage, path: str) -> None:
    body = {
        "/connections": {"name": "a"},
        "/numbers": {},
        "/messages": {"fromNumberId": "num_1", "to": PEER, "body": "Hi"},
        "/api-tokens": {"name": "a", "scopes": ["read"]},
    }[path]
    for key in ("", "k" * 256, "two words", "tab\there", "\x7f"):
        assert outcome(await _post(stage, path, body, key)) == (422, "IdempotencyKeyMismatch"), repr(key)
    assert [await _count(stage, table) for table in ("connections", "numbers", "messages")] == [0, 0, 0]
    assert await _count(stage, "api_keys") == 1


async def test_the_longest_and_the_strangest_key_work(stage: Stage) -> None:
    for key in ("k" * 255, "!", "~", "\"'\\;--%_"):
        made = [await _post(stage, "/connections", {"name": "a"}, key) for _ in range(2)]
        assert made[0].status_code == 201 and made[1].content == made[0].content
        assert [REPLAYED in answer.headers for answer in made] == [False, True]


async def test_what_a_process_left_unfinished_is_done_by_a_repetition_once_its_lease_has_run_out(stage: Stage) -> None:
    number = await stage.number()
    body, tenant = _consent(number), stage.customer.tenant
    fingerprint = {"path": "/consent", "query": [], "body": body}
    left = scope_of(tenant.workspace_id, stage.customer.caller.key_id, "POST /consent", "k", fingerprint)
    async with stage.process.services.db.tenant(tenant) as tx:
        assert await claim(tx, left) is None
    assert outcome(await _post(stage, "/consent", body, "k")) == (409, "IdempotencyConflict")
    assert outcome(await _post(stage, "/consent", _consent(number, "+15555550199"), "k"))[0] == 422
    await stage.clock.advance(31)
    first = await _post(stage, "/consent", body, "k")
    assert first.status_code == 201 and REPLAYED not in first.headers
    again = await _post(stage, "/consent", body, "k")
    assert again.content == first.content and again.headers[REPLAYED] == "true"


async def test_an_answer_is_forgotten_after_a_day(stage: Stage) -> None:
    stage.process.worker.stop()
    first = (await _post(stage, "/connections", {"name": "a"}, "k")).json()["id"]
    for waited_sec, forgotten in ((24 * 3600 - 60, 0), (120, 1)):
        await stage.clock.advance(waited_sec)
        async with stage.process.services.db.system() as tx:
            assert await forget_expired(tx) == forgotten
        later = await _post(stage, "/connections", {"name": "a"}, "k")
        assert later.status_code == 201
        assert (later.json()["id"] == first, REPLAYED in later.headers) == (not forgotten, not forgotten)
