"""Where the customers' programs and their calls meet: one socket for each connection, many calls on it.

A request that got no answer yet is sent again to the next socket of its connection, so a socket that drops in the middle of
a turn loses nothing. What a program says is taken to its call whether it is in time or not: the call's own rules decide.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from saperly_protocol import CallEnded, DirectiveFrame, ErrorFrame, Event

from saperly_server.voice.brains.contracts import Tell
from saperly_server.voice.engine import call_of
from saperly_server.voice.engine.effects import Refusal
from saperly_server.voice.engine.inputs import BrainReplied

T = TypeVar("T")

REPLACED = 4000
GONE = 4404
_MOST_GOODBYES = 1_000
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
    """One connection: its socket, its live calls, and what each of them waits for."""

    socket: BrainSocket | None = None
    calls: dict[str, Tell] = field(default_factory=dict)
    waiting: dict[str, Event] = field(default_factory=dict)


class Desk:
    """All connections of this process.

    The last ends of calls are remembered: those that nobody was there to hear are told to the next socket, and the answer to
    one that was told is no mistake.
    """

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._unheard: OrderedDict[str, tuple[str, CallEnded]] = OrderedDict()
        self._told: OrderedDict[str, str] = OrderedDict()

    # -- the programs' side --------------------------------------------------------------------------------

    def attach(self, connection_id: str, socket: BrainSocket) -> None:
        """The newest socket is the brain; it gets at once whatever is not answered yet."""
        line = self._lines.setdefault(connection_id, _Line())
        if line.socket is not None:
            line.socket.close(REPLACED, "A newer socket of this connection is the brain now.")
        line.socket = socket
        for event in line.waiting.values():
            socket.send(event)
        for owner, goodbye in tuple(self._unheard.values()):
            if owner == connection_id:
                self._say_goodbye(connection_id, goodbye)

    def detach(self, connection_id: str, socket: BrainSocket) -> None:
        """The socket is closed; a newer one stays."""
        line = self._lines.get(connection_id)
        if line is not None and line.socket is socket:
            line.socket = None
            self._forget_if_idle(connection_id)

    async def answer(self, connection_id: str, frame: DirectiveFrame) -> Refusal | None:
        """Take a directive to its call. UNKNOWN_REQUEST when no live call of this connection can have asked."""
        if self._told.get(frame.request_id) == connection_id:
            return None
        line, call_id = self._lines.get(connection_id, _Line()), call_of(frame.request_id)
        tell = line.calls.get(call_id)
        if tell is None:
            return Refusal.UNKNOWN_REQUEST
        asked = line.waiting.get(call_id)
        if asked is not None and asked.request_id == frame.request_id:
            del line.waiting[call_id]
        await tell(BrainReplied(frame.request_id, frame.directive))
        return None

    # -- the calls' side -----------------------------------------------------------------------------------

    def open(self, connection_id: str, call_id: str, tell: Tell) -> None:
        self._lines.setdefault(connection_id, _Line()).calls[call_id] = tell

    def is_attended(self, connection_id: str) -> bool:
        """Is a program connected?"""
        line = self._lines.get(connection_id)
        return line is not None and line.socket is not None

    def ask(self, connection_id: str, event: Event) -> None:
        """Send it now, and again to every next socket, until it is answered or the call has asked something else."""
        if isinstance(event, CallEnded):
            self._say_goodbye(connection_id, event)
            return
        line = self._lines[connection_id]
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
        line = self._lines[connection_id]
        line.calls.pop(call_id, None)
        line.waiting.pop(call_id, None)
        self._forget_if_idle(connection_id)

    def drop(self, connection_id: str) -> None:
        """The connection is no more."""
        line = self._lines.get(connection_id)
        if line is not None and line.socket is not None:
            line.socket.close(GONE, "The connection was deleted.")

    def _say_goodbye(self, connection_id: str, event: CallEnded) -> None:
        line = self._lines.get(connection_id)
        if line is None or line.socket is None:
            _remember(self._unheard, event.request_id, (connection_id, event))
            return
        self._unheard.pop(event.request_id, None)
        _remember(self._told, event.request_id, connection_id)
        line.socket.send(event)

    def _forget_if_idle(self, connection_id: str) -> None:
        line = self._lines[connection_id]
        if line.socket is None and not line.calls:
            del self._lines[connection_id]


def complaint(request_id: str, why: Refusal) -> ErrorFrame:
    """What a program is told about a directive that had no effect."""
    return ErrorFrame(code=why.value, message=_WHY[why], request_id=request_id)


def _remember(memory: OrderedDict[str, T], key: str, value: T) -> None:
    memory[key] = value
    if len(memory) > _MOST_GOODBYES:
        memory.popitem(last=False)
