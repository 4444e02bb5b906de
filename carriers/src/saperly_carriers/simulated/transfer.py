"""A blind transfer: somebody else's telephone rings, and if it is answered the peer is connected to it.

The platform's leg stays up beside the bridge and is billed until one side hangs up, as on the carriers that do
not use REFER.
"""

from __future__ import annotations

from typing import Protocol

from saperly_carriers.clock import Timer
from saperly_carriers.events import CallOutcome
from saperly_carriers.simulated.environment import Environment, TimerGroup
from saperly_carriers.simulated.peer_voice import PeerVoice
from saperly_carriers.simulated.peers import Peer, Ringing

TRANSFER_SETUP_SEC = 0.2
_UTTERANCE_OF_A_PEER = ""


class TransferringCall(Protocol):
    """What a transfer needs of its call."""

    @property
    def peer(self) -> Peer: ...

    def transfer_bridged(self, to: str) -> None: ...

    def transfer_failed(self, to: str, outcome: CallOutcome) -> None: ...

    def peer_hangs_up(self) -> None: ...


class Transfer:
    """The second leg, and the line of whoever is called on it."""

    def __init__(self, env: Environment, call: TransferringCall, target: Peer, ringing: Ringing) -> None:
        self.bridged = False
        self._env = env
        self._call = call
        self._target = target
        self._ringing = ringing
        self._timers = TimerGroup(env)
        self._voice = PeerVoice(env, self._timers, self)
        self._ring_timer: Timer | None = None
        self._over = False

    def start(self) -> None:
        self._timers.later(TRANSFER_SETUP_SEC, self._ring)

    def _ring(self) -> None:
        if self._target.busy():
            self._fail(CallOutcome.BUSY)
            return
        patience = self._env.settings.transfer_ring_sec
        self._ring_timer = self._timers.later(patience, lambda: self._fail(CallOutcome.NO_ANSWER))
        self._target.rings(self, self._ringing)

    def _fail(self, outcome: CallOutcome) -> None:
        self.end(outcome.value)
        self._call.transfer_failed(self._ringing.to, outcome)

    def end(self, reason: str) -> None:
        """Hang up the second leg; the second time changes nothing."""
        if not self._over:
            self._over = True
            self._timers.cancel_all()
            self._target.over(reason)

    def pass_on_words(self, text: str) -> None:
        """The first peer said something to the one that was called."""
        _hear(self._target, text)

    def pass_on_key(self, digit: str) -> None:
        self._target.digit(digit)

    # -- the line of whoever was called --------------------------------------------------------------------

    def answer(self) -> None:
        if self.bridged or self._over:
            return
        self.bridged = True
        self._timers.cancel(self._ring_timer)
        self._call.transfer_bridged(self._ringing.to)
        self._target.connected()

    def refuse(self, outcome: CallOutcome) -> None:
        if not self.bridged and not self._over:
            self._fail(outcome)

    def say(self, text: str, *, takes_sec: float | None = None) -> None:
        if self.bridged and not self._over:
            self._voice.say(text, takes_sec)

    def press(self, digits: str) -> None:
        if self.bridged and not self._over:
            self._voice.press(digits)

    def hang_up(self) -> None:
        if self.bridged and not self._over:
            self._call.peer_hangs_up()
        else:
            self.refuse(CallOutcome.REJECTED)

    # -- what its voice does -------------------------------------------------------------------------------

    def peer_began(self, text: str, takes_sec: float) -> None:
        self._call.peer.agent_speaks()

    def peer_said(self, text: str) -> None:
        _hear(self._call.peer, text)

    def peer_pressed(self, digit: str) -> None:
        self._call.peer.digit(digit)

    def peer_done(self) -> None:
        self._target.spoke()


def _hear(listener: Peer, text: str) -> None:
    listener.hears(text, _UTTERANCE_OF_A_PEER)
    listener.line_over(text, _UTTERANCE_OF_A_PEER)
    listener.agent_quiet()
