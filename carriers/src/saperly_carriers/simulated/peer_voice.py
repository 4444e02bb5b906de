"""The voice and the keys of whoever is at the other end: one thing after another, at human speed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from saperly_carriers.simulated.environment import Environment, TimerGroup
from saperly_carriers.simulated.keypad import Keypad


class PeerAudience(Protocol):
    """Who listens to a peer."""

    def peer_began(self, text: str, takes_sec: float) -> None: ...

    def peer_said(self, text: str) -> None: ...

    def peer_pressed(self, digit: str) -> None: ...

    def peer_done(self) -> None:
        """One `say` or `press` is out."""
        ...


@dataclass(frozen=True, slots=True)
class _Speech:
    text: str
    takes_sec: float


class PeerVoice:
    """What a peer says and presses, in order. `talking`: words are coming right now."""

    def __init__(self, env: Environment, timers: TimerGroup, audience: PeerAudience) -> None:
        self._env = env
        self._timers = timers
        self._audience = audience
        self._queue: deque[_Speech | str] = deque()
        self._busy = False
        self.talking = False
        self._keypad = Keypad(timers, audience.peer_pressed, self._done)

    def say(self, text: str, takes_sec: float | None) -> None:
        natural = len(text) / self._env.settings.chars_per_sec
        self._queue.append(_Speech(text, natural if takes_sec is None else takes_sec))
        self._go_on()

    def press(self, digits: str) -> None:
        self._queue.append(digits)
        self._go_on()

    def _go_on(self) -> None:
        if self._busy or not self._queue:
            return
        self._busy = True
        item = self._queue.popleft()
        if isinstance(item, _Speech):
            self.talking = True
            self._audience.peer_began(item.text, item.takes_sec)
            self._timers.later(item.takes_sec, lambda: self._said(item.text))
        else:
            self._keypad.add(item)

    def _said(self, text: str) -> None:
        self.talking = False
        self._audience.peer_said(text)
        self._done()

    def _done(self) -> None:
        self._busy = False
        self._audience.peer_done()
        self._go_on()
