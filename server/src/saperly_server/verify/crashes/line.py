"""The carrier as a server under test sees it: the port, by way of a socket to the network process.

Every request is an instant before it is written, when it was sent, and when its answer is there.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from typing import Any

from saperly_carriers.clock import Clock
from saperly_carriers.port import (
    CallHandle,
    Capabilities,
    CarrierOutcomeUnknown,
    CarrierUnavailable,
    Op,
    RawRequest,
    SpeechClosed,
    SpeechConfig,
    SpeechEvent,
    SpeechListener,
)
from saperly_carriers.simulated.mailbox import Mailbox
from saperly_carriers.simulated.signing import SimulatedIntake

from .instants import Instants, mark
from .wire import Gone, Link

Take = Callable[[RawRequest], Awaitable[None]]
_QUESTIONS = frozenset({"search", "offer_of", "order_status", "lookup", "status", "find_live_calls"})
"""What changes nothing and finds nothing out about a crash: to die around it is to die before or after it."""


class Line:
    """The link to the network, with the instants of what goes over it."""

    def __init__(self, clock: Clock, instants: Instants) -> None:
        self.instants = instants
        self._clock = clock
        self._link: Link | None = None
        self._take: Take | None = None
        self._ears: dict[int, Mailbox[SpeechEvent]] = {}
        self._sessions = itertools.count(os.getpid() << 20)  # of one process among many

    async def connect(self, path: str) -> RemoteCarrier:
        self._link = await Link.to(path, self._handle)
        return RemoteCarrier(self, *await self._link.ask("connect"))

    async def take_events(self, take: Take) -> None:
        """From now on the network's events come here."""
        assert self._link is not None
        self._take = take
        await self._link.ask("take_events")

    async def ask(self, what: str, name: str, *args: Any) -> Any:
        assert self._link is not None
        if what not in _QUESTIONS:
            self.instants.reach(f"before network {what}")
        answer = self._link.asking(name, *args)
        if what not in _QUESTIONS:
            await asyncio.sleep(0)
            self.instants.reach(f"sent network {what}")
        try:
            result = await answer
        except Gone as gone:
            raise CarrierOutcomeUnknown("The network has gone.") from gone
        finally:
            if what not in _QUESTIONS:
                self.instants.reach(f"after network {what}")
        return result

    def listen(self, listener: SpeechListener) -> int:
        """A new speech session; what is heard on it goes to `listener`, in order."""
        session = next(self._sessions)

        async def hear(event: SpeechEvent) -> None:
            mark("network")
            self.instants.reach(f"before heard {type(event).__name__}")
            await listener(event)
            if isinstance(event, SpeechClosed):
                self._ears.pop(session, None)

        self._ears[session] = Mailbox(self._clock, hear)
        return session

    async def _handle(self, name: str, *args: Any) -> None:
        mark("network")
        if name == "event":
            await self._event(*args)
        elif args[0] in self._ears:
            self._ears[args[0]].put(args[1])

    async def _event(self, request: RawRequest) -> None:
        if self._take is None:
            raise CarrierUnavailable("Nobody takes events yet.")
        self.instants.reach("before network event")
        await self._take(request)
        self.instants.reach("after network event")


class _Part:
    """One part of the port: its methods are the carrier's own, at the other end of the line."""

    def __init__(self, line: Line, name: str) -> None:
        self._line = line
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._line.ask(method, "carrier", self._name, method, args, kwargs)

        return call


class _Calls(_Part):
    async def open_speech(self, call: CallHandle, cfg: SpeechConfig, listener: SpeechListener, op: Op) -> _Session:
        session = self._line.listen(listener)
        await self._line.ask("open_speech", "open_speech", session, call, cfg, op)
        return _Session(self._line, session)


class _Session:
    """A speech session at the other end of the line."""

    def __init__(self, line: Line, session: int) -> None:
        self._line = line
        self._session = session

    def __getattr__(self, method: str) -> Callable[..., Awaitable[None]]:
        async def call(*args: Any, **kwargs: Any) -> None:
            await self._line.ask(method, "speech", self._session, method, args, kwargs)

        return call


class RemoteCarrier:
    """Implements Carrier."""

    name = "simulated"

    def __init__(self, line: Line, caps: Capabilities, signing_key: bytes) -> None:
        self.caps = caps
        self.numbers: Any = _Part(line, "numbers")
        self.messaging: Any = _Part(line, "messaging")
        self.calls: Any = _Calls(line, "calls")
        self.intake = SimulatedIntake(signing_key)
