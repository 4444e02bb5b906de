"""Many at once: several servers on one database, and everybody wants to spend from one balance or one chain of caps."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from saperly_server import ledger
from saperly_server.core.db import Database, Tx
from saperly_server.core.ids import new_id
from saperly_server.gate import Admitted, Gate, Intent, Repeated
from saperly_server.idempotency import scope_of
from saperly_server.ledger import Closed, InsufficientFunds, SpendLimitExceeded
from saperly_server.verify.contracts import Broken

from .books import Key
from .desk import Calendar
from .premises import Premises

SERVERS = 4
HANDS = 96
"""So many wait for an answer at any instant."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers of one deployment, each with connections and a gate of its own."""

    clock: Calendar
    databases: list[Database]
    gates: list[Gate]

    @classmethod
    @asynccontextmanager
    async def opened(cls, dsn: str, clock: Calendar) -> AsyncIterator[Servers]:
        databases = [Database(dsn, clock, pool_size=3) for _ in range(SERVERS)]
        try:
            yield cls(clock, databases, [Gate(db, owner=new_id("proc"), consent_policy="strict") for db in databases])
        finally:
            for db in databases:
                await db.close()


@dataclass(slots=True)
class Rush:
    """One crowd in one workspace, and everything it was told."""

    servers: Servers
    home: Premises
    keys: list[Key]
    random: Random
    admitted: dict[str, Intent] = field(default_factory=dict)
    refused: list[tuple[Intent, str]] = field(default_factory=list)
    closed: defaultdict[str, list[Closed]] = field(default_factory=lambda: defaultdict(list))
    extended: dict[str, int] = field(default_factory=dict)
    paid: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)

    async def all_at_once(self, visits: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Let many hands work off the list."""
        todo = iter(visits)

        async def work() -> None:
            for visit in todo:
                await visit()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(HANDS):
                    group.create_task(work())
        except* Exception as errors:
            raise errors.exceptions[0] from None

    async def reserve(self, key: int, cents: int, *, twice: bool = False) -> str | None:
        """The hold, or None when it was refused. `twice`: two servers are asked with the same Idempotency-Key."""
        name = f"once-{self.random.random()}"
        wanted = [self._wanted(key, cents, name if twice else None) for _ in range(1 + twice)]
        answers = await asyncio.gather(*(self._asked(intent) for intent in wanted))
        made = [intent for intent, answer in zip(wanted, answers, strict=True) if answer is not None]
        if len(made) > 1:
            raise Broken(f"L-9: the same request was admitted {len(made)} times.")
        return made[0].hold_id if made else None

    def _wanted(self, key: int, cents: int, name: str | None) -> Intent:
        scope = None
        if name is not None:
            scope = scope_of(self.home.workspace_id, self.home.keys[key], "POST /messages", name, {})
        return self.home.text("live", key, cents, scope)

    async def _asked(self, intent: Intent) -> Admitted | None:
        try:
            answer = await self.random.choice(self.servers.gates).admit(intent)
        except (InsufficientFunds, SpendLimitExceeded) as refused:
            self.refused.append((intent, refused.tag))
            return None
        if isinstance(answer, Repeated):
            return None
        self.admitted[intent.hold_id] = intent
        return answer

    async def settle(self, hold: str, cents: int) -> None:
        self.closed[hold].append(await self._done(lambda tx: ledger.settle(tx, self.home.workspace_id, hold, cents)))

    async def release(self, hold: str) -> None:
        self.closed[hold].append(await self._done(lambda tx: ledger.release(tx, self.home.workspace_id, hold)))

    async def extend(self, hold: str, cents: int) -> None:
        if await self._done(lambda tx: ledger.extend(tx, self.home.workspace_id, hold, cents)):
            self.extended[hold] = max(cents, self.extended.get(hold, 0))

    async def pay(self, name: str, cents: int) -> None:
        """A payment that may be reported more than once."""
        tenant = self.home.tenant("live")
        moved = await self._done(lambda tx: ledger.top_up(tx, tenant, cents, name))
        self.paid.setdefault(name, []).append((cents, moved))

    async def charge(self, cents: int, cause: str) -> None:
        tenant = self.home.tenant("live")
        moved = await self._done(lambda tx: ledger.charge(tx, tenant, cents, "num_x", f"rent:num_x:{cause}"))
        self.paid.setdefault(f"rent {cause}", []).append((-cents, moved))

    async def _done(self, work: Callable[[Tx], Awaitable[Any]]) -> Any:
        async with self.random.choice(self.servers.databases).system() as tx:
            return await work(tx)
