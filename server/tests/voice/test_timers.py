"""The timers of a call measure what has passed; what the time of day is set to is nothing to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.voice.runtime.timers import CallTimers

START = datetime(2026, 1, 1, tzinfo=UTC)


class SetClock(VirtualClock):
    """A clock whose time of day is set again and again, as a careless operator's is."""

    wrong_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.wrong_by


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-1), timedelta(minutes=10)])
async def test_timers_ring_after_their_delay_also_when_the_clock_is_set_meanwhile(wrong_by: timedelta) -> None:
    clock, rung = SetClock(START), list[tuple[str, float]]()

    async def ring(name: str, token: int) -> None:
        rung.append((name, clock.monotonic()))

    timers = CallTimers(clock, ring)
    timers.start("brain", 1, 20)
    timers.start("hold", 2, 0.1 + 0.2)
    clock.wrong_by = wrong_by
    timers.start("limit", 3, 60)
    await clock.advance(100)
    assert rung == [("hold", 0.3), ("brain", 20.0), ("limit", 60.0)]
