"""The web server of one process, and the signals that end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from saperly_server.cli.exits import Exit

from .ports import Listening

_GRACE_SEC = 3
_PING_SEC = 25.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Says when it takes requests, and leaves signals to us: what ends a server is more than its web part."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.taking_requests = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.taking_requests.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Http(HttpToolsProtocol):
    """Only a GET opens a socket (RFC 6455, section 4.1); any other request that asks for one is an ordinary request."""

    def _should_upgrade_to_ws(self) -> bool:
        return self.scope["method"] == "GET" and super()._should_upgrade_to_ws()


@asynccontextmanager
async def serving(app: Any, listening: Listening, *, largest_frame: int) -> AsyncIterator[asyncio.Task[None]]:
    """Take requests on the bound sockets until the context is left; gives the task, which ends early only by failing."""
    config = uvicorn.Config(
        app,
        loop="none",
        http=_Http,
        ws="websockets-sansio",
        ws_max_size=largest_frame,
        ws_ping_interval=_PING_SEC,
        ws_per_message_deflate=False,  # frames are short, and each compressor takes more memory than a whole call
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SEC,
    )
    server = _Server(config)
    task = asyncio.ensure_future(server.serve(list(listening.sockets)))
    await _either(task, server.taking_requests)
    try:
        yield task
    finally:
        server.should_exit = True
        await task


class StopSignals:
    """Ctrl+C and SIGTERM: the first asks for an orderly end, the second is told to `force`, which does not return."""

    def __init__(self, force: Callable[[], None]) -> None:
        self.asked = asyncio.Event()
        self._force = force
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if sys.platform == "win32":
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._stop))
            else:
                loop.add_signal_handler(number, self._stop)

    def _stop(self) -> None:
        if self.asked.is_set():
            self._force()
            os._exit(Exit.INTERRUPTED)
        self.asked.set()


async def until_stopped(stop: StopSignals, web: asyncio.Task[None]) -> None:
    """Wait for a signal; raises what ended the web server, should that come first."""
    await _either(web, stop.asked)


async def _either(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait until the event is set, or the task has ended; its failure is raised."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if task.done():
        task.result()


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """While a server is starting, SIGTERM unwinds it as Ctrl+C does, so that nothing is left running."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
