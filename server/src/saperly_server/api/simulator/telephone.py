"""One developer's telephone: what they do with it, and what they notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from saperly_carriers.simulated import Network, NotInService, PartyError, PartyLeg, ReceivedText

from saperly_server.voice import LiveCall

from .frames import AnyFrame, Call, Frame, Hangup, Press, Say, Take, Text, TextBody
from .lines import Lines, LineTaken
from .reach import Reach

Send = Callable[[Frame], Awaitable[None]]


class CannotDo(Exception):
    """Something this telephone cannot do now; the message is a sentence for the developer."""


@dataclass(slots=True)
class Talk:
    """The call that a telephone is in. `call` is the platform's side of it, where it is the developer's own."""

    leg: PartyLeg
    call: LiveCall | None = None
    disclosure: str | None = None
    heard_anything: bool = False


class Telephone:
    """Talks in one call at a time. `send` takes frames to the developer. Close it, or its numbers stay taken."""

    def __init__(self, network: Network, reach: Reach, lines: Lines, send: Send) -> None:
        self._network = network
        self._reach = reach
        self._lines = lines
        self._send = send
        self._talk: Talk | None = None
        self._leave: list[Callable[[], None]] = []

    async def do(self, frame: AnyFrame) -> None:
        """Do what a frame says. Raises CannotDo."""
        try:
            await self._do(frame)
        except (PartyError, LineTaken, ValueError) as refused:
            raise CannotDo(_sentence(refused)) from refused

    async def _do(self, frame: AnyFrame) -> None:
        match frame:
            case Call():
                await self._place(frame)
            case Take():
                self._take(frame.number)
            case Say():
                await self._leg().say(frame.text)
            case Press():
                await self._leg().press(frame.digits)
            case Hangup():
                await self._leg().hang_up()
            case Text():
                self._lines.check_free(frame.from_, self)
                await text(self._network, self._reach, frame)

    async def close(self) -> None:
        """Hang up, and be at no number any more."""
        for leave in self._leave:
            leave()
        self._lines.give_back(self)
        if self._talk is not None:
            await self._talk.leg.hang_up()

    async def _place(self, frame: Call) -> None:
        if self._talk is not None:
            raise CannotDo("This telephone is in a call; hang up first.")
        if await self._reach.tenant_at(frame.to) is None:
            raise CannotDo(f"{frame.to} is not a number that can be called here.")
        self._lines.claim(frame.from_, self)
        self._talk = Talk(self._network.place_call(frame.from_, frame.to, self))

    def _take(self, number: str) -> None:
        self._lines.claim(number, self)
        self._leave.append(self._network.take_calls(number, self))
        self._leave.append(self._network.take_texts(number, self._texted))

    def _leg(self) -> PartyLeg:
        if self._talk is None:
            raise CannotDo("There is no call.")
        return self._talk.leg

    # -- what a person notices -----------------------------------------------------------------------------

    async def ringing(self, leg: PartyLeg) -> None:
        if self._in(leg) is not None:
            await self._tell("ringing", **{"from": leg.number, "to": leg.other_number})
        elif await self._answers(leg):
            await self._tell("ringing", **{"from": leg.other_number, "to": leg.number}, callerName=leg.caller_name)
            with suppress(PartyError):  # whoever called may have given up by now
                await leg.answer()

    async def answered(self, leg: PartyLeg) -> None:
        talk = self._in(leg)
        if talk is not None:
            talk.call = self._reach.own_call(leg)
            facts = talk.call.facts if talk.call is not None else None
            about = {"callId": facts.call_id, "environment": facts.tenant.environment} if facts is not None else {}
            await self._tell("answered", **about)

    async def speaking(self, leg: PartyLeg) -> None:
        await self._notice(leg, "speaking")

    async def quiet(self, leg: PartyLeg) -> None:
        await self._notice(leg, "quiet")

    async def dtmf(self, leg: PartyLeg, digit: str) -> None:
        await self._notice(leg, "dtmf", digit=digit)

    async def heard(self, leg: PartyLeg, text: str, utterance_id: str) -> None:
        """The first line of a call with compliance on is its disclosure: nothing of the brain is heard before it."""
        talk = self._in(leg)
        if talk is not None:
            disclosed = talk.call is not None and talk.call.state.plan.compliance_enabled
            if disclosed and not talk.heard_anything:
                talk.disclosure = utterance_id
            talk.heard_anything = True
            shown = utterance_id == talk.disclosure or None
            await self._tell("heard", text=text, utteranceId=utterance_id, disclosure=shown)

    async def ended(self, leg: PartyLeg, reason: str) -> None:
        talk = self._in(leg)
        if talk is not None:
            self._talk = None
            await self._tell("ended", reason=reason)
            if talk.call is not None:
                await self._tell_cost(talk.call)

    async def _tell_cost(self, call: LiveCall) -> None:
        settled = await self._reach.settled(call)
        if settled is not None:
            await self._tell(
                "settled",
                callId=settled.id,
                environment=call.facts.tenant.environment,
                status=settled.status,
                durationSec=settled.duration_sec,
                costCents=settled.cost_cents,
            )

    async def _texted(self, received: ReceivedText) -> None:
        for shown in await self._reach.own_texts((received,)):
            await self._tell("text", **{"from": shown.sender, "to": shown.to, "body": shown.text})

    def _in(self, leg: PartyLeg) -> Talk | None:
        """The call with this leg, if the telephone is in it. What happens on a declined leg is not told."""
        return self._talk if self._talk is not None and self._talk.leg is leg else None

    async def _answers(self, leg: PartyLeg) -> bool:
        """Take an incoming call of the developer's own workspace, unless this telephone is in a call."""
        if self._talk is not None or not await self._reach.is_own(leg.other_number or ""):
            await leg.hang_up()
            return False
        self._talk = Talk(leg)
        return True

    async def _notice(self, leg: PartyLeg, kind: str, **facts: object) -> None:
        if self._in(leg) is not None:
            await self._tell(kind, **facts)

    async def _tell(self, kind: str, **facts: object) -> None:
        await self._send({"type": kind, **{name: value for name, value in facts.items() if value is not None}})


async def text(network: Network, reach: Reach, message: TextBody) -> None:
    """Send a text from a person to one of the platform's numbers. Raises CannotDo, or ValueError for a wrong sender."""
    if await reach.tenant_at(message.to) is None:
        raise CannotDo(f"{message.to} is not a number that can be texted here.")
    try:
        network.send_text(message.from_, message.to, message.body)
    except NotInService as refused:
        raise CannotDo(f"Nobody takes texts at {message.to}.") from refused


def _sentence(refused: Exception) -> str:
    said = str(refused)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."
