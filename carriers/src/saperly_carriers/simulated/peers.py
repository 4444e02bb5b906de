"""Whoever is at the other end of a call, and what they can do there.

A peer is told what happens on its line and acts through the line. Nothing here waits: what a peer does later,
it does from a timer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from saperly_carriers.events import CallOutcome


class PeerLine(Protocol):
    """A peer's telephone while it takes part in a call. Everything is ignored once the call is over."""

    def answer(self) -> None: ...

    def refuse(self, outcome: CallOutcome) -> None:
        """Do not take the call: busy, rejected, no_answer or invalid_number."""
        ...

    def say(self, text: str, *, takes_sec: float | None = None) -> None:
        """Say something after what is being said already; by default as slowly as people speak."""
        ...

    def press(self, digits: str) -> None: ...

    def hang_up(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Ringing:
    """What a ringing telephone shows."""

    call_id: str
    from_number: str
    to: str
    caller_name: str | None


@dataclass(frozen=True, slots=True)
class AnsweredBy:
    """What machine detection makes of a peer, and how long after the answer it hears a beep."""

    result: str = "human"
    beep_after_sec: float | None = None


BY_A_PERSON = AnsweredBy()


class Peer:
    """A peer that never answers and does nothing: the base of the others.

    `listening` False: what the agent says is not heard.
    """

    answered_by = BY_A_PERSON
    listening = True

    def busy(self) -> bool:
        """Whether a call to it meets a busy line."""
        return False

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        """Its telephone rings; for a caller: it hears the other side ring."""

    def connected(self) -> None:
        """The call is answered, by whichever side."""

    def agent_speaks(self) -> None:
        """A line of the agent begins."""

    def hears(self, text: str, utterance_id: str) -> None:
        """A piece of the agent's line, or what is left of it after a cut, was heard."""

    def line_over(self, said: str, utterance_id: str) -> None:
        """A line of the agent ended or was cut; `said` is all of it that was heard."""

    def agent_quiet(self) -> None:
        """The agent has nothing more to say."""

    def digit(self, digit: str) -> None:
        """The agent pressed a key."""

    def spoke(self) -> None:
        """What this peer said or pressed is out."""

    def over(self, reason: str) -> None:
        """The call is over: an outcome, or how the other side refused it."""


class UnreachablePeer(Peer):
    """An address at which nothing is."""

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        line.refuse(CallOutcome.FAILED)
