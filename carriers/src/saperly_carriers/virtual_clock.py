"""A clock that stands still until it is moved, so that a whole system runs step by step."""

from __future__ import annotations

import asyncio
import heapq
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from saperly_carriers.clock_types import Timer, TimerCallback

T = TypeVar("T")

_YIELDS_AFTER_WAKING = 5
"""Turns of the event loop that a task woken from `sleep` gets before virtual time moves on."""


class VirtualClock:
    """Time that stands still until `advance` moves it.

    `advance` awaits each due callback to its end before the next one starts, so one step sees everything
    the step before it did. A callback that itself sleeps on this clock is set aside until its wake-up time
    comes, because time could not move otherwise. A callback that wants to leave work behind should use
    `call_later`, not a task that sleeps.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a virtual clock starts at an aware time")
        self._now = self._start = start.astimezone(UTC)
        self._heap: list[tuple[datetime, int, _Entry]] = []
        self._sequence = 0
        self._advancing = False

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        return self._add(delay_sec, _Entry(callback=callback))

    async def sleep(self, sec: float) -> None:
        step = _current_step.get()
        if step is not None and (step.clock is not self or step.task is None or step.task.done()):
            step = None
        wakening = asyncio.get_running_loop().create_future()
        entry = self._add(sec, _Entry(wakening=wakening, step=step))
        if step is not None:
            step.fall_asleep()
        try:
            await wakening
        finally:
            entry.cancel()
            if step is not None and not entry.fired:
                step.sleepers -= 1

    async def advance(self, seconds: float) -> None:
        """Move time by `seconds`, running what falls due on the way, also what is added on the way.

        An exception of a callback comes out of here; time then stands where that callback ran, and the next
        `advance` goes on with the timers that are left.
        """
        await self._advance_to(self._now + timedelta(seconds=seconds), None)

    async def advance_until(self, predicate: Callable[[], bool | Awaitable[bool]], limit_sec: float) -> None:
        """Move time from timer to timer until `predicate` holds.

        Raises:
            TimeoutError: `limit_sec` have passed and it still does not hold.
        """
        if not await self._advance_to(self._now + timedelta(seconds=limit_sec), predicate):
            raise TimeoutError(f"not so after {limit_sec} s of virtual time")

    async def run(self, work: Awaitable[T], limit_sec: float = 600.0) -> T:
        """Await something that sleeps on this clock, moving time only while it sleeps.

        Raises:
            TimeoutError: it is not done after `limit_sec`.
        """
        results: list[T] = []

        async def finish() -> None:
            results.append(await work)

        step = _Step(self)
        await step.run(finish)
        try:
            await self.advance_until(lambda: bool(results), limit_sec)
        finally:
            step.abandon()
        return results[0]

    def pending(self) -> int:
        """How many timers and sleepers wait."""
        return sum(1 for _, _, entry in self._heap if not entry.cancelled)

    def _add(self, delay_sec: float, entry: _Entry) -> _Entry:
        self._sequence += 1
        due = self._now + timedelta(seconds=max(0.0, delay_sec))
        heapq.heappush(self._heap, (due, self._sequence, entry))
        return entry

    async def _advance_to(self, target: datetime, predicate: Callable[[], bool | Awaitable[bool]] | None) -> bool:
        if self._advancing:
            raise RuntimeError("the clock is already being advanced; a callback must not advance it")
        self._advancing = True
        try:
            while not await _holds(predicate):
                entry = self._pop_due(target)
                if entry is None:
                    self._now = target
                    return await _holds(predicate)
                await self._fire(entry)
            return True
        finally:
            self._advancing = False

    def _pop_due(self, target: datetime) -> _Entry | None:
        while self._heap and self._heap[0][0] <= target:
            due, _, entry = heapq.heappop(self._heap)
            if not entry.cancelled:
                self._now = max(self._now, due)
                return entry
        return None

    async def _fire(self, entry: _Entry) -> None:
        entry.fired = True
        if entry.callback is not None:
            await _Step(self).run(entry.callback)
        elif entry.wakening is not None and not entry.wakening.done():
            entry.wakening.set_result(None)
            await self._let_run(entry.step)

    async def _let_run(self, step: _Step | None) -> None:
        if step is not None:
            step.sleepers -= 1
            if step.sleepers == 0:
                await step.settle()
                return
        for _ in range(_YIELDS_AFTER_WAKING):
            await asyncio.sleep(0)


async def _holds(predicate: Callable[[], bool | Awaitable[bool]] | None) -> bool:
    if predicate is None:
        return False
    answer = predicate()
    return await answer if inspect.isawaitable(answer) else answer


class _Entry:
    __slots__ = ("callback", "cancelled", "fired", "step", "wakening")

    def __init__(
        self,
        callback: TimerCallback | None = None,
        wakening: asyncio.Future[None] | None = None,
        step: _Step | None = None,
    ) -> None:
        self.callback = callback
        self.wakening = wakening
        self.step = step
        self.cancelled = False
        self.fired = False

    def cancel(self) -> None:
        self.cancelled = True
        self.callback = None  # what waits in the heap keeps nothing else alive


class _Step:
    """One callback on its way: running, asleep on the clock (itself or a task it started), or done."""

    __slots__ = ("_changed", "clock", "sleepers", "task")

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.task: asyncio.Task[None] | None = None
        self.sleepers = 0
        self._changed = asyncio.Event()

    async def run(self, callback: TimerCallback) -> None:
        context = copy_context()
        context.run(_current_step.set, self)
        self.task = asyncio.get_running_loop().create_task(_as_coroutine(callback), context=context)
        self.task.add_done_callback(lambda _: self._changed.set())
        await self.settle()

    def abandon(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def fall_asleep(self) -> None:
        self.sleepers += 1
        self._changed.set()

    async def settle(self) -> None:
        """Wait until the callback is done or asleep; its exception comes out of here."""
        assert self.task is not None
        while not self.task.done() and self.sleepers == 0:
            self._changed.clear()
            await self._changed.wait()
        if self.task.done() and not self.task.cancelled():
            self.task.result()


def _as_coroutine(callback: TimerCallback) -> Coroutine[Any, Any, None]:
    async def run() -> None:
        work = callback()
        if work is not None:
            await work

    return run()


_current_step: ContextVar[_Step | None] = ContextVar("_current_step", default=None)
