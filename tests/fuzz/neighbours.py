"""Two customers who must know nothing of each other: one of everything for both, and every text that is only the other's."""

from __future__ import annotations

import asyncio
import io
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from saperly_carriers.simulated import load_script
from saperly_server import identity, ledger
from saperly_server.core.db import Tenant
from saperly_server.identity import ALL, Grant
from saperly_server.migrations.access import tenant_tables
from sqlalchemy import text

from server.tests.conftest import new_customer
from server.tests.stage import Stage

ID = re.compile(r"[a-z]{2,8}_[0-9A-HJKMNP-TV-Z]{26}")
_TALK = "steps:\n  - say: {said}\n  - pause: 3\n  - hang_up\n"
_WORD = re.compile(r"[a-z_.]+|.{1,4}")
"""The system's own words, such as states and kinds, and what is too short to be a secret."""


@dataclass(slots=True)
class Tenantry:
    """One side: its client and the things it has, by kind."""

    stage: Stage
    client: httpx.AsyncClient
    mark: str
    peer: str
    things: dict[str, str]

    async def post(self, path: str, body: Any = None, **how: Any) -> Any:
        task = asyncio.ensure_future(self.client.post(path, json=body, **how))
        while not (await asyncio.wait({task}, timeout=0.002))[0]:
            await self.stage.clock.advance(0.2)
        assert task.result().is_success, (path, task.result().text)
        return task.result().json()

    async def furnish(self) -> None:
        """One of everything, with texts that nobody else has."""
        self.things["number"] = await self.number()
        self.things["connection"] = await self.connection()
        self.things["key"] = (await self.post("/api-tokens", {"name": f"{self.mark} key", "scopes": ["read"]}))["id"]
        self.things["voice"] = await self._voice()
        await self.use(self.things["number"], self.things["connection"])
        self.things["call"] = await self.call(self.things["number"])

    async def number(self) -> str:
        return str((await self.post("/numbers", {}))["id"])

    async def connection(self) -> str:
        wish = {"name": f"{self.mark} desk", "instructions": f"{self.mark} instructions", "mode": "manual"}
        made = await self.post("/connections", {**wish, "manualWebhookUrl": f"https://{self.mark}.example.com/brain"})
        hosted = await self.post("/connections", {"name": f"{self.mark} second desk"})
        assert made["manualSecret"]
        return str(hosted["id"])

    async def use(self, number: str, connection: str) -> None:
        """Texts and an inbound call; an opt-out."""
        await self.post(f"/numbers/{number}/connection", {"connectionId": connection})
        await self.post(f"/numbers/{number}/webhook", {"url": f"https://{self.mark}.example.com/events"})
        consent = {"numberId": number, "peerNumber": self.peer, "consentType": "explicit_outbound"}
        await self.post("/consent", {**consent, "source": f"{self.mark} form"})
        await self.post("/messages", {"fromNumberId": number, "to": self.peer, "body": f"{self.mark} text"})
        e164 = (await self.client.get(f"/numbers/{number}")).json()["phoneNumber"]
        other = f"{self.peer[:-2]}{int(self.peer[-2:]) + 1:02d}"
        for word in (f"{self.mark} hello", "STOP"):
            self.stage.network.send_text(other, e164, word)
            await self.stage.clock.advance(3)
        script = load_script(_TALK.format(said=f"I am calling about {self.mark} things."))
        self.stage.network.place_scripted_call(other, e164, script)
        await self.stage.clock.advance(40)

    async def call(self, number: str) -> str:
        """A live call; its peer listens."""
        placed = await self.post("/calls", {"fromNumberId": number, "to": self.peer})
        await self.stage.clock.advance(30)
        return str(placed["id"])

    async def hang_up(self) -> None:
        await self.post(f"/calls/{self.things['call']}/end", {})
        await self.stage.clock.advance(5)

    async def _voice(self) -> str:
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
            sound.writeframes(bytes(16_000))
        fields = {"name": f"{self.mark} voice", "language": "es-MX", "gender": "female"}
        headers = {"Idempotency-Key": f"{self.mark}-voice"}
        made = await self.client.post(
            "/custom-voices", data=fields, files={"audio": ("a.wav", file.getvalue())}, headers=headers
        )
        assert made.status_code == 202, made.text
        await self.stage.clock.advance(3)
        return str(made.json()["id"])


async def workspace(stage: Stage, mark: str, peer: str) -> Tenantry:
    """A workspace of its own."""
    customer = await new_customer(stage.process.services.db, cents=5_000)
    return Tenantry(stage, stage.client_with(customer.secret), mark, peer, {"workspace": customer.tenant.workspace_id})


async def other_environment(stage: Stage, of: Tenantry, mark: str, peer: str) -> Tenantry:
    """The test environment of the same workspace."""
    tenant = Tenant(of.things["workspace"], "test")
    async with stage.process.services.db.system() as tx:
        await ledger.promote(tx, tenant, 5_000, "signup")
        minted = await identity.mint_root(tx, tenant, f"{mark} root", Grant(ALL), "system")
    return Tenantry(stage, stage.client_with(minted.plaintext), mark, peer, {})


async def texts(stage: Stage) -> set[str]:
    """Every text in the database, in columns and inside JSON."""
    found: set[str] = set()
    async with stage.process.services.db.system() as tx:
        for table in tenant_tables():
            for row in await tx.all(text(f"select to_jsonb(t) from {table} t")):
                found.update(_strings(row[0]))
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str) and _WORD.fullmatch(value) is None:
        yield value


def ids_among(found: set[str]) -> list[str]:
    return sorted(one for one in found if ID.fullmatch(one))


def twin_of(one: str) -> str:
    """An id that names nothing, beside this one in every order."""
    return one[:-1] + ("0" if one[-1] != "0" else "1")
