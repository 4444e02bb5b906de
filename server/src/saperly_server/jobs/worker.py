"""The worker: every task has its own beat. Several workers at once are as good as one; each piece of work is claimed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from saperly_carriers.clock import Clock, Timer

from saperly_server import connections, idempotency, numbers, voice
from saperly_server.core.db import Database
from saperly_server.doctor import Watch
from saperly_server.network import Dispatch, Intake
from saperly_server.voice import Switchboard

_logger = structlog.get_logger(__name__)
_BATCH = 50

Task = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Beat:
    """A task, and how many seconds pass between its runs."""

    name: str
    every_sec: float
    run: Task


class Worker:
    """Runs the beats on the clock until it is stopped. A task that fails is logged and runs again at its next beat."""

    def __init__(self, clock: Clock, beats: list[Beat]) -> None:
        self._clock = clock
        self._beats = beats
        self._timers: dict[str, Timer] = {}
        self._stopped = False

    def start(self) -> None:
        for beat in self._beats:
            self._schedule(beat, beat.every_sec)

    def stop(self) -> None:
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()

    async def turn(self) -> None:
        """Every task once, now, one after the other, whatever its beat."""
        for beat in self._beats:
            await self._try(beat)

    def _schedule(self, beat: Beat, delay_sec: float) -> None:
        if not self._stopped:
            self._timers[beat.name] = self._clock.call_later(delay_sec, lambda: self._run(beat))

    async def _run(self, beat: Beat) -> None:
        try:
            await self._try(beat)
        finally:
            self._schedule(beat, beat.every_sec)

    async def _try(self, beat: Beat) -> None:
        try:
            await beat.run()
        except Exception:
            _logger.exception("task failed", task=beat.name)


def beats(db: Database, dispatch: Dispatch, intake: Intake, calls: Switchboard, watch: Watch) -> list[Beat]:
    """Everything that has to be done from time to time."""
    return [
        Beat("operations", 0.5, lambda: dispatch.carry_out_due(_BATCH)),
        Beat("carrier events", 1.0, lambda: intake.apply_due(_BATCH)),
        Beat("leases", 3.0, calls.renew),
        Beat("orphaned calls", 5.0, lambda: voice.reap(calls, _BATCH)),
        Beat("silent calls", 5.0, lambda: voice.ask_about_silent(calls)),
        Beat("books", 1.0, watch.examine),
        Beat("rent", 60.0, lambda: _until_done(lambda: _sweep_rent(db))),
        Beat("custom voices", 2.0, lambda: _in_system(db, connections.activate_pending)),
        Beat("idempotency records", 3600.0, lambda: _in_system(db, idempotency.forget_expired)),
    ]


async def _sweep_rent(db: Database) -> int:
    async with db.system() as tx:
        return sum(await numbers.sweep_rent(tx))


async def _until_done(step: Callable[[], Awaitable[int]]) -> None:
    """Batch after batch, each in its own transaction, until there is nothing left."""
    while await step():
        pass


async def _in_system(db: Database, task: Callable[..., Awaitable[object]]) -> None:
    async with db.system() as tx:
        await task(tx)
