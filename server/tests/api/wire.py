"""Small words for tests that talk to the server as its customers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from ..conftest import new_customer
from .conftest import Stage

PEER = "+15555550123"


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and error tag; no tag for a success."""
    body = answer.json()
    return answer.status_code, body.get("_tag") if isinstance(body, dict) else None


def facts(answer: httpx.Response) -> dict[str, Any]:
    """An error's own members, without those that every error has."""
    return {name: value for name, value in answer.json().items() if name not in ("fix", "docUrl", "requestId")}


async def child(
    stage: Stage, *scopes: str, numbers: Sequence[str] | None = None, cents: int | None = None
) -> httpx.AsyncClient:
    """A client with a key below the stage's own."""
    grant: dict[str, Any] = {"scopes": list(scopes)}
    if numbers is not None:
        grant["resources"] = {"numbers": list(numbers)}
    if cents is not None:
        grant["spendLimit"] = {"amountCents": cents}
    minted = await stage.post("/api-tokens", {"name": "child", "grant": grant})
    assert minted.status_code == 201, minted.text
    return stage.client_with(minted.json()["key"])


async def stranger(stage: Stage, **customer: Any) -> httpx.AsyncClient:
    """A client of another workspace."""
    return stage.client_with((await new_customer(stage.process.services.db, **customer)).secret)


async def poor(stage: Stage, cents: int) -> httpx.AsyncClient:
    """A client of another workspace that has hardly any money."""
    return await stranger(stage, cents=cents)


async def furnished(stage: Stage, client: httpx.AsyncClient, *, peer: str = PEER, **connection: Any) -> Any:
    """A number of that client's workspace, bound to a connection, with the peer's consent."""
    number = (await stage.during(client.post("/numbers", json={"areaCode": "212"}))).json()
    made = (await client.post("/connections", json={"name": "support", **connection})).json()
    await client.post(f"/numbers/{number['id']}/connection", json={"connectionId": made["id"]})
    await allow(client, number, peer)
    return number


async def allow(client: httpx.AsyncClient, number: Any, peer: str = PEER) -> None:
    """Record the peer's consent."""
    body = {"numberId": number["id"], "peerNumber": peer, "consentType": "explicit_outbound", "source": "test"}
    recorded = await client.post("/consent", json=body)
    assert recorded.status_code == 201, recorded.text


async def text(stage: Stage, number: Any, to: str = PEER, body: str = "Hi", **headers: str) -> httpx.Response:
    return await stage.post("/messages", {"fromNumberId": number["id"], "to": to, "body": body}, **headers)


async def dial(stage: Stage, number: Any, to: str = PEER, **more: Any) -> httpx.Response:
    return await stage.post("/calls", {"fromNumberId": number["id"], "to": to, **more})


async def balance(stage: Stage) -> int:
    """What is left to spend: posted minus held."""
    found: int = (await stage.get("/usage"))["balanceCents"]
    return found
