"""Calls from one number of the platform to another: two calls, joined so that each is the other's peer.

What is said on one is heard on the other when the line is over.
"""

from __future__ import annotations

from typing import Protocol

from saperly_carriers.events import CallOutcome
from saperly_carriers.simulated.peers import Peer, PeerLine, Ringing

_REFUSALS = {
    "busy": CallOutcome.BUSY,
    "no_answer": CallOutcome.NO_ANSWER,
    "invalid_number": CallOutcome.INVALID_NUMBER,
    "not_found": CallOutcome.INVALID_NUMBER,
}


class IncomingCalls(Protocol):
    """Brings a call to the platform."""

    def bring(self, from_number: str, to: str, peer: Peer, caller_name: str | None) -> None: ...


class CallingSide(Peer):
    """The peer of the call that was dialled; when it rings, the second call is brought in."""

    def __init__(self, incoming: IncomingCalls) -> None:
        self.line: PeerLine | None = None
        self._incoming = incoming
        self._other = CalledSide(self)

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        self.line = line
        self._incoming.bring(ringing.from_number, ringing.to, self._other, ringing.caller_name)

    def line_over(self, said: str, utterance_id: str) -> None:
        _pass_on(said, self._other.line)

    def digit(self, digit: str) -> None:
        if self._other.line is not None:
            self._other.line.press(digit)

    def over(self, reason: str) -> None:
        if self._other.line is not None:
            self._other.line.hang_up()


class CalledSide(Peer):
    """The peer of the call that was brought in."""

    def __init__(self, other: CallingSide) -> None:
        self.line: PeerLine | None = None
        self._other = other
        self._connected = False

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        self.line = line

    def connected(self) -> None:
        self._connected = True
        if self._other.line is not None:
            self._other.line.answer()

    def line_over(self, said: str, utterance_id: str) -> None:
        _pass_on(said, self._other.line)

    def digit(self, digit: str) -> None:
        if self._other.line is not None:
            self._other.line.press(digit)

    def over(self, reason: str) -> None:
        if self._other.line is None:
            return
        if self._connected:
            self._other.line.hang_up()
        else:
            self._other.line.refuse(_REFUSALS.get(reason, CallOutcome.REJECTED))


def _pass_on(said: str, line: PeerLine | None) -> None:
    if said and line is not None:
        line.say(said, takes_sec=0.0)
