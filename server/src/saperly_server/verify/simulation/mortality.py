"""A process that can die at any moment at which it waits: nothing of it happens afterwards, nothing is cleaned up.

Everything by which a server reaches the world (time, the database, carriers) is given to it through its `Life`. Once that has
ended each of them refuses, so that whatever code still runs in its tasks changes nothing any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from saperly_carriers.clock import Clock, Timer, TimerCallback

T = TypeVar("T")
_logger = structlog.get_logger(__name__)


class Died(BaseException):
    """The process is gone. No handler of ordinary errors may see it."""


class Life:
    """One process's life. It ends by `end`, or at the moment that `end_after` has counted down to."""

    def __init__(self) -> None:
        self.alive = True
        self.moments = 0
        self._left: int | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._at_work: set[asyncio.Task[Any]] = set()

    def end_after(self, moments: int | None) -> None:
        """Die at the so-many-th moment from now; None: live on."""
        self._left = moments

    def moment(self) -> None:
        """A moment between two things that the world can see: here it may end. Raises Died, also ever after."""
        self._join()
        if not self.alive:
            raise Died
        self.moments += 1
        if self._left is None:
            return
        self._left -= 1
        if self._left <= 0:
            self.end()
            raise Died

    def end(self) -> None:
        """Die. What is on its way in the database arrives there; every task ends where it waits."""
        self.alive = False
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current and task not in self._at_work:
                task.cancel()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In here a statement is on its way to the database: it takes place, whoever dies meanwhile."""
        task = self._join()
        self._at_work.add(task)
        try:
            yield
        finally:
            self._at_work.discard(task)
        if not self.alive:
            raise Died

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        """Do something in this process; its task gives None when the process died of it or before it was done."""
        task = asyncio.ensure_future(_until_death(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _join(self) -> asyncio.Task[Any]:
        task = asyncio.current_task()
        assert task is not None
        if task not in self._tasks:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return task


async def _until_death(work: Coroutine[Any, Any, T]) -> T | None:
    try:
        return await work
    except (Died, asyncio.CancelledError):
        return None


class MortalClock:
    """A process's clock: it may be wrong by `skew`, and its timers end with the process."""

    def __init__(self, clock: Clock, life: Life) -> None:
        self._clock = clock
        self._life = life
        self.skew = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.skew

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        async def fire() -> None:
            if self._life.alive:
                await self._life.begin(_awaited(callback))

        return self._clock.call_later(delay_sec, fire)

    async def sleep(self, sec: float) -> None:
        self._life.moment()
        await self._clock.sleep(sec)
        self._life.moment()


async def _awaited(callback: TimerCallback) -> None:
    try:
        work = callback()
        if work is not None:
            await work
    except Exception:
        _logger.exception("a timer callback failed")


def forget_the_dead(loop: asyncio.AbstractEventLoop) -> None:
    """Nobody has to hear of tasks that ended with their process."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("exception") is not None and not isinstance(context["exception"], Died):
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
