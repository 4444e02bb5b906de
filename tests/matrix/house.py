"""A server with workspaces to try things in, and the counting of what came of it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from saperly_server import identity, ledger
from saperly_server.core.db import Tenant
from saperly_server.doctor import Finding, examine
from saperly_server.identity import ALL, Grant
from saperly_server.migrations.access import tenant_tables
from sqlalchemy import text

from server.tests.conftest import new_customer
from server.tests.stage import Stage

from .requests import content_of
from .writes import OTHER_PEER, PEER, Other, Upload, Write

Effects = Counter[tuple[str, str]]
"""How often something happened: rows of a table, events of the audit trail, requests to the network."""

_TAKES_ITS_TIME = {"audit_events", "audit_heads", "call_inputs", "disclosures", "events", "transcript_turns"}
"""Tables whose rows depend on how long a conversation lasted, or are counted by what they say."""
_WORD = re.compile(r"\{(\w+)\}")
_LIVE = text("select id from calls where workspace_id = :w and environment = :e and status = 'initiated'")
_ASKING = text(
    "select id from calls where workspace_id = :w union all select id from carrier_operations where workspace_id = :w"
)
_AUDIT = text("select event_type, count(*) from audit_events where workspace_id = :w group by 1")
_ROWS = "select count(*) from {table} where workspace_id = :w"
_CONTENT = "select to_jsonb(t) - 'last_used_at' from {table} t where workspace_id = :w"


@dataclass(slots=True)
class Place:
    """A workspace (one environment of it) with the things that a line of the table names."""

    house: House
    tenant: Tenant
    client: httpx.AsyncClient
    things: dict[str, str] = field(default_factory=dict)

    def filled(self, template: Any) -> Any:
        """A template with the words in braces replaced by what this workspace holds."""
        if isinstance(template, str):
            return _WORD.sub(lambda word: self.things[word[1]], template)
        if isinstance(template, dict):
            return {name: self.filled(value) for name, value in template.items()}
        return [self.filled(value) for value in template] if isinstance(template, list) else template

    def request(
        self,
        write: Write,
        key: str | None,
        *,
        other: bool = False,
        spelling: int = 0,
        client: httpx.AsyncClient | None = None,
        **change: Any,
    ) -> Any:
        """The line's request, not yet sent; `other` is its opposite, `change` replaces members of its body.

        Each `spelling` writes the same request in another way: order, white space, `/v2`, boundary.
        """
        path, body = write.path, write.body
        if other and isinstance(write.other, Other):
            path = write.other.path
        elif other:
            body = write.other
        if change:
            body = {**body, **change}
        content, headers = content_of(body if isinstance(body, Upload) else self.filled(body), spelling)
        if key is not None:
            headers["Idempotency-Key"] = key
        address = ("/v2" if spelling % 2 else "") + self.filled(path)
        return (client or self.client).request(write.method, address, content=content, headers=headers)

    async def send(self, write: Write, key: str | None, **how: Any) -> httpx.Response:
        return await self.house.stage.during(self.request(write, key, **how))

    async def post(self, path: str, body: Any) -> Any:
        task = asyncio.ensure_future(self.client.post(path, json=body))
        while not (await asyncio.wait({task}, timeout=0.002))[0]:
            await self.house.stage.clock.advance(0.2)
        assert task.result().status_code in (200, 201), (path, task.result().text)
        return task.result().json()

    async def furnish(self, write: Write) -> None:
        """Make what the line names."""
        for word in sorted({*words_of(write.path), *words_of(write.body), *words_of(write.other)}):
            kind = word.removeprefix("spare_") if word != "spare" else "number"
            self.things[word] = await getattr(self, f"_{kind}")()
        await self.settle(hang_up=False)

    async def _number(self) -> str:
        number: str = (await self.post("/numbers", {}))["id"]
        for peer in (PEER, OTHER_PEER):
            await self._allow(number, peer)
        return number

    async def _allow(self, number: str, peer: str) -> None:
        consent = {"numberId": number, "peerNumber": peer, "consentType": "explicit_outbound", "source": "test"}
        await self.post("/consent", consent)

    async def allow(self, peer: str) -> None:
        """The peer's consent for every number."""
        for word in ("number", "line"):
            if word in self.things:
                await self._allow(self.things[word], peer)

    async def _connection(self) -> str:
        return str((await self.post("/connections", {"name": "support"}))["id"])

    async def _line(self) -> str:
        number = await self._number()
        await self.post(f"/numbers/{number}/connection", {"connectionId": await self._connection()})
        return number

    async def _call(self) -> str:
        """A call in full conversation."""
        call = await self.post("/calls", {"fromNumberId": await self._line(), "to": PEER})
        await self.house.stage.clock.advance(30)
        return str(call["id"])

    async def _key(self) -> str:
        return str((await self.post("/api-tokens", {"name": "child", "scopes": ["read"]}))["id"])

    async def _voice(self) -> str:
        content, headers = content_of(Upload("Eve"))
        headers["Idempotency-Key"] = f"voice-{len(self.things)}"
        made = await self.client.post("/custom-voices", content=content, headers=headers)
        assert made.status_code == 202, made.text
        await self.house.stage.clock.advance(3)
        return str(made.json()["id"])

    async def settle(self, *, hang_up: bool = True) -> None:
        """Let everything that was begun come to its end."""
        await self.house.stage.clock.advance(3)
        for call in await self.rows(_LIVE) if hang_up else ():
            await self.post(f"/calls/{call.id}/end", {})
        await self.house.stage.clock.advance(3)

    async def rows(self, statement: Any) -> list[Any]:
        async with self.house.stage.process.services.db.system() as tx:
            return list(await tx.all(statement, {"w": self.tenant.workspace_id, "e": self.tenant.environment}))

    async def count(self) -> Effects:
        """All that there is and has happened so far."""
        counted: Effects = Counter({("audit", name): n for name, n in await self.rows(_AUDIT)})
        for table in sorted(set(tenant_tables()) - _TAKES_ITS_TIME):
            counted["rows", table] = (await self.rows(text(_ROWS.format(table=table))))[0][0]
        mine = {row.id for row in await self.rows(_ASKING)}
        for entry in self.house.stage.network.log.of("request"):
            if str(entry.data["op_id"]).partition("-")[0] in mine:
                counted["asked", str(entry.data["operation"])] += 1
        del counted["asked", "set_time_limit"]  # as often as the conversation goes on
        return counted

    async def content(self, *tables: str) -> dict[str, list[str]]:
        """Every row of the workspace (of these tables) as it is."""
        return {
            table: sorted(str(row[0]) for row in await self.rows(text(_CONTENT.format(table=table))))
            for table in tables or tenant_tables()
        }

    async def examine(self) -> list[Finding]:
        """What the doctor finds in this workspace."""
        async with self.house.stage.process.services.db.tenant(self.tenant) as tx:
            return await examine(tx)


def words_of(template: Any) -> Iterable[str]:
    """What a template names."""
    return _WORD.findall(str(template))


@dataclass(slots=True)
class House:
    """The server. `once` remembers what each operation comes to when it is done once and nothing goes wrong."""

    stage: Stage
    known: dict[str, Effects] = field(default_factory=dict)

    async def place(self, write: Write, *, cents: int = 5_000) -> Place:
        """A workspace of its own, furnished for a line."""
        customer = await new_customer(self.stage.process.services.db, cents=cents)
        place = Place(self, customer.tenant, self.stage.client_with(customer.secret))
        await place.furnish(write)
        return place

    async def environment(self, of: Place, write: Write) -> Place:
        """The test environment of the same workspace, furnished for a line."""
        tenant = Tenant(of.tenant.workspace_id, "test")
        async with self.stage.process.services.db.system() as tx:
            await ledger.promote(tx, tenant, 5_000, "signup")
            minted = await identity.mint_root(tx, tenant, "test", Grant(ALL), "system")
        place = Place(self, tenant, self.stage.client_with(minted.plaintext))
        await place.furnish(write)
        return place

    async def once(self, write: Write) -> Effects:
        """The effects of the line's request, sent once with a key of its own."""
        if write.operation not in self.known:
            place = await self.place(write)
            before = await place.count()
            answer = await place.send(write, "once")
            assert answer.status_code == write.status, answer.text
            await place.settle()
            self.known[write.operation] = await place.count() - before
        return self.known[write.operation]
