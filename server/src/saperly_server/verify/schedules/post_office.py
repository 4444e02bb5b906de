"""Stands between the network and the platform's intake, and delivers when and how often the schedule says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from saperly_carriers.clock import VirtualClock
from saperly_carriers.port import RawRequest
from saperly_carriers.simulated import Deliver, Network
from saperly_carriers.simulated.signing import Signer, SimulatedIntake

from .cases import Fate, Mode
from .expected import CarrierNews

_UNTOUCHED = Fate(Mode.LIVE, 1, 0.0, frozenset())
_PROGRESS = ("sent", "queued")


@dataclass(slots=True)
class Letter:
    """An event of the network. `arrivals` counts how often the platform has had it."""

    event_id: str
    subject: str
    ref: str | None
    kind: str
    body: bytes
    news: CarrierNews
    fate: Fate
    arrivals: int = 0
    lost: bool = False


@dataclass(slots=True)
class PostOffice:
    """`fate_of` says what befalls an event, by the numbers in it or the reference it carries."""

    network: Network
    clock: VirtualClock
    receive: Deliver
    after_each: Callable[[Letter], Awaitable[None]]
    fate_of: Callable[[dict[str, Any]], Fate | None]
    rng: Random
    letters: dict[str, Letter] = field(default_factory=dict)

    async def take(self, request: RawRequest) -> None:
        """What the network takes for the platform. Forged requests are refused at the door, as the platform would."""
        SimulatedIntake(self.network.signing_key).verify(request, self.clock.now())
        body = json.loads(request.body)
        if body["id"] in self.letters:
            return
        letter = self.letters[body["id"]] = self._letter(body, request.body)
        letter.lost = bool(letter.fate.lost & {letter.kind, _kind_of_receipt(letter)})
        if letter.lost or (letter.fate.mode is Mode.AFTERWARDS and letter.kind != "call.incoming"):
            return
        for _ in range(self.rng.randint(1, letter.fate.copies)):
            self.clock.call_later(self.rng.uniform(0, letter.fate.spread_sec), partial(self.bring, letter))

    def _letter(self, body: dict[str, Any], raw: bytes) -> Letter:
        news = CarrierNews(body["type"], datetime.fromisoformat(body["occurred_at"]), body["data"])
        subject = str(body.get("call_id") or body.get("message_id") or body.get("order_id"))
        fate = self.fate_of(body) or self._fate_of_subject(subject) or _UNTOUCHED
        return Letter(body["id"], subject, body["ref"], body["type"], raw, news, fate)

    def _fate_of_subject(self, subject: str) -> Fate | None:
        return next((letter.fate for letter in self.letters.values() if letter.subject == subject), None)

    async def bring(self, letter: Letter) -> None:
        """Deliver it once, signed anew as carriers do on every try."""
        await self.receive(Signer(self.network.signing_key).request(letter.body, self.clock.now()))
        letter.arrivals += 1
        await self.after_each(letter)

    async def bring_the_rest(self) -> None:
        """What was kept back until everything had happened, shuffled; and what has come already, once more at times."""
        rest = [
            letter
            for letter in self.letters.values()
            for _ in range(self.rng.randint(0 if letter.arrivals else 1, letter.fate.copies))
            if not letter.lost
        ]
        self.rng.shuffle(rest)
        for letter in rest:
            await self.bring(letter)

    def of(self, subject: str | None) -> list[Letter]:
        """The events of one call or text that the platform has had."""
        return [letter for letter in self.letters.values() if letter.subject == subject and letter.arrivals]


def _kind_of_receipt(letter: Letter) -> str:
    if letter.kind != "message.status":
        return letter.kind
    return "message.sent" if letter.news.data["status"] in _PROGRESS else "message.final"
