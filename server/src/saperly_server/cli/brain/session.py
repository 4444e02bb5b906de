"""Holding the socket: hello, events to the thinker, its directives back, and again when the line breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from saperly_server.cli.exits import Exit, Problem

from .thinkers import Broken, Directive, Event, Thinker

_APOLOGY = "I am sorry, something went wrong. Could you say that again?"
_PAUSES_SEC = (0.5, 1.0, 2.0, 5.0)
_FINAL = {
    4400: "The server does not take this hello.",
    4401: "The secret is not this connection's.",
    4404: "The connection was deleted.",
}
_REPLACED = 4000

Show = Callable[[str, Event | Directive | str], None]
"""Shows an `event`, the `directive` that answers it, or a `note`."""


class Session:
    """A brain at work."""

    def __init__(self, url: str, connection_id: str, secret: str, thinker: Thinker, show: Show) -> None:
        self._url = url
        self._connection_id = connection_id
        self._secret = secret
        self._thinker = thinker
        self._show = show
        self._answers: set[asyncio.Task[None]] = set()

    async def hold(self) -> None:
        """Be the brain until cancelled. A Problem when the server does not want this one."""
        tries = 0
        while True:
            try:
                async with websockets.connect(self._url, additional_headers=self._key, proxy=None) as socket:
                    tries = 0
                    await self._attend(socket)
            except (OSError, websockets.InvalidHandshake) as error:
                self._show("note", f"no connection ({error}); trying again")
            except websockets.ConnectionClosed as closed:
                self._complain(closed)
                self._show("note", "the line broke; connecting again")
            await asyncio.sleep(_PAUSES_SEC[min(tries, len(_PAUSES_SEC) - 1)])
            tries += 1

    @property
    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._secret}"}

    def _complain(self, closed: websockets.ConnectionClosed) -> None:
        code = closed.rcvd.code if closed.rcvd is not None else None
        if code == _REPLACED:
            raise Problem("Another program is the brain of this connection now.", exit_code=Exit.REFUSED)
        if code in _FINAL:
            raise Problem(_FINAL[code], exit_code=Exit.AUTH)

    async def _attend(self, socket: ClientConnection) -> None:
        hello = {"type": "hello", "connectionId": self._connection_id, "protocolVersion": 1, "client": "saperly brain"}
        await socket.send(json.dumps(hello))
        self._show("note", "connected")
        async for raw in socket:
            frame: Event = json.loads(raw)
            if frame["type"] == "error":
                self._show("note", f"the server refused a frame: {frame['message']}")
                continue
            task = asyncio.create_task(self._answer(socket, frame))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, socket: ClientConnection, event: Event) -> None:
        self._show("event", event)
        try:
            said = await self._thinker.think(event)
        except Exception as error:
            self._show("note", str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}")
            said = {"type": "speak", "text": _APOLOGY}
        if event["type"] == "call_ended":
            return
        self._show("directive", said)
        try:
            await socket.send(json.dumps({"type": "directive", "requestId": event["requestId"], "directive": said}))
        except websockets.ConnectionClosed:
            self._show("note", "the answer came after the line broke; the question comes again")


def socket_url(base_url: str, connection_id: str) -> str:
    """Where the socket is: `wss` for https, `ws` for http."""
    scheme, _, rest = base_url.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/v2/manual/{connection_id}/ws"


def line(kind: str, what: Any) -> str:
    """One line for people."""
    if kind == "note":
        return f"  - {what}"
    if kind == "directive":
        return f"  brain>  {_told(what)}"
    match what["type"]:
        case "inbound_call":
            return f"{what['from']} calls {what['to']}"
        case "outbound_call":
            return f"{what['to']} answers {what['from']}"
        case "turn":
            return f"  caller> {what['userText'] or '(silence)'}"
        case _:
            return f"  - the call is over ({what.get('reason', 'no reason given')})"


def _told(directive: Any) -> str:
    if directive.get("type") == "speak":
        return f"{directive.get('text')}{' (and hangs up)' if directive.get('endCall') else ''}"
    members = ", ".join(f"{name} {value}" for name, value in directive.items() if name != "type")
    return f"[{directive.get('type')}{f': {members}' if members else ''}]"
