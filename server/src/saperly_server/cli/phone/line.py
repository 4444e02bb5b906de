"""The socket to the developer's telephone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.server import Server, unreachable

Frame = dict[str, Any]
_REFUSED_KEY = (4401, 4403)


@dataclass(frozen=True, slots=True)
class Line:
    """A telephone that is connected to the server."""

    socket: ClientConnection

    async def send(self, kind: str, **facts: str) -> None:
        """Do something with the telephone. A Problem when the server has gone."""
        try:
            await self.socket.send(json.dumps({"type": kind, **facts}))
        except ConnectionClosed as closed:
            raise _gone(closed) from closed

    async def frame(self) -> Frame:
        """What is noticed next. A Problem when the server has gone, or does not take the key."""
        try:
            found: Frame = json.loads(await self.socket.recv())
        except ConnectionClosed as closed:
            raise _gone(closed) from closed
        return found


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Line]:
    """A telephone on the server's simulated network, with the test key. Leaving hangs up."""
    url = f"ws{server.base_url.removeprefix('http')}/simulator/phone"
    headers = {"Authorization": f"Bearer {server.key(test=True)}"}
    proxy: Literal[True] | None = None if server.is_local else True
    try:
        socket = await connect(url, additional_headers=headers, proxy=proxy, open_timeout=10)
    except (OSError, TimeoutError, InvalidStatus, WebSocketException) as error:
        raise unreachable(server.base_url, error) from error
    try:
        yield Line(socket)
    finally:
        await socket.close()


def _gone(closed: ConnectionClosed) -> Problem:
    code = closed.rcvd.code if closed.rcvd is not None else None
    if code in _REFUSED_KEY:
        return Problem(
            "The server does not take this key for its telephone.",
            fix="set SAPERLY_TEST_KEY to a test key of this server, or make new keys: saperly keys create --root",
            exit_code=Exit.AUTH,
        )
    return Problem("The server ended the connection.", fix="start it again: saperly dev", exit_code=Exit.UPSTREAM)
