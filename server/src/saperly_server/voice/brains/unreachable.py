"""The brain of a manual connection that nobody is connected to."""

from __future__ import annotations

from saperly_protocol import Directive, Event

from .contracts import BrainCall, BrainUnreachable


class UnreachableBrain:
    """Never answers, so the caller hears the hold line and, after too many silent turns, a polite end."""

    async def open(self, call: BrainCall) -> None:
        """Nothing to prepare."""

    async def on_event(self, event: Event) -> Directive:
        raise BrainUnreachable

    async def close(self) -> None:
        """Nothing to give back."""
