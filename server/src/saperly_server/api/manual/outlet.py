"""What goes out to one program: frames in order, kept while it is slow, and an end when it is too slow or too often wrong."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import orjson
from fastapi import WebSocket
from saperly_protocol import ErrorFrame, Event
from starlette.websockets import WebSocketDisconnect

TOO_SLOW, TOO_MANY_MISTAKES = 4408, 4429
_MOST_KEPT = 10_000
"""Frames. A program that leaves so many unread is no brain any more; its calls go on without it."""
_SEND_WITHIN_SEC = 20.0
"""How long one frame may wait for a program that does not read."""


class Outlet:
    """The sending side of a socket. It has a task only while there is something to send.

    `may_err` is asked for each error frame: False ends the socket. The task that reads the socket makes its outlet, and is
    cancelled when the program does not even take a close: then nothing of it is left here.
    """

    __slots__ = ("_closing", "_kept", "_may_err", "_pump", "_reader", "_socket")

    def __init__(self, socket: WebSocket, may_err: Callable[[], bool]) -> None:
        self._socket = socket
        self._may_err = may_err
        self._kept: deque[str] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._reader = asyncio.current_task()
        self._closing: tuple[int, str] | None = None

    @property
    def is_open(self) -> bool:
        return self._closing is None

    def send(self, frame: Event | ErrorFrame) -> None:
        if self._closing is not None:
            return
        self._kept.append(orjson.dumps(frame.to_wire()).decode())
        if isinstance(frame, ErrorFrame) and not self._may_err():
            self.close(TOO_MANY_MISTAKES, "Too many frames that could not be accepted.")
        elif len(self._kept) > _MOST_KEPT:
            self._kept.clear()
            self.close(TOO_SLOW, "The frames are not read.")
        self._start()

    def close(self, code: int, reason: str) -> None:
        """Close once what is kept has been sent."""
        if self._closing is None:
            self._closing = code, reason
            self._start()

    async def closed(self) -> None:
        """The close that was asked for has been sent."""
        if self._pump is not None:
            await asyncio.wait({self._pump})

    def end(self) -> None:
        """The socket is gone."""
        self._kept.clear()
        if self._pump is not None:
            self._pump.cancel()

    def _start(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            with suppress(RuntimeError, WebSocketDisconnect):  # the socket was closed meanwhile
                while self._kept:
                    async with asyncio.timeout(_SEND_WITHIN_SEC):
                        await self._socket.send_text(self._kept.popleft())
                if self._closing is not None:
                    async with asyncio.timeout(_SEND_WITHIN_SEC):
                        await self._socket.close(*self._closing)
        except TimeoutError:
            self._closing = self._closing or (TOO_SLOW, "")
            if self._reader is not None:
                self._reader.cancel()
