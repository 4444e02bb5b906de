"""The measured process: a whole server, the simulated network, and its callers. Takes its task as JSON, prints figures.

With `dsn` null the platform is a stub without a server and a database: what the network and the callers cost alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field, replace

import uvloop
from saperly_carriers.clock import SystemClock
from saperly_carriers.simulated import Network
from saperly_protocol import CallEnded, Directive, Event, Hangup, Speak, Turn
from saperly_server.core import logging
from saperly_server.core.settings import Settings
from saperly_server.doctor import examine
from saperly_server.main import Process, running
from saperly_server.voice.brains import BrainCall, Thinking

from benchmarks.calls.alone import network_alone
from benchmarks.calls.callers import REPLY, Caller, Tally, call
from benchmarks.calls.pauses import Pauses
from benchmarks.calls.procs import cpu_seconds, memory_bytes
from benchmarks.calls.sampling import Sampler
from benchmarks.serving import listening, running_program

_PATIENCE_SEC = 60.0
_AT_ONCE = 32
"""Calls that are beginning: not yet answered, or their disclosure not begun."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to measure. `ramp_sec` spreads the beginnings of the calls, and so their turns; `profile` is a file.

    `program` is a manual connection's id and secret: a process of its own is the brain, over the connection's socket.
    """

    dsn: str | None
    postmaster: int
    lines: list[str]
    calls: int
    ramp_sec: float
    measure_sec: float
    profile: str | None = None
    program: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. Seconds, and bytes; `cpu` is CPU time in the measured time."""

    calls: int
    seconds: float
    turns: int
    unanswered: int
    overheads: list[float]
    process_cpu: float
    database_cpu: float
    longest_pause: float
    memory: int = 0
    problems: list[str] = field(default_factory=list)


class InstantBrain:
    """Answers at once, so that all that a turn takes is ours."""

    async def open(self, call: BrainCall) -> None:
        """Nothing to prepare."""

    async def on_event(self, event: Event) -> Directive:
        if isinstance(event, CallEnded):
            return Hangup()
        return Speak(text=REPLY if isinstance(event, Turn) else "Hello, how can I help?")

    async def close(self) -> None:
        """Nothing to give back."""


async def with_server(task: Task, dsn: str) -> Figures:
    settings = Settings(mode="development", secret_key="bench", requests_per_minute=10_000_000)
    async with running(settings, dsn) as process, _brain(task, process):
        before = await _problems(process)
        callers, found = await _measure(task, process.network)
        await _end(callers, process)
        problems = await _problems(process) - before
    return replace(found, problems=sorted(problems))


@contextlib.asynccontextmanager
async def _brain(task: Task, process: Process) -> AsyncIterator[None]:
    """Who thinks: a brain in this process, or a program that has connected to it."""
    if task.program is None:
        process.services.calls.make_brain = lambda setup: Thinking(InstantBrain())
        yield
        return
    async with listening(process.app) as url, running_program(url, *task.program):
        await _until(lambda: process.services.desk.is_attended(task.program[0] if task.program else ""))
        yield


async def _problems(process: Process) -> set[str]:
    """What the doctor finds. The numbers of this world were never bought, which is not the calls' fault."""
    async with process.services.db.system() as tx:
        return {f"{finding.row_id}: {finding.sentence}" for finding in await examine(tx)}


async def without_server(task: Task) -> Figures:
    clock = SystemClock()
    _, found = await _measure(task, network_alone(clock, task.lines, REPLY))
    await clock.aclose()
    return found


async def _measure(task: Task, network: Network) -> tuple[list[Caller], Figures]:
    tally = Tally()
    gc.collect()
    empty = memory_bytes()
    callers = await _dial(task, network, tally)
    await _until_talking(task, tally)
    tally.begin()
    began, process_cpu, database_cpu = time.monotonic(), time.process_time(), cpu_seconds(task.postmaster)
    pauses = Pauses()
    with Sampler(task.profile), pauses:
        await asyncio.sleep(task.measure_sec)
    found = Figures(
        calls=task.calls,
        seconds=time.monotonic() - began,
        turns=tally.turns,
        unanswered=tally.unanswered,
        overheads=list(tally.overheads),
        process_cpu=time.process_time() - process_cpu,
        database_cpu=cpu_seconds(task.postmaster) - database_cpu,
        longest_pause=pauses.longest,
    )
    gc.collect()
    return callers, replace(found, memory=memory_bytes() - empty)


async def _dial(task: Task, network: Network, tally: Tally) -> list[Caller]:
    """Begin the calls one after another, evenly, but never so many at once that their beginnings hinder one another."""
    callers: list[Caller] = []
    while (place := len(callers)) < task.calls:
        await asyncio.sleep(task.ramp_sec / task.calls)
        await _until(lambda: len(callers) - tally.greeted < _AT_ONCE or tally.over > 0)
        callers.append(call(network, f"+1646{2_000_000 + place:07d}", task.lines[place % len(task.lines)], tally))
    return callers


async def _until_talking(task: Task, tally: Tally) -> None:
    await _until(lambda: tally.talking == task.calls or tally.over > 0)
    if tally.over:
        raise RuntimeError(f"{tally.over} calls are over already")


async def _until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + _PATIENCE_SEC
    while not is_so():
        if time.monotonic() > limit:
            raise RuntimeError("the calls do not come up, or do not end")
        await asyncio.sleep(0.01)


async def _end(callers: list[Caller], process: Process) -> None:
    """Everybody hangs up; the books are looked at when every call is settled."""
    for caller in callers:
        caller.hang_up()
        await asyncio.sleep(0.002)
    await _until(lambda: not len(process.services.calls.live))


def main() -> None:
    task = Task(**json.loads(sys.argv[1]))
    logging.configure(level="warning", machine=True, keep_personal=False, stream=sys.stderr)
    work = without_server(task) if task.dsn is None else with_server(task, task.dsn)
    print(json.dumps(asdict(uvloop.run(work))))


if __name__ == "__main__":
    main()
