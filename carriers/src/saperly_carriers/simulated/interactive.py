"""People who take part by hand, for instance in a terminal: what they hear comes to their ear, and they act through
their leg.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, runtime_checkable

from saperly_carriers.records import CallState
from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.keypad import DTMF_ALPHABET
from saperly_carriers.simulated.mailbox import Mailbox
from saperly_carriers.simulated.peers import Peer, PeerLine, Ringing


class PartyError(Exception):
    """A person did something that their telephone cannot do now."""


class PartyEar(Protocol):
    """What a person notices. Called one at a time and in order."""

    async def ringing(self, leg: PartyLeg) -> None:
        """Somebody calls, `leg.answer()` takes it; or, for one's own call, it rings at the other side."""
        ...

    async def answered(self, leg: PartyLeg) -> None: ...

    async def heard(self, leg: PartyLeg, text: str, utterance_id: str) -> None:
        """The other side said this; a line comes in one piece or several, each once it was spoken."""
        ...

    async def dtmf(self, leg: PartyLeg, digit: str) -> None: ...

    async def ended(self, leg: PartyLeg, reason: str) -> None:
        """The call is over: completed, cancelled, no_answer, time_limit, rejected, busy, invalid_number, …"""
        ...


@runtime_checkable
class AttentiveEar(PartyEar, Protocol):
    """An ear that also notices when the other side begins to talk and when it has nothing more to say."""

    async def speaking(self, leg: PartyLeg) -> None: ...

    async def quiet(self, leg: PartyLeg) -> None: ...


class PartyLeg:
    """One person's end of one call.

    `number` is theirs and `other_number` the platform's; `call_id` and `caller_name` are known once it rings.
    """

    def __init__(self, number: str, other_number: str | None, *, called: bool) -> None:
        self.number = number
        self.other_number = other_number
        self.call_id: str | None = None
        self.caller_name: str | None = None
        self.state = CallState.RINGING
        self._called = called
        self._line: PeerLine | None = None

    async def answer(self) -> None:
        """Take an incoming call."""
        if not self._called or self.state is not CallState.RINGING:
            raise PartyError("there is no incoming call to answer")
        self._telephone().answer()

    async def say(self, text: str) -> None:
        """Begin to say something, after what is being said already. Returns at once."""
        if not text.strip():
            raise PartyError("there is nothing to say")
        self._talking().say(text)

    async def press(self, digits: str) -> None:
        """Press keys: 0-9, A-D, *, #; w and W are pauses."""
        if not digits or not DTMF_ALPHABET.issuperset(digits):
            raise PartyError("these are not keys of a telephone")
        self._talking().press(digits)

    async def hang_up(self) -> None:
        """End the call, or decline it while it rings. Ended already is fine."""
        if self.state is not CallState.ENDED:
            self._telephone().hang_up()

    def connect_to(self, line: PeerLine, ringing: Ringing) -> None:
        """Used by the network when the call begins to ring."""
        self._line = line
        self.call_id, self.caller_name = ringing.call_id, ringing.caller_name
        self.other_number = ringing.from_number if self._called else ringing.to

    def was_noticed(self) -> bool:
        """False for a call that met a busy line: its telephone never rang."""
        return self._line is not None or not self._called

    def _talking(self) -> PeerLine:
        if self.state is not CallState.ANSWERED:
            raise PartyError("nobody is on the line")
        return self._telephone()

    def _telephone(self) -> PeerLine:
        if self._line is None:
            raise PartyError("there is no call")
        return self._line


class InteractivePeer(Peer):
    """A peer whose ear and mouth are outside. `talking` holds the peers of one telephone that are in a call."""

    def __init__(
        self, env: Environment, number: str, ear: PartyEar, talking: set[InteractivePeer] | None = None
    ) -> None:
        self.leg = PartyLeg(number, None, called=talking is not None)
        self._ear = ear
        self._talking = talking if talking is not None else set()
        self._mailbox: Mailbox[Callable[[], Awaitable[None]]] = Mailbox(env.clock, _call)

    def busy(self) -> bool:
        return bool(self._talking)

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        self._talking.add(self)
        self.leg.connect_to(line, ringing)
        self._mailbox.put(lambda: self._ear.ringing(self.leg))

    def connected(self) -> None:
        self.leg.state = CallState.ANSWERED
        self._mailbox.put(lambda: self._ear.answered(self.leg))

    def hears(self, text: str, utterance_id: str) -> None:
        self._mailbox.put(lambda: self._ear.heard(self.leg, text, utterance_id))

    def agent_speaks(self) -> None:
        if isinstance(self._ear, AttentiveEar):
            self._mailbox.put(partial(self._ear.speaking, self.leg))

    def agent_quiet(self) -> None:
        if isinstance(self._ear, AttentiveEar):
            self._mailbox.put(partial(self._ear.quiet, self.leg))

    def digit(self, digit: str) -> None:
        self._mailbox.put(lambda: self._ear.dtmf(self.leg, digit))

    def over(self, reason: str) -> None:
        self._talking.discard(self)
        self.leg.state = CallState.ENDED
        if self.leg.was_noticed():
            self._mailbox.put(lambda: self._ear.ended(self.leg, reason))


async def _call(notice: Callable[[], Awaitable[None]]) -> None:
    await notice()
