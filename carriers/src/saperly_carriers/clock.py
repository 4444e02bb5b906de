"""Time for everything that waits: one protocol, a real clock and one that tests move.

Nothing in this package, and nothing that drives a call, may read the time or wait in any other way.
Under :class:`VirtualClock` a whole network and the server on top of it run step by step and come out
the same each time.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from saperly_carriers.clock_types import Clock, Timer, TimerCallback
from saperly_carriers.virtual_clock import VirtualClock

__all__ = ["Clock", "SystemClock", "Timer", "TimerCallback", "VirtualClock"]

_logger = logging.getLogger(__name__)


class SystemClock:
    """The wall clock on the running event loop. Close it with `aclose` before the loop ends."""

    def __init__(self) -> None:
        self._timers: set[_SystemTimer] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        timer = _SystemTimer(self, callback)
        timer.handle = asyncio.get_running_loop().call_later(max(0.0, delay_sec), timer.fire)
        self._timers.add(timer)
        return timer

    async def sleep(self, sec: float) -> None:
        await asyncio.sleep(max(0.0, sec))

    async def aclose(self) -> None:
        """Cancel every timer that has not fired and every running callback, and wait for those to stop."""
        for timer in tuple(self._timers):
            timer.cancel()
        running = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _forget(self, timer: _SystemTimer) -> None:
        self._timers.discard(timer)

    def _run(self, callback: TimerCallback) -> None:
        task = asyncio.get_running_loop().create_task(_run_logged(callback))
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)


class _SystemTimer:
    __slots__ = ("_callback", "_clock", "handle")

    def __init__(self, clock: SystemClock, callback: TimerCallback) -> None:
        self._clock = clock
        self._callback = callback
        self.handle: asyncio.TimerHandle | None = None

    def fire(self) -> None:
        self._clock._forget(self)
        self._clock._run(self._callback)

    def cancel(self) -> None:
        self._clock._forget(self)
        if self.handle is not None:
            self.handle.cancel()


async def _run_logged(callback: TimerCallback) -> None:
    try:
        await callback()
    except Exception:
        _logger.exception("a timer callback failed")
