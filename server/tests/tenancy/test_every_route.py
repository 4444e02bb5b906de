"""Every endpoint that takes an id, by the document that describes them all: a stranger's id is no id."""

from __future__ import annotations

import re
from typing import Any

import pytest
from saperly_server import identity
from saperly_server.core.db import Tenant
from saperly_server.identity import ALL, Grant

from ..customers import new_customer
from ..stage import Stage

PEER = "+15555550123"
NOBODYS = "none_01J0000000000000000000000"
BODIES: dict[str, Any] = {
    "/numbers/{id}/connection": {"connectionId": "{connection}"},
    "/numbers/{id}/webhook": {"url": "https://example.com/hook"},
    "/numbers/{id}/sms-sender": {"smsSenderId": "Acme"},
    "/numbers/{id}/caller-id": {"callerIdName": "Acme"},
    "/connections/{id}": {"name": "mine now"},
    "/calls/{id}/transfer": {"to": PEER},
}


async def _belongings(stage: Stage) -> dict[str, str]:
    """One id of everything that has one, by the first word of its path."""
    line = await stage.line()
    await stage.consent(line, PEER)
    call = (await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})).json()
    await stage.post("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hi"})
    key = (await stage.post("/api-tokens", {"name": "child", "scopes": ["read"]})).json()
    return {"numbers": line["id"], "connections": line["connectionId"], "calls": call["id"], "api-tokens": key["id"]}


def _routes(stage: Stage) -> list[tuple[str, str]]:
    """(method, path) of everything with a parameter in its path."""
    paths = stage.process.app.openapi()["paths"]
    return sorted(
        (method, path) for path, item in paths.items() if "{" in path for method in item if method != "parameters"
    )


async def _answers(stage: Stage, secret: str, mine: dict[str, str]) -> dict[tuple[str, str], tuple[int, Any]]:
    """Status and tag of every such endpoint, asked with these ids."""
    answers = {}
    async with stage.client_with(secret) as client:
        for method, path in _routes(stage):
            one = mine.get(path.split("/")[1], NOBODYS)
            body = _filled(BODIES.get(path), mine) if method in ("post", "patch", "put") else None
            response = await stage.during(client.request(method.upper(), re.sub(r"\{\w+\}", one, path), json=body))
            answers[method, path] = (response.status_code, response.json().get("_tag"))
    return answers


def _filled(body: Any, mine: dict[str, str]) -> Any:
    return body and {name: mine.get("connections", NOBODYS) if value == "{connection}" else value
                     for name, value in body.items()}  # fmt: skip


@pytest.mark.parametrize("stranger", ["another workspace", "the other environment"])
async def test_a_strangers_id_is_answered_like_one_that_never_was(stage: Stage, stranger: str) -> None:
    mine = await _belongings(stage)
    secret = await _stranger(stage, stranger)
    theirs, nobodys = await _answers(stage, secret, mine), await _answers(stage, secret, {})
    assert theirs == nobodys
    assert {status for status, _ in theirs.values()} <= {400, 403, 404}
    assert len(theirs) >= 15


async def _stranger(stage: Stage, stranger: str) -> str:
    db = stage.process.services.db
    if stranger == "another workspace":
        return (await new_customer(db, cents=1_000)).secret
    async with db.system() as tx:
        tenant = Tenant(stage.customer.tenant.workspace_id, "test")
        return (await identity.mint_root(tx, tenant, "test", Grant(ALL), "system")).plaintext


@pytest.mark.parametrize("stranger", ["another workspace", "the other environment"])
async def test_a_strangers_id_in_a_body_is_answered_like_one_that_never_was(stage: Stage, stranger: str) -> None:
    mine = await _belongings(stage)
    async with stage.client_with(await _stranger(stage, stranger)) as client:
        own = (await stage.during(client.post("/numbers", json={}))).json()
        for path, body in _requests(mine, own["id"]):
            nobodys = {name: NOBODYS if value in mine.values() else value for name, value in body.items()}
            answers = [await stage.during(client.post(path, json=one)) for one in (body, nobodys)]
            told = [(answer.status_code, answer.json()["_tag"]) for answer in answers]
            assert told[0] == told[1], path
            assert told[0][0] in (403, 404), path


def _requests(mine: dict[str, str], own: str) -> list[tuple[str, dict[str, Any]]]:
    number, connection = mine["numbers"], mine["connections"]
    consent = {"numberId": number, "peerNumber": PEER}
    return [
        ("/messages", {"fromNumberId": number, "to": PEER, "body": "Hi"}),
        ("/calls", {"fromNumberId": number, "to": PEER}),
        ("/calls", {"fromNumberId": own, "to": PEER, "connectionId": connection}),
        ("/consent", {**consent, "consentType": "explicit_outbound", "source": "test"}),
        ("/consent/revoke", consent),
        ("/numbers/connection", {"numberId": own, "connectionId": connection}),
        ("/numbers/connection", {"numberId": number, "connectionId": connection}),
    ]


async def test_lists_show_nothing_of_anybody_else(stage: Stage) -> None:
    mine = await _belongings(stage)
    for stranger in ("another workspace", "the other environment"):
        async with stage.client_with(await _stranger(stage, stranger)) as client:
            for path in ("/numbers", "/connections", "/calls", "/messages", "/consent", "/api-tokens", "/usage"):
                answer = await client.get(path)
                assert not any(one in answer.text for one in (*mine.values(), PEER)), path
