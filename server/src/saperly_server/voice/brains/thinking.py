"""A brain in this process, made of anything that returns its answers."""

from __future__ import annotations

from saperly_protocol import Event

from saperly_server.voice.engine.effects import Refusal
from saperly_server.voice.engine.inputs import BrainReplied

from .contracts import BrainCall, Tell, Thinker


class Thinking:
    """Asks its thinker, and tells what it said."""

    def __init__(self, thinker: Thinker) -> None:
        self._thinker = thinker
        self._tell: Tell | None = None

    async def open(self, call: BrainCall, tell: Tell) -> None:
        self._tell = tell
        await self._thinker.open(call)

    async def ask(self, event: Event) -> None:
        directive = await self._thinker.on_event(event)
        if self._tell is not None:
            await self._tell(BrainReplied(event.request_id, directive))

    def refused(self, request_id: str, why: Refusal) -> None:
        """Its words came too late: nothing that it could do about it."""

    async def close(self) -> None:
        self._tell = None
        await self._thinker.close()
