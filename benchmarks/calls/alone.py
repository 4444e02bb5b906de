"""The network without us: a platform that answers every call and replies to every word, and keeps nothing.

What it costs is what the simulated network and the callers cost in the measured process.
"""

from __future__ import annotations

from dataclasses import dataclass

from saperly_carriers.clock import Clock
from saperly_carriers.port import (
    CallHandle,
    EventKind,
    Heard,
    Op,
    RawRequest,
    SpeechConfig,
    SpeechEvent,
    SpeechReady,
    SpeechSession,
)
from saperly_carriers.simulated import Network, SimulatedCarrier

_DISCLOSURE = "This call is handled by an automated AI assistant of Bench and may be transcribed."
_GREETING = "Hello, how can I help?"


@dataclass(slots=True)
class _Reply:
    """Says what has to be said on one call."""

    text: str
    session: SpeechSession | None = None
    said: int = 0

    async def hear(self, event: SpeechEvent) -> None:
        if isinstance(event, SpeechReady):
            await self._say(_DISCLOSURE)
            await self._say(_GREETING)
        elif isinstance(event, Heard) and event.final:
            await self._say(self.text)

    async def _say(self, text: str) -> None:
        assert self.session is not None
        self.said += 1
        await self.session.say(text, utterance_id=str(self.said), interruptible=True)


def network_alone(clock: Clock, lines: list[str], reply: str) -> Network:
    """A network whose platform is a stub."""
    network = Network(1, clock, id_prefix="alone")
    carrier = SimulatedCarrier(network)
    for e164 in lines:
        network.seize(e164)

    async def deliver(request: RawRequest) -> None:
        for event in carrier.intake.parse(request):
            if event.kind is EventKind.CALL_INCOMING and event.call_id is not None:
                await _answer(carrier, CallHandle(event.call_id), _Reply(reply))

    network.deliver = deliver
    return network


async def _answer(carrier: SimulatedCarrier, handle: CallHandle, speaker: _Reply) -> None:
    name = handle.call_id
    await carrier.calls.answer(handle, Op(f"{name}-answer"), time_limit_sec=3600)
    speaker.session = await carrier.calls.open_speech(handle, SpeechConfig(), speaker.hear, Op(f"{name}-speech"))
