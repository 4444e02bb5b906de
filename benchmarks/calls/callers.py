"""The callers: each listens to the disclosure and the greeting, then says something every three seconds.

A caller that is told nothing by the network but when a line begins or ends costs next to nothing, so what is measured
is the platform and the network in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from saperly_carriers.simulated import Network
from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.peers import Peer, PeerLine, Ringing

TURN_EVERY_SEC = 3.0
WORDS = "Go on, please."
REPLY = "Thank you, I noted it."
_LINES_BEFORE_THE_FIRST_TURN = 2
"""The disclosure and the greeting."""
_CLOCK_SEC = 0.01
"""Timers are this exact. What is said earlier than this before the words were understood answers an older turn."""


@dataclass(slots=True)
class Tally:
    """What all callers noticed. `overheads` are seconds from the instant at which the network had understood a caller's
    last word to the instant at which the platform's reply reached the network."""

    greeted: int = 0
    talking: int = 0
    over: int = 0
    turns: int = 0
    unanswered: int = 0
    measuring: bool = False
    overheads: list[float] = field(default_factory=list)

    def begin(self) -> None:
        self.turns = self.unanswered = 0
        self.overheads.clear()
        self.measuring = True


class Caller(Peer):
    """One caller. They talk on a fixed schedule, however late the replies are."""

    __slots__ = ("_due", "_env", "_greeted", "_line", "_lines", "_next", "_tally", "over_reason")

    def __init__(self, env: Environment, tally: Tally) -> None:
        self._env = env
        self._tally = tally
        self._line: PeerLine | None = None
        self._greeted = False
        self._lines = 0
        self._due: float | None = None
        self._next = 0.0
        self.over_reason: str | None = None

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        self._line = line

    def line_over(self, said: str, utterance_id: str) -> None:
        self._lines += 1
        if self._lines == _LINES_BEFORE_THE_FIRST_TURN:
            self._tally.talking += 1
            self._next = self._now()
            self._speak()

    def agent_speaks(self) -> None:
        self._tally.greeted += not self._greeted
        self._greeted = True
        due, late = self._due, 0.0
        if due is not None and (late := self._now() - due) > -_CLOCK_SEC:
            self._tally.overheads.append(late)
            self._due = None

    def over(self, reason: str) -> None:
        self.over_reason = reason
        self._tally.over += 1

    def hang_up(self) -> None:
        if self._line is not None and self.over_reason is None:
            self._line.hang_up()

    def _now(self) -> float:
        return self._env.clock.now().timestamp()

    def _speak(self) -> None:
        if self._line is None or self.over_reason is not None:
            return
        settings = self._env.settings
        self._tally.turns += 1
        if self._due is not None:
            self._tally.unanswered += 1
            self._tally.overheads.append(self._now() - self._due)
        self._due = self._now() + len(WORDS) / settings.chars_per_sec + settings.recognition_delay_sec
        self._line.say(WORDS)
        self._next += TURN_EVERY_SEC
        self._env.later(self._next - self._now(), self._speak)


def call(network: Network, from_number: str, to: str, tally: Tally) -> Caller:
    """Somebody calls one of the platform's numbers."""
    caller = Caller(network.environment, tally)
    network.exchange.bring(from_number, to, caller)
    return caller
