from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest
from saperly_carriers.clock import SystemClock, VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


class Notes:
    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.lines: list[tuple[float, str]] = []

    def add(self, text: str) -> None:
        self.lines.append(((self.clock.now() - START).total_seconds(), text))

    def later(self, delay: float, text: str) -> None:
        async def run() -> None:
            self.add(text)

        self.clock.call_later(delay, run)


@pytest.fixture
def notes() -> Notes:
    return Notes(VirtualClock(START))


async def test_timers_run_in_order_of_time_then_of_asking(notes: Notes) -> None:
    notes.later(2, "b")
    notes.later(1, "a")
    notes.later(2, "c")
    await notes.clock.advance(2)
    assert notes.lines == [(1, "a"), (2, "b"), (2, "c")]


async def test_a_timer_past_the_window_does_not_run(notes: Notes) -> None:
    notes.later(3, "later")
    await notes.clock.advance(2.9)
    assert notes.lines == []
    assert notes.clock.now() == START + timedelta(seconds=2.9)


async def test_timers_added_on_the_way_run_in_the_same_window(notes: Notes) -> None:
    async def chain() -> None:
        notes.add("first")
        notes.later(1, "second")

    notes.clock.call_later(1, chain)
    await notes.clock.advance(5)
    assert notes.lines == [(1, "first"), (2, "second")]


async def test_a_cancelled_timer_does_not_run(notes: Notes) -> None:
    async def run() -> None:
        notes.add("never")

    notes.clock.call_later(1, run).cancel()
    await notes.clock.advance(2)
    assert notes.lines == []
    assert notes.clock.pending() == 0


async def test_a_callback_is_awaited_to_its_end_before_the_next_one(notes: Notes) -> None:
    async def slow() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        notes.add("slow")

    notes.clock.call_later(1, slow)
    notes.later(1, "next")
    await notes.clock.advance(1)
    assert notes.lines == [(1, "slow"), (1, "next")]


async def test_an_exception_comes_out_and_the_clock_goes_on(notes: Notes) -> None:
    async def fail() -> None:
        raise ValueError("no")

    notes.clock.call_later(1, fail)
    notes.later(2, "still")
    with pytest.raises(ValueError, match="no"):
        await notes.clock.advance(5)
    await notes.clock.advance(1)
    assert notes.lines == [(2, "still")]


async def test_a_sleeping_task_goes_on_when_its_time_comes(notes: Notes) -> None:
    async def sleeper() -> None:
        await notes.clock.sleep(3)
        notes.add("awake")

    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    notes.later(4, "after")
    await notes.clock.advance(5)
    assert notes.lines == [(3, "awake"), (4, "after")]
    await task


async def test_a_callback_that_sleeps_lets_time_move(notes: Notes) -> None:
    async def sleepy() -> None:
        await notes.clock.sleep(2)
        await asyncio.sleep(0)
        notes.add("slept")

    notes.clock.call_later(1, sleepy)
    notes.later(2, "meanwhile")
    notes.later(3, "then")
    await notes.clock.advance(3)
    assert notes.lines == [(2, "meanwhile"), (3, "then"), (3, "slept")]


async def test_a_callback_whose_tasks_sleep_lets_time_move(notes: Notes) -> None:
    async def gathers() -> None:
        await asyncio.gather(notes.clock.sleep(1), notes.clock.sleep(2))
        notes.add("gathered")

    notes.clock.call_later(0, gathers)
    await notes.clock.advance(2)
    assert notes.lines == [(2, "gathered")]


async def test_an_exception_after_a_sleep_comes_out_as_well(notes: Notes) -> None:
    async def fails_later() -> None:
        await notes.clock.sleep(1)
        raise ValueError("late")

    notes.clock.call_later(0, fails_later)
    with pytest.raises(ValueError, match="late"):
        await notes.clock.advance(2)


async def test_advance_until_stops_at_the_timer_that_makes_it_true(notes: Notes) -> None:
    notes.later(1, "a")
    notes.later(2, "b")
    notes.later(3, "c")
    await notes.clock.advance_until(lambda: len(notes.lines) == 2, 10)
    assert notes.clock.now() == START + timedelta(seconds=2)


async def test_advance_until_gives_up_at_its_limit(notes: Notes) -> None:
    async def never() -> bool:
        return False

    with pytest.raises(TimeoutError):
        await notes.clock.advance_until(never, 10)
    assert notes.clock.now() == START + timedelta(seconds=10)


async def test_run_moves_time_only_as_far_as_the_work_sleeps(notes: Notes) -> None:
    async def work() -> str:
        await notes.clock.sleep(1.5)
        return "done"

    assert await notes.clock.run(work()) == "done"
    assert notes.clock.now() == START + timedelta(seconds=1.5)


async def test_run_hands_on_the_exception_of_the_work(notes: Notes) -> None:
    async def work() -> None:
        await notes.clock.sleep(1)
        raise LookupError("gone")

    with pytest.raises(LookupError):
        await notes.clock.run(work())


async def test_a_callback_must_not_advance_the_clock(notes: Notes) -> None:
    async def wrong() -> None:
        await notes.clock.advance(1)

    notes.clock.call_later(0, wrong)
    with pytest.raises(RuntimeError):
        await notes.clock.advance(1)


def test_a_virtual_clock_needs_an_aware_start() -> None:
    with pytest.raises(ValueError):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001


async def test_the_system_clock_runs_callbacks_and_logs_their_exceptions(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = SystemClock()
    done = asyncio.Event()

    async def fail() -> None:
        raise ValueError("private words")

    async def finish() -> None:
        done.set()

    with caplog.at_level(logging.ERROR):
        clock.call_later(0, fail)
        clock.call_later(0, finish)
        await asyncio.wait_for(done.wait(), 5)
    assert [record.getMessage() for record in caplog.records] == ["a timer callback failed"]
    assert clock.now().tzinfo is UTC
    await clock.aclose()


async def test_closing_the_system_clock_cancels_what_waits_and_what_runs() -> None:
    clock = SystemClock()
    started, outcome = asyncio.Event(), []

    async def forever() -> None:
        started.set()
        try:
            await clock.sleep(3600)
        except asyncio.CancelledError:
            outcome.append("cancelled")
            raise

    async def never() -> None:
        outcome.append("ran")

    clock.call_later(0, forever)
    clock.call_later(0.001, never).cancel()
    clock.call_later(3600, never)
    await asyncio.wait_for(started.wait(), 5)
    await clock.aclose()
    assert outcome == ["cancelled"]
