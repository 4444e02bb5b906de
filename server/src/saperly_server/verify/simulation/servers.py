"""Servers under simulation: built on a database and a network that outlive them, asked, killed, buried."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from saperly_carriers.clock import VirtualClock
from saperly_carriers.port import RawRequest
from saperly_carriers.simulated import SimulatedCarrier

from saperly_server.core.db import DATABASE_FAILURES
from saperly_server.core.settings import Settings
from saperly_server.main import Process, build

from .client import Answer, Client
from .mishaps import Mishaps
from .mortality import Life, MortalClock
from .ports import MortalDatabase, mortal
from .stepped import Turnstile

T = TypeVar("T")


@dataclass(slots=True)
class Surroundings:
    """What every server of a trial stands on."""

    dsn: str
    clock: VirtualClock
    turnstile: Turnstile
    carrier: SimulatedCarrier
    settings: Settings


@dataclass(slots=True)
class Server:
    """One process. What is asked of it may stay without an answer."""

    name: str
    process: Process
    life: Life
    clock: MortalClock
    mishaps: Mishaps

    @classmethod
    async def start(cls, name: str, around: Surroundings) -> Server:
        life, mishaps = Life(), Mishaps()
        clock = MortalClock(around.clock, life)
        db = MortalDatabase(around.dsn, clock, around.turnstile, life, mishaps)
        process = await build(around.settings, around.dsn, clock, carrier=mortal(around.carrier, life), database=db)
        return cls(name, process, life, clock, mishaps)

    async def ask(self, secret: str, request: Callable[[Client], Awaitable[Answer]]) -> Answer | None:
        """A customer's request; None when the process died of it."""
        client = Client(self.process.app, secret)
        return await self.life.begin(_asked(client, request))

    async def do(self, operation: Callable[..., Awaitable[T]], *arguments: object) -> T | None:
        """Something that an operator does, in a transaction of its own. None when it failed or the process died."""
        return await self.life.begin(self._do(operation, arguments))

    async def _do(self, operation: Callable[..., Awaitable[T]], arguments: tuple[object, ...]) -> T | None:
        try:
            async with self.process.services.db.system() as tx:
                return await operation(tx, *arguments)
        except DATABASE_FAILURES:
            return None

    async def take(self, request: RawRequest) -> None:
        """The network brings an event. ConnectionError when there is nobody, or dies before it is acknowledged."""
        if not self.life.alive:
            raise ConnectionError("connection refused")
        taken = await self.life.begin(self._receive(request))
        if not taken:
            raise ConnectionError("connection reset")

    async def _receive(self, request: RawRequest) -> bool:
        await self.process.services.intake.receive("simulated", request)
        return True

    async def work(self) -> None:
        """Everything that a server does from time to time, once."""
        if self.life.alive:
            await self.life.begin(self.process.worker.turn())

    async def bury(self) -> None:
        """End it if it still lives, and let the operating system close its connections."""
        if self.life.alive:
            self.life.end()
        await asyncio.sleep(0)
        await self.process.services.close()


async def _asked(client: Client, request: Callable[[Client], Awaitable[Answer]]) -> Answer:
    return await request(client)
