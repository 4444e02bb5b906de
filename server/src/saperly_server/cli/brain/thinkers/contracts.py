"""What thinks: it is asked with an event as it comes over the socket, and gives the directive."""

from __future__ import annotations

from typing import Any, Protocol

from saperly_protocol import WaitForUser

Event = dict[str, Any]
Directive = dict[str, Any]

ANSWER_WITHIN_SEC = 18.0
LISTEN: Directive = WaitForUser().to_wire()


class Broken(Exception):
    """It could not answer: why, in a sentence for whoever writes it."""


class Thinker(Protocol):
    """Anything that can be a brain."""

    async def think(self, event: Event) -> Directive: ...

    async def close(self) -> None: ...


def directive(said: object) -> Directive:
    """What was returned, as a directive: text is spoken, nothing means to listen."""
    if said is None:
        return LISTEN
    if isinstance(said, str):
        return {"type": "speak", "text": said} if said.strip() else LISTEN
    if isinstance(said, dict):
        return said
    raise Broken(f"it gave a {type(said).__name__}; text, a directive or nothing is expected")
