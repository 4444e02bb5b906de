"""Token buckets: a steady rate with room for a burst, one bucket for each (who, what)."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from saperly_carriers.clock import Clock

_MOST_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class Decision:
    """May this request go on? `remaining` requests are left now; after `retry_after_sec` there is one again."""

    allowed: bool
    limit: int
    remaining: int
    retry_after_sec: int


class RateLimiter(Protocol):
    """Anything that counts requests."""

    def take(self, who: str, bucket: str) -> Decision: ...


class TokenBuckets:
    """Buckets in this process's memory: `per_minute` tokens flow in each minute, and as many can be saved up."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._capacity = per_minute
        self._per_sec = per_minute / 60
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, who: str, bucket: str) -> Decision:
        key, now = (who, bucket), self._clock.now().timestamp()
        tokens, since = self._buckets.pop(key, (float(self._capacity), now))
        tokens = min(float(self._capacity), tokens + max(0.0, now - since) * self._per_sec)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        wait = 0 if allowed else math.ceil((1 - tokens) / self._per_sec)
        return Decision(allowed, self._capacity, int(tokens - 1 if allowed else tokens), wait)
