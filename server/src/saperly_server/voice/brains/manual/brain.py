"""The brain of a manual connection: a program over its socket, else over its URL, else nobody."""

from __future__ import annotations

from saperly_protocol import CallEnded, Event

from saperly_server.voice.brains.contracts import BrainCall, BrainUnreachable, Tell
from saperly_server.voice.engine.effects import Refusal
from saperly_server.voice.engine.inputs import BrainReplied

from .desk import Desk
from .posting import Endpoint, Posting


class ManualBrain:
    """`endpoint` is where events go while no socket is open; None: they wait for one."""

    def __init__(self, desk: Desk, posting: Posting, connection_id: str, endpoint: Endpoint | None) -> None:
        self._desk = desk
        self._posting = posting
        self._connection_id = connection_id
        self._endpoint = endpoint
        self._call_id = ""
        self._tell: Tell | None = None

    async def open(self, call: BrainCall, tell: Tell) -> None:
        self._call_id, self._tell = call.call_id, tell
        self._desk.open(self._connection_id, call.call_id, tell)

    async def ask(self, event: Event) -> None:
        """A socket first: a URL is asked only while there is none, for each event anew."""
        attended = self._desk.is_attended(self._connection_id)
        if not attended and self._endpoint is not None:
            await self._post(self._endpoint, event)
            return
        self._desk.ask(self._connection_id, event)
        if not attended:
            raise BrainUnreachable

    async def _post(self, endpoint: Endpoint, event: Event) -> None:
        if isinstance(event, CallEnded):
            await self._posting.notify(endpoint, event)
            return
        directive = await self._posting.ask(endpoint, event)
        if self._tell is not None:
            await self._tell(BrainReplied(event.request_id, directive))

    def refused(self, request_id: str, why: Refusal) -> None:
        self._desk.refuse(self._connection_id, request_id, why)

    async def close(self) -> None:
        self._tell = None
        self._desk.close(self._connection_id, self._call_id)
