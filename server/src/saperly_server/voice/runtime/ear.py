"""What a speech session says, in the engine's words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from saperly_carriers import port

from saperly_server.compliance import is_spoken_opt_out
from saperly_server.voice.engine import inputs
from saperly_server.voice.engine.inputs import Input


class Ear:
    """What a speech session speaks to. A carrier may keep it as long as it likes: closed, it keeps nothing else alive."""

    __slots__ = ("_feed",)

    def __init__(self, feed: Callable[[Input], Awaitable[None]]) -> None:
        self._feed: Callable[[Input], Awaitable[None]] | None = feed

    async def hear(self, event: port.SpeechEvent) -> None:
        if self._feed is not None:
            await self._feed(_speech_input(event))

    def close(self) -> None:
        self._feed = None


def _speech_input(event: port.SpeechEvent) -> Input:
    match event:
        case port.SpeechReady():
            return inputs.SpeechReady()
        case port.Heard(text, final):
            return inputs.Heard(text, final, final and is_spoken_opt_out(text))
        case port.Spoken(utterance_id):
            return inputs.Spoken(utterance_id)
        case port.Interrupted(utterance_id, said):
            return inputs.Interrupted(utterance_id, said)
        case port.DtmfReceived(digit):
            return inputs.DtmfReceived(digit)
    return inputs.SpeechClosed()
