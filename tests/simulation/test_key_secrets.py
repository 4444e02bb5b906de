"""A key's plaintext is in the one answer that minted it, and nowhere else: no other answer, no row, no line of the log."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from random import Random
from typing import Any

import asyncpg
import httpx
import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server import identity, ledger
from saperly_server.core.db import Tenant
from saperly_server.core.settings import Settings
from saperly_server.identity import ALL, Grant, WorkspaceLimits
from saperly_server.main import Process, build
from saperly_server.verify import Ground
from structlog.testing import capture_logs

START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
STEPS = 25


class Visitor:
    """Uses the REST surface with keys that it mints, and keeps every answer."""

    def __init__(self, process: Process, secret: str, random: Random) -> None:
        self._transport = httpx.ASGITransport(process.app, raise_app_exceptions=False)
        self.random = random
        self.keys: list[tuple[str, str]] = [("", secret)]
        self.minted: dict[str, int] = {}
        self.answers: list[str] = []

    async def step(self) -> None:
        await getattr(self, self.random.choice(("mint", "mint", "list", "revoke", "use", "use")))()

    async def ask(self, secret: str, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secret}", **request.pop("headers", {})}
        async with httpx.AsyncClient(transport=self._transport, base_url="http://saperly.test") as client:
            response = await client.request(method, path, headers=headers, **request)
        self.answers.append(f"{response.headers} {response.text}")
        return response

    async def mint(self) -> None:
        """Once, and again with the same Idempotency-Key: the repetition shows no secret."""
        body = {"name": "child", "scopes": self.random.choice((["admin"], ["read", "write"]))}
        headers = {"Idempotency-Key": f"mint-{self.random.random()}"}
        parent = self.random.choice(self.keys)[1]
        for attempt in range(self.random.choice((1, 2))):
            made = await self.ask(parent, "POST", "/api-tokens", json=body, headers=headers)
            if made.status_code == 201 and attempt == 0:
                self.minted[made.json()["token"]] = len(self.answers) - 1
                self.keys.append((made.json()["id"], made.json()["token"]))

    async def list(self) -> None:
        await self.ask(self.random.choice(self.keys)[1], "GET", "/api-tokens")

    async def revoke(self) -> None:
        if self.random.random() < 0.4:
            await self.ask(self.keys[0][1], "POST", f"/api-tokens/{self.random.choice(self.keys)[0] or 'x'}/revoke")

    async def use(self) -> None:
        """Right and wrong uses: an error may echo what it was sent, never a key."""
        _, secret = self.random.choice(self.keys)
        wrong = {"path": "/messages", "json": {"to": "nobody", "body": 5}}
        request = self.random.choice(({"path": "/usage"}, wrong, {"path": "/calls", "json": {"fromNumberId": "num_x"}}))
        await self.ask(secret + self.random.choice(("", "", "x")), "POST" if "json" in request else "GET", **request)


async def _root_key(process: Process) -> str:
    async with process.services.db.system() as tx:
        workspace = await identity.create_workspace(tx, "Acme", "acme", WorkspaceLimits(["US"], 5, 5))
        for environment in ("live", "test"):
            await ledger.open_account(tx, Tenant(workspace.id, environment))
        minted = await identity.mint_root(tx, Tenant(workspace.id, "live"), "root", Grant(ALL), "system")
    return minted.plaintext


async def _dump(dsn: str) -> str:
    conn = await asyncpg.connect(dsn)
    try:
        tables = await conn.fetch("select tablename from pg_tables where schemaname = 'public'")
        rows = [await conn.fetch(f'select t::text as row from "{table[0]}" t') for table in tables]
        return " ".join(row["row"] for table in rows for row in table)
    finally:
        await conn.close()


@pytest.mark.parametrize("seed", range(6))
async def test_a_plaintext_is_in_one_answer_only(ground: Ground, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(START)
    settings = Settings(mode="development", secret_key="test", requests_per_minute=1_000_000)
    async with ground.database() as dsn:
        process = await build(settings, dsn, clock)
        visitor = Visitor(process, await _root_key(process), Random(seed))
        with capture_logs() as logs, caplog.at_level(logging.DEBUG):
            for _ in range(STEPS):
                await visitor.step()
        stored = await _dump(dsn)
        await process.services.close()
    for plaintext, place in visitor.minted.items():
        others = [answer for nth, answer in enumerate(visitor.answers) if nth != place]
        body = plaintext.rpartition("_")[2]
        assert visitor.answers[place].count(body) == 2, "as token and as key"
        assert not any(body in text for text in (*others, stored, str(logs), caplog.text))
    assert visitor.minted
