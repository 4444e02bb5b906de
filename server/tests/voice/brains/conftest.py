"""Somebody on the phone with the demo brain."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from saperly_protocol import Directive, Event, Speak, Turn
from saperly_server.voice.brains import BrainCall, DemoBrain, SlotBook
from saperly_server.voice.engine import Direction

MONDAY_MORNING = datetime(2026, 6, 15, 10, 30, tzinfo=UTC)
CALL = BrainCall(
    call_id="call_1",
    connection_name="Acme Dental",
    instructions="You are a friendly receptionist.",
    direction=Direction.INBOUND,
    from_number="+15555550123",
    to_number="+15555550199",
    transfer_targets=("+15555550100", "+15555550101"),
)


class Caller:
    """A caller on a Monday at half past ten; `about` changes the call the brain is told of."""

    def __init__(self, book: SlotBook | None = None, **about: Any) -> None:
        self.book = book if book is not None else SlotBook()
        self.brain = DemoBrain(self.book, lambda: MONDAY_MORNING, call=replace(CALL, **about))

    async def event(self, event: Event) -> Directive:
        return await self.brain.on_event(event)

    async def says(self, words: str) -> Directive:
        return await self.event(Turn(request_id="r", conversation_id="c1", user_text=words))

    async def hears(self, words: str) -> str:
        """What the brain says to these words."""
        reply = await self.says(words)
        assert isinstance(reply, Speak), reply
        return reply.text

    async def plays(self, *script: tuple[str, str]) -> None:
        """Each line of the script: what the caller says, and words that the answer must contain."""
        for words, expected in script:
            answer = await self.hears(words)
            assert expected.lower() in answer.lower(), f"{words!r} was answered with {answer!r}"


@pytest.fixture
def call() -> BrainCall:
    return CALL


@pytest.fixture(scope="session")
def phone() -> Callable[..., Caller]:
    return Caller
