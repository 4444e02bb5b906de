"""What the benchmarks over HTTP share: a server process that prints its address, and many clients at once."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import uvicorn
import uvloop

IN_FLIGHT = 64


async def serve(app: Any) -> None:
    """Serve `app` on a free port until the process is ended, and print the address."""
    async with listening(app) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """The address of `app`, served in this process as the product serves it."""
    config = uvicorn.Config(
        app, port=0, log_level="warning", access_log=False, lifespan="off", ws="websockets-sansio", backlog=8192
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def running_program(url: str, connection_id: str, secret: str) -> AsyncIterator[None]:
    """A process that is the brain of a manual connection, and answers at once."""
    socket = f"ws{url.removeprefix('http')}/v2/manual/{connection_id}/ws"
    command = [sys.executable, "-m", "benchmarks.brains.program", socket, connection_id, secret]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def main(app: Any) -> None:
    uvloop.run(serve(app))


@contextlib.asynccontextmanager
async def served(module: str, *arguments: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with a server process of its own, `python -m module`."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
            yield session
    finally:
        process.terminate()
        await process.wait()


async def rate(work: Callable[[], Awaitable[None]], seconds: float, in_flight: int = IN_FLIGHT) -> float:
    """Calls of `work` a second, `in_flight` at once, after a second of warming up."""

    async def client(stop: float) -> int:
        done = 0
        while time.monotonic() < stop:
            await work()
            done += 1
        return done

    async def crowd(seconds: float) -> float:
        started = time.monotonic()
        done = await asyncio.gather(*(client(started + seconds) for _ in range(in_flight)))
        return sum(done) / (time.monotonic() - started)

    await crowd(1)
    return await crowd(seconds)
