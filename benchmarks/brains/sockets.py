"""Many sockets that nobody talks on: what each costs the process that holds it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import psutil
import websockets
from websockets.asyncio.client import ClientConnection

_AT_ONCE = 50


def kilobytes(pid: int) -> float:
    """Proportional set size of a process."""
    return float(psutil.Process(pid).memory_full_info().pss) / 1024


async def per_socket(pid: int, count: int, opened: Callable[[int], Coroutine[Any, Any, ClientConnection]]) -> float:
    """KiB that the process `pid` takes for each of `count` open sockets."""
    before = kilobytes(pid)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(place: int) -> ClientConnection:
        async with turn:
            return await opened(place)

    sockets = await asyncio.gather(*(one(place) for place in range(count)))
    await asyncio.sleep(1)
    taken = kilobytes(pid) - before
    await asyncio.gather(*(socket.close() for socket in sockets))
    return taken / count


async def plain(url: str) -> ClientConnection:
    return await websockets.connect(url, compression=None, proxy=None, ping_interval=None)


async def brain(url: str, connection_id: str, secret: str) -> ClientConnection:
    """A manual connection's socket, its hello said."""
    bearer = {"Authorization": f"Bearer {secret}"}
    address = f"{url}/v2/manual/{connection_id}/ws"
    socket = await websockets.connect(
        address, additional_headers=bearer, compression=None, proxy=None, ping_interval=None
    )
    await socket.send(json.dumps({"type": "hello", "connectionId": connection_id, "protocolVersion": 1}))
    return socket
