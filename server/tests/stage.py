"""A whole server in this process: real database, simulated network, virtual time; and a client with a key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from saperly_carriers.clock import VirtualClock
from saperly_carriers.simulated import Network
from saperly_server.main import Process

from .customers import Customer

T = TypeVar("T")


@dataclass(slots=True)
class Stage:
    """The server, its clock, and one customer's client."""

    process: Process
    clock: VirtualClock
    customer: Customer
    client: httpx.AsyncClient

    @property
    def network(self) -> Network:
        return self.process.network

    async def during(self, work: Awaitable[T], limit_sec: float = 60.0) -> T:
        """Let virtual time run while `work` waits for it; time stops as soon as the work is done."""
        task = asyncio.ensure_future(work)
        waited = 0.0
        while not task.done() and waited < limit_sec:
            await asyncio.wait({task}, timeout=0.02)
            if not task.done():
                await self.clock.advance(0.05)
                waited += 0.05
        return await task

    async def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A request during which virtual time runs."""
        return await self.during(self.client.request(method, path, **kwargs))

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.request("POST", path, json=body, headers=headers)

    async def get(self, path: str, **params: Any) -> Any:
        response = await self.client.get(path, params=params)
        response.raise_for_status()
        return response.json()

    def client_with(self, secret: str | None) -> httpx.AsyncClient:
        """A client with another key, or none."""
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        transport = httpx.ASGITransport(self.process.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://saperly.test", headers=headers)

    async def number(self, **wish: Any) -> Any:
        """A bought number."""
        response = await self.post("/numbers", wish or {"areaCode": "415"})
        assert response.status_code == 201, response.text
        return response.json()

    async def line(self, **connection: Any) -> Any:
        """A bought number with a hosted connection bound to it."""
        number = await self.number()
        made = await self.post("/connections", {"name": "support", **connection})
        assert made.status_code == 201, made.text
        bound = await self.post(f"/numbers/{number['id']}/connection", {"connectionId": made.json()["id"]})
        assert bound.status_code == 200, bound.text
        return bound.json()

    async def consent(self, number: Any, peer: str) -> None:
        body = {"numberId": number["id"], "peerNumber": peer, "consentType": "explicit_outbound", "source": "test"}
        response = await self.post("/consent", body)
        assert response.status_code == 201, response.text
