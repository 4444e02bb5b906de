"""What every part of the network shares: time, ids, chance, the log and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from saperly_carriers.clock import Clock, Timer
from saperly_carriers.events import EventKind
from saperly_carriers.simulated.courier import Courier, OutgoingEvent
from saperly_carriers.simulated.faults import NO_FAULTS, Faults
from saperly_carriers.simulated.log import EventLog
from saperly_carriers.simulated.settings import NetworkSettings


class Ids:
    """Ids from counters. The prefix keeps the ids of two runs apart that share a database."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._counts: dict[str, int] = {}

    def call(self) -> str:
        return f"v3:sim-{self._next('call')}"

    def message(self) -> str:
        return f"sim-msg-{self._next('message')}"

    def order(self) -> str:
        return f"sim-ord-{self._next('order')}"

    def event(self) -> str:
        return f"sim-evt-{self._next('event')}"

    def _next(self, kind: str) -> str:
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{self._prefix}-{count:06d}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about: `key` is call_id, message_id or order_id, `ref` the platform's own name."""

    key: str
    id: str
    ref: str | None


@dataclass(slots=True)
class Environment:
    """Shared by all parts of one network. `faults` apply to everything, on top of those of a magic number."""

    seed: int
    clock: Clock
    settings: NetworkSettings
    ids: Ids
    log: EventLog
    courier: Courier
    faults: Faults

    def later(self, delay_sec: float, action: Callable[[], None]) -> Timer:
        """Do something that does not wait, later."""
        return self.clock.call_later(delay_sec, action)

    def emit(
        self,
        subject: Subject,
        kind: EventKind,
        data: Mapping[str, object],
        *,
        faults: Faults = NO_FAULTS,
        occurred_at: datetime | None = None,
        after_sec: float = 0.0,
    ) -> None:
        """Tell the platform that something happened, now unless said otherwise."""
        at = occurred_at or self.clock.now()
        event = OutgoingEvent(self.ids.event(), kind, at, subject.key, subject.id, subject.ref, data)
        self.courier.post(event, faults.merged(self.faults), after_sec=after_sec)

    def random(self, *labels: object) -> Random:
        """Chance that depends on the network's seed and the labels only, not on what happened elsewhere."""
        return Random("/".join(map(str, (self.seed, *labels))))  # noqa: S311 - a simulation, not a secret


class TimerGroup:
    """Timers that end together, for instance with their call."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._timers: set[Timer] = set()

    def later(self, delay_sec: float, action: Callable[[], None]) -> Timer:
        timer: Timer

        def fire() -> None:
            self._timers.discard(timer)
            action()

        timer = self._env.later(delay_sec, fire)
        self._timers.add(timer)
        return timer

    def cancel(self, timer: Timer | None) -> None:
        if timer is not None:
            timer.cancel()
            self._timers.discard(timer)

    def cancel_all(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
