"""What a clock is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

TimerCallback = Callable[[], Awaitable[None] | None]
"""What a timer runs: a coroutine function, or a plain function for what never waits."""


class Timer(Protocol):
    """A callback that has been asked for."""

    def cancel(self) -> None:
        """Make sure that the callback does not start. No effect once it has started."""
        ...


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant, for measuring: they never go back, whatever becomes of the time of day."""
        ...

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        """Run `callback` after `delay_sec` (below zero: at once). Equal times run in the order asked."""
        ...

    async def sleep(self, sec: float) -> None:
        """Return after `sec` seconds of this clock."""
        ...
