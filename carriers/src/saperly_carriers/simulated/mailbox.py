"""Hands things to somebody outside the network, one at a time and in order, each from a timer of the clock.

So no call into the network runs the platform's code on its own stack, and a slow listener gets its events one
after another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from saperly_carriers.clock import Clock

T = TypeVar("T")


class Mailbox(Generic[T]):
    """An ordered queue in front of one listener. An exception of the listener goes to the clock."""

    def __init__(self, clock: Clock, listener: Callable[[T], Awaitable[None]]) -> None:
        self._clock = clock
        self._listener = listener
        self._items: deque[T] = deque()
        self._busy = False

    def put(self, item: T) -> None:
        self._items.append(item)
        self._schedule()

    def _schedule(self) -> None:
        if self._items and not self._busy:
            self._busy = True
            self._clock.call_later(0.0, self._hand_over)

    async def _hand_over(self) -> None:
        try:
            await self._listener(self._items.popleft())
        finally:
            self._busy = False
            self._schedule()
