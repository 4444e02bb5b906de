"""A mortal process's ways to the world: its database and its carrier, with the mishaps that befall them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, cast

import structlog
from saperly_carriers.clock import Clock
from saperly_carriers.port import Carrier, SpeechEvent, SpeechListener
from saperly_carriers.simulated import SimulatedCarrier

from saperly_server.core.db import Tx

from .mishaps import Mishaps
from .mortality import Life
from .stepped import SteppedDatabase, Turnstile

T = TypeVar("T")
_logger = structlog.get_logger(__name__)


class MortalDatabase(SteppedDatabase):
    """Before each statement, before a commit and after it the process may die, or the database fail it."""

    def __init__(self, dsn: str, clock: Clock, turnstile: Turnstile, life: Life, mishaps: Mishaps) -> None:
        super().__init__(dsn, clock, turnstile)
        self._life = life
        self._mishaps = mishaps

    @asynccontextmanager
    async def in_turn(self, work: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        self._life.moment()
        async with super().in_turn(self._mortal(work)) as opened:
            yield opened
        self._life.moment()

    @asynccontextmanager
    async def _mortal(self, work: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        with self._life.at_work():
            async with work as opened:
                if isinstance(opened, Tx):
                    opened.conn = cast("Any", _Watched(opened.conn, self._life, self._mishaps))
                    yield opened
                    self._life.moment()
                else:
                    yield cast("T", _Watched(opened, self._life, self._mishaps))
            if isinstance(opened, Tx):
                self._mishaps.after_commit()


class _Watched:
    """A connection on which every statement is a moment."""

    def __init__(self, conn: Any, life: Life, mishaps: Mishaps) -> None:
        self._conn = conn
        self._life = life
        self._mishaps = mishaps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def execute(self, *arguments: Any) -> Any:
        return await self._statement("execute", arguments)

    async def fetchval(self, *arguments: Any) -> Any:
        found = await self._statement("fetchval", arguments)
        self._mishaps.after_commit()
        return found

    async def _statement(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self._life.moment()
        await self._mishaps.before_statement(self._conn)
        return await getattr(self._conn, name)(*arguments)


class _MortalPart:
    """One part of a carrier: before a request and after its answer the process may die."""

    def __init__(self, part: Any, life: Life) -> None:
        self._part = part
        self._life = life

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def request(*arguments: Any, **named: Any) -> Any:
            self._life.moment()
            answer = await getattr(self._part, name)(*arguments, **named)
            self._life.moment()
            return answer

        return request


class _MortalCalls(_MortalPart):
    async def open_speech(self, call: Any, cfg: Any, listener: SpeechListener, op: Any) -> Any:
        self._life.moment()

        async def heard(event: SpeechEvent) -> None:
            if self._life.alive:
                await self._life.begin(_told(listener, event))

        session = await self._part.open_speech(call, cfg, heard, op)
        self._life.moment()
        return session


async def _told(listener: SpeechListener, event: SpeechEvent) -> None:
    try:
        await listener(event)
    except Exception:
        _logger.exception("a listener failed")


class MortalCarrier:
    """A carrier that outlives the process that speaks to it through this."""

    def __init__(self, carrier: SimulatedCarrier, life: Life) -> None:
        self.name, self.caps, self.intake = carrier.name, carrier.caps, carrier.intake
        self.numbers = _MortalPart(carrier.numbers, life)
        self.messaging = _MortalPart(carrier.messaging, life)
        self.calls = _MortalCalls(carrier.calls, life)


def mortal(carrier: SimulatedCarrier, life: Life) -> Carrier:
    return cast("Carrier", MortalCarrier(carrier, life))
