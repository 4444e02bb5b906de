"""Token buckets."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from saperly_carriers.clock import VirtualClock
from saperly_server.core.rate_limit import TokenBuckets

START = datetime(2026, 6, 18, tzinfo=UTC)


async def test_a_burst_up_to_the_limit_passes_and_the_next_request_waits() -> None:
    clock = VirtualClock(START)
    buckets = TokenBuckets(clock, per_minute=60)
    assert [buckets.take("key", "read").allowed for _ in range(60)] == [True] * 60
    refused = buckets.take("key", "read")
    assert (refused.allowed, refused.remaining, refused.retry_after_sec) == (False, 0, 1)
    await clock.advance(1)
    assert buckets.take("key", "read").allowed


def test_buckets_and_keys_do_not_share_tokens() -> None:
    buckets = TokenBuckets(VirtualClock(START), per_minute=1)
    assert buckets.take("key", "read").allowed
    assert buckets.take("key", "write").allowed
    assert buckets.take("other", "read").allowed
    assert not buckets.take("key", "read").allowed


async def test_a_refused_request_does_not_push_the_wait_further_away() -> None:
    clock = VirtualClock(START)
    buckets = TokenBuckets(clock, per_minute=6)
    for _ in range(6):
        buckets.take("key", "read")
    for _ in range(20):
        assert not buckets.take("key", "read").allowed
    await clock.advance(10)
    assert buckets.take("key", "read").allowed


@given(st.lists(st.floats(0, 30), max_size=50))
async def test_never_more_than_the_burst_and_the_flow(waits: list[float]) -> None:
    clock = VirtualClock(START)
    buckets = TokenBuckets(clock, per_minute=10)
    passed, elapsed = 0, 0.0
    for wait in waits:
        await clock.advance(wait)
        elapsed += wait
        passed += buckets.take("key", "read").allowed
    assert passed <= 10 + elapsed / 6 + 1e-3
