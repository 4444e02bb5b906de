"""A wall clock that runs fast, the same in every process of a trial: leases of half a minute pass in a second or two."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from saperly_carriers.clock import SystemClock, Timer, TimerCallback

SPEED = 20.0
"""How many seconds of a fast clock pass in a second. Leases, retries and speech keep their proportions."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What a fast clock showed (`start`) when the system's stood at `origin` (seconds since 1970)."""

    origin: float
    start: datetime

    @classmethod
    def in_days(cls, days: int) -> Self:
        """A clock that begins now and shows the time of day `days` ahead."""
        return cls(time.time(), datetime.now(UTC) + timedelta(days=days))

    def later(self, days: int) -> Epoch:
        return Epoch(self.origin, self.start + timedelta(days=days))


class HastyClock(SystemClock):
    """The system clock, `SPEED` times as fast. Clocks of one epoch agree, in whichever process they are."""

    def __init__(self, epoch: Epoch) -> None:
        super().__init__()
        self._epoch = epoch

    def now(self) -> datetime:
        return self._epoch.start + timedelta(seconds=(time.time() - self._epoch.origin) * SPEED)

    def monotonic(self) -> float:
        return super().monotonic() * SPEED

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        return super().call_later(delay_sec / SPEED, callback)

    async def sleep(self, sec: float) -> None:
        await super().sleep(sec / SPEED)
