"""The timers of one call, all on one timer of the clock.

A turn starts two timers and cancels them long before they would ring. Here that costs two entries of a dict: the clock is
asked only for a moment earlier than the one it already has, and a call that is woken too early goes back to sleep. The time
of day may be set meanwhile: no timer follows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from saperly_carriers.clock import Clock, Timer

_CLOCK_DIGITS = 6
"""Clocks count microseconds."""

Ring = Callable[[str, int], Awaitable[None]]


class CallTimers:
    """Timers by name, each with its token. A timer of the same name is replaced."""

    __slots__ = ("_clock", "_due", "_ring", "_wake", "_wake_at")

    def __init__(self, clock: Clock, ring: Ring) -> None:
        self._clock = clock
        self._ring: Ring | None = ring
        self._due: dict[str, tuple[float, int]] = {}
        self._wake: Timer | None = None
        self._wake_at: float | None = None

    def start(self, name: str, token: int, delay_sec: float) -> None:
        at = round(self._clock.monotonic() + delay_sec, _CLOCK_DIGITS)
        self._due[name] = at, token
        if self._wake_at is None or at < self._wake_at:
            self._wake_me(at)

    def cancel(self, name: str) -> None:
        self._due.pop(name, None)

    def stop(self) -> None:
        """Cancel all of them, for good."""
        self._ring = None
        self._due.clear()
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self._wake_at = None

    def _wake_me(self, at: float) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake_at = at
        self._wake = self._clock.call_later(at - self._clock.monotonic(), self._woken)

    async def _woken(self) -> None:
        """Ring what is due, in the order in which it was due; one that is cancelled or replaced meanwhile does not."""
        self._wake = self._wake_at = None
        now = self._clock.monotonic()
        for at, token, name in sorted((at, token, name) for name, (at, token) in self._due.items() if at <= now):
            if self._ring is not None and self._due.get(name) == (at, token):
                del self._due[name]
                await self._ring(name, token)
        self._sleep_on()

    def _sleep_on(self) -> None:
        soonest = min((at for at, _ in self._due.values()), default=None)
        if self._ring is not None and soonest is not None and (self._wake_at is None or soonest < self._wake_at):
            self._wake_me(soonest)
