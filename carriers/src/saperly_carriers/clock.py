"""Time for everything that waits: one protocol, a real clock and one that tests move.

Nothing in this package, and nothing that drives a call, may read the time or wait in any other way.
Under :class:`VirtualClock` a whole network and the server on top of it run step by step and come out
the same each time.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
import time
from contextvars import copy_context
from datetime import UTC, datetime

from saperly_carriers.clock_types import Clock, Timer, TimerCallback
from saperly_carriers.virtual_clock import VirtualClock

__all__ = ["Clock", "SystemClock", "Timer", "TimerCallback", "VirtualClock"]

_logger = logging.getLogger(__name__)
_LOOP_CLOCK_SEC = 0.001
"""An event loop may wake this much too early."""


class SystemClock:
    """The wall clock on the running event loop. Close it with `aclose` before the loop ends.

    All timers wait in one heap, and the event loop is asked for the soonest only: a process that holds thousands of calls
    starts and fires thousands of timers a second.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _SystemTimer]] = []
        self._asked = 0
        self._wake: asyncio.Handle | None = None
        self._wake_at = math.inf
        self._tasks: set[asyncio.Future[None]] = set()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        timer = _SystemTimer(callback)
        due = time.monotonic() + max(0.0, delay_sec)
        self._asked += 1
        heapq.heappush(self._heap, (due, self._asked, timer))
        if due < self._wake_at:
            self._wake_for(due, delay_sec)
        return timer

    async def sleep(self, sec: float) -> None:
        await asyncio.sleep(max(0.0, sec))

    async def aclose(self) -> None:
        """Cancel every timer that has not fired and every running callback, and wait for those to stop."""
        self._heap.clear()
        if self._wake is not None:
            self._wake.cancel()
        self._wake, self._wake_at = None, math.inf
        running = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _wake_for(self, due: float, delay_sec: float) -> None:
        loop = asyncio.get_running_loop()
        if self._wake is not None:
            self._wake.cancel()
        self._wake_at = due
        if delay_sec <= 0:
            self._wake = loop.call_soon(self._fire_due)
        else:
            self._wake = loop.call_later(delay_sec + _LOOP_CLOCK_SEC, self._fire_due)

    def _fire_due(self) -> None:
        """Run what is due, but nothing that is added meanwhile: the event loop gets its turn in between."""
        self._wake, self._wake_at = None, math.inf
        now, asked = time.monotonic(), self._asked
        while self._heap and self._heap[0][0] <= now and self._heap[0][1] <= asked:
            timer = heapq.heappop(self._heap)[2]
            if (callback := timer.taken()) is not None:
                timer.context.run(self._run, callback)
        if self._heap and self._heap[0][0] < self._wake_at:
            due = self._heap[0][0]
            self._wake_for(due, due - time.monotonic())

    def _run(self, callback: TimerCallback) -> None:
        try:
            work = callback()
        except Exception:
            _logger.exception("a timer callback failed")
        else:
            if work is not None:
                task = asyncio.ensure_future(work)
                self._tasks.add(task)  # the loop itself keeps only a weak reference
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("a timer callback failed", exc_info=error)


class _SystemTimer:
    """Its callback runs in the context of whoever asked for it, as the event loop's own do."""

    __slots__ = ("_callback", "context")

    def __init__(self, callback: TimerCallback) -> None:
        self.context = copy_context()
        self._callback: TimerCallback | None = callback

    def taken(self) -> TimerCallback | None:
        """The callback, once; None when it was cancelled or taken already."""
        callback, self._callback = self._callback, None
        return callback

    def cancel(self) -> None:
        self._callback = None  # what waits in the heap keeps nothing else alive
