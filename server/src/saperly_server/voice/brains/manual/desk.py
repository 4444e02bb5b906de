"""Where the customers' programs and their calls meet: one socket for each connection, many calls on it.

A request that got no answer yet is sent again to the next socket of its connection, so a socket that drops in the middle of
a turn loses nothing. What a program says is taken to its call whether it is in time or not: the call's own rules decide.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

from saperly_carriers.clock import Clock
from saperly_protocol import CallEnded, DirectiveFrame, ErrorFrame, Event

from saperly_server.voice.brains.contracts import Tell
from saperly_server.voice.engine import call_of
from saperly_server.voice.engine.effects import Refusal
from saperly_server.voice.engine.inputs import BrainReplied

REPLACED = 4000
GONE = 4404
_MOST_GOODBYES = 100
"""Ends of calls that are remembered for each connection."""
_MOST_AWAY = 1_000
"""Connections that are remembered only because nobody has heard how their calls ended."""
_WHY = {
    Refusal.UNKNOWN_REQUEST: "No live call of this connection has asked this.",
    Refusal.ALREADY_ANSWERED: "This request was answered before.",
    Refusal.TOO_LATE: "The answer came too late: the caller has heard the hold line, and the conversation went on.",
    Refusal.CALL_ENDED: "The call is over.",
}


class BrainSocket(Protocol):
    """What a program is connected by. Nothing here waits: frames that cannot be sent yet are kept, up to a limit."""

    def send(self, frame: Event | ErrorFrame) -> None: ...

    def close(self, code: int, reason: str) -> None: ...


@dataclass(slots=True)
class _Line:
    """One connection: its socket, its live calls, and what each of them waits for.

    `unheard` are ends of calls that nobody was there to hear; `told` those whose answer is no mistake.
    """

    socket: BrainSocket | None = None
    calls: dict[str, Tell] = field(default_factory=dict)
    waiting: dict[str, Event] = field(default_factory=dict)
    unheard: OrderedDict[str, CallEnded] = field(default_factory=OrderedDict)
    told: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def say_goodbye(self, event: CallEnded) -> None:
        if self.socket is None:
            self.unheard[event.request_id] = event
            _shorten(self.unheard, _MOST_GOODBYES)
        else:
            self.told[event.request_id] = None
            _shorten(self.told, _MOST_GOODBYES)
            self.socket.send(event)


class Desk:
    """All connections of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[str, _Line] = {}
        self._away: OrderedDict[str, None] = OrderedDict()

    # -- the programs' side --------------------------------------------------------------------------------

    def attach(self, connection_id: str, socket: BrainSocket) -> None:
        """The newest socket is the brain; it gets at once whatever is not answered yet."""
        line = self._line(connection_id)
        self._away.pop(connection_id, None)
        if line.socket is not None:
            line.socket.close(REPLACED, "A newer socket of this connection is the brain now.")
        line.socket = socket
        for event in line.waiting.values():
            socket.send(event)
        while line.unheard:
            line.say_goodbye(line.unheard.popitem(last=False)[1])

    def detach(self, connection_id: str, socket: BrainSocket) -> None:
        """The socket is closed; a newer one stays."""
        line = self._lines.get(connection_id)
        if line is not None and line.socket is socket:
            line.socket = None
            self._forget_if_idle(connection_id)

    def answer(self, connection_id: str, socket: BrainSocket, frame: DirectiveFrame) -> Refusal | None:
        """Take a directive to its call, which acts on its own time: a slow call keeps no other waiting.

        UNKNOWN_REQUEST when no live call of this connection can have asked, and from a socket that is not the brain.
        """
        line = self._lines.get(connection_id)
        if line is None or line.socket is not socket:
            return Refusal.UNKNOWN_REQUEST
        if frame.request_id in line.told:
            return None
        call_id = call_of(frame.request_id)
        tell = line.calls.get(call_id)
        if tell is None:
            return Refusal.UNKNOWN_REQUEST
        asked = line.waiting.get(call_id)
        if asked is not None and asked.request_id == frame.request_id:
            del line.waiting[call_id]
        reply = BrainReplied(frame.request_id, frame.directive)
        self._clock.call_later(0, lambda: tell(reply))
        return None

    # -- the calls' side -----------------------------------------------------------------------------------

    def open(self, connection_id: str, call_id: str, tell: Tell) -> None:
        self._line(connection_id).calls[call_id] = tell
        self._away.pop(connection_id, None)

    def is_attended(self, connection_id: str) -> bool:
        """Is a program connected?"""
        line = self._lines.get(connection_id)
        return line is not None and line.socket is not None

    def ask(self, connection_id: str, event: Event) -> None:
        """Send it now, and again to every next socket, until it is answered or the call has asked something else."""
        line = self._line(connection_id)
        if isinstance(event, CallEnded):
            line.say_goodbye(event)
            self._forget_if_idle(connection_id)
            return
        line.waiting[call_of(event.request_id)] = event
        if line.socket is not None:
            line.socket.send(event)

    def refuse(self, connection_id: str, request_id: str, why: Refusal) -> None:
        """Tell the program that what it said had no effect."""
        line = self._lines.get(connection_id)
        if line is not None and line.socket is not None:
            line.socket.send(complaint(request_id, why))

    def close(self, connection_id: str, call_id: str) -> None:
        """The call is over, and takes nothing any more."""
        line = self._line(connection_id)
        line.calls.pop(call_id, None)
        line.waiting.pop(call_id, None)
        self._forget_if_idle(connection_id)

    def drop(self, connection_id: str) -> None:
        """The connection is no more."""
        line = self._lines.get(connection_id)
        if line is None:
            return
        line.unheard.clear()
        if line.socket is not None:
            line.socket.close(GONE, "The connection was deleted.")
            line.socket = None
        self._forget_if_idle(connection_id)

    def _line(self, connection_id: str) -> _Line:
        return self._lines.setdefault(connection_id, _Line())

    def _forget_if_idle(self, connection_id: str) -> None:
        line = self._lines[connection_id]
        if line.socket is not None or line.calls:
            return
        if not line.unheard:
            del self._lines[connection_id]
            return
        self._away[connection_id] = None
        if len(self._away) > _MOST_AWAY:
            del self._lines[self._away.popitem(last=False)[0]]


def complaint(request_id: str, why: Refusal) -> ErrorFrame:
    """What a program is told about a directive that had no effect."""
    return ErrorFrame(code=why.value, message=_WHY[why], request_id=request_id)


def _shorten(memory: OrderedDict[str, CallEnded] | OrderedDict[str, None], most: int) -> None:
    if len(memory) > most:
        memory.popitem(last=False)
