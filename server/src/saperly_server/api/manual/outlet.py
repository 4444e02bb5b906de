"""What goes out to one program: frames in order, kept while it is slow, and an end when it is too slow."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

import orjson
from fastapi import WebSocket
from saperly_protocol import ErrorFrame, Event
from starlette.websockets import WebSocketDisconnect

TOO_SLOW = 4408
_MOST_KEPT = 10_000
"""Frames. A program that leaves so many unread is no brain any more; its calls go on without it."""


class Outlet:
    """The sending side of a socket. It has a task only while there is something to send."""

    __slots__ = ("_closing", "_kept", "_pump", "_socket")

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._kept: deque[str] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._closing: tuple[int, str] | None = None

    def send(self, frame: Event | ErrorFrame) -> None:
        if self._closing is not None:
            return
        self._kept.append(orjson.dumps(frame.to_wire()).decode())
        if len(self._kept) > _MOST_KEPT:
            self.close(TOO_SLOW, "The frames are not read.")
        self._start()

    def close(self, code: int, reason: str) -> None:
        """Close once what is kept has been sent; a program that does not read at all loses it."""
        if self._closing is None:
            self._closing = code, reason
            if code == TOO_SLOW:
                self._kept.clear()
            self._start()

    def end(self) -> None:
        """The socket is gone."""
        self._kept.clear()
        if self._pump is not None:
            self._pump.cancel()

    def _start(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        with suppress(RuntimeError, WebSocketDisconnect):  # the socket was closed meanwhile
            while self._kept:
                await self._socket.send_text(self._kept.popleft())
            if self._closing is not None:
                await self._socket.close(*self._closing)
