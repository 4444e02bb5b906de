"""What thinks: it is asked with an event as it comes over the socket, and gives the directive."""

from __future__ import annotations

from typing import Any, Protocol

from saperly_protocol import ProtocolError, WaitForUser, parse_directive

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
    """What was returned, as a directive: text is spoken, nothing means to listen. Broken when it is none."""
    if said is None or (isinstance(said, str) and not said.strip()):
        return LISTEN
    if not isinstance(said, str | dict):
        raise Broken(f"it gave a {type(said).__name__}; text, a directive or nothing is expected")
    try:
        return parse_directive({"type": "speak", "text": said} if isinstance(said, str) else said).to_wire()
    except ProtocolError as error:
        raise Broken(f"it gave no directive: {error}") from error
