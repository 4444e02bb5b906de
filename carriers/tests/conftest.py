"""A small platform in front of the simulated network, on a clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_carriers.port import (
    CallHandle,
    CarrierEvent,
    DialRequest,
    EventKind,
    Op,
    RawRequest,
    Sender,
    SentMessage,
    SpeechConfig,
    SpeechEvent,
    SpeechSession,
)
from saperly_carriers.simulated import Network, NetworkSettings, PartyLeg, SimulatedCarrier

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLATFORM = "+12125550100"
PEER = "+14155551234"


class World:
    """Network, carrier, and a platform that notes every event and every piece of speech."""

    platform = PLATFORM
    peer = PEER

    def __init__(self, settings: NetworkSettings | None = None, seed: int = 7) -> None:
        self.clock = VirtualClock(START)
        self.network = Network(
            seed,
            self.clock,
            self.deliver,
            id_prefix="t",
            settings=settings or NetworkSettings(order_latency_sec=0),
        )
        self.carrier = SimulatedCarrier(self.network)
        self.events: list[CarrierEvent] = []
        self.speech: list[tuple[float, SpeechEvent]] = []
        self.number_id = self.network.seize(PLATFORM)
        self._ops = 0

    async def deliver(self, request: RawRequest) -> None:
        self.carrier.intake.verify(request, self.clock.now())
        self.events += self.carrier.intake.parse(request)

    def op(self, ref: str | None = "ref", deadline_sec: float = 10.0) -> Op:
        self._ops += 1
        return Op(f"op-{self._ops}", ref, deadline_sec)

    def elapsed(self) -> float:
        return (self.clock.now() - START).total_seconds()

    def request(self, to: str = PEER, **changes: Any) -> DialRequest:
        fields: dict[str, Any] = {
            "from_number": PLATFORM,
            "to": to,
            "caller_name": None,
            "ring_timeout_sec": 30,
            "time_limit_sec": 3600,
        }
        return DialRequest(**(fields | changes))

    async def dial(self, to: str = PEER, **changes: Any) -> CallHandle:
        return await self.clock.run(self.carrier.calls.dial(self.request(to, **changes), self.op()))

    async def connected(self, to: str = PEER, **changes: Any) -> CallHandle:
        """A call that was just answered."""
        call = await self.dial(to, **changes)
        await self.clock.advance_until(lambda: self.of(EventKind.CALL_ANSWERED) != [], 60)
        return call

    async def listen(self, call: CallHandle, config: SpeechConfig | None = None) -> SpeechSession:
        """Open speech on a call and wait until it is ready."""
        config = config or SpeechConfig()
        session = await self.carrier.calls.open_speech(call, config, self.note, self.op())
        await self.clock.advance(0.1)
        return session

    async def note(self, event: SpeechEvent) -> None:
        self.speech.append((self.elapsed(), event))

    def said(self) -> list[SpeechEvent]:
        return [event for _, event in self.speech]

    def of(self, kind: EventKind) -> list[CarrierEvent]:
        return [event for event in self.events if event.kind is kind]

    def one(self, kind: EventKind) -> CarrierEvent:
        (event,) = self.of(kind)
        return event

    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events]

    async def send(self, to: str = PEER, text: str = "Hello", alphanumeric: str | None = None) -> SentMessage:
        sender = Sender(PLATFORM, alphanumeric)
        return await self.clock.run(self.carrier.messaging.send(sender=sender, to=to, text=text, op=self.op()))

    def statuses(self) -> list[tuple[str, str | None]]:
        return [(event.data["status"], event.data["error"]) for event in self.of(EventKind.MESSAGE_STATUS)]


@dataclass
class Person:
    """An ear that notes what it notices, and takes calls if told so."""

    picks_up: bool = False
    noticed: list[str] = field(default_factory=list)
    legs: list[PartyLeg] = field(default_factory=list)

    async def ringing(self, leg: PartyLeg) -> None:
        self.noticed.append("ringing")
        self.legs.append(leg)
        if self.picks_up:
            await leg.answer()

    async def answered(self, leg: PartyLeg) -> None:
        self.noticed.append("answered")

    async def heard(self, leg: PartyLeg, text: str, utterance_id: str) -> None:
        self.noticed.append(f"heard {text}")

    async def dtmf(self, leg: PartyLeg, digit: str) -> None:
        self.noticed.append(f"dtmf {digit}")

    async def ended(self, leg: PartyLeg, reason: str) -> None:
        self.noticed.append(f"ended {reason}")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> type[World]:
    return World


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def make_person() -> type[Person]:
    return Person
