"""The server process: the real product on a real socket, told when to die."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import uvicorn

from saperly_server import numbers
from saperly_server.core import logging
from saperly_server.core.settings import Settings
from saperly_server.main import Process, running

from . import driver
from .haste import Epoch, HastyClock
from .instants import Blow, Instants, Scope, mark
from .line import Line
from .wire import Link

MARK_HEADER = (b"x-under-test", b"1")
_SECRET_KEY = "x" * 32
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServerArguments:
    """`control` and `network` are sockets; `scope`, `at` and `blow` arm the instants from the very start."""

    dsn: str
    control: str
    network: str
    log: str
    epoch: Epoch
    scope: Scope = Scope.NOTHING
    at: int | None = None
    blow: Blow = Blow.KILL


class Victim:
    """What the harness can ask of a running server, and the doors that it is watched through."""

    def __init__(self, arguments: ServerArguments) -> None:
        self.clock = HastyClock(arguments.epoch)
        self.instants = Instants(self._dying)
        self.line = Line(self.clock, self.instants)
        self._arguments = arguments
        self._control: Link | None = None
        self._process: Process | None = None

    def _dying(self, name: str) -> None:
        with open(f"{self._arguments.log}.{os.getpid()}.died", "w", encoding="utf-8") as note:
            note.write(name)

    async def run(self) -> None:
        control = self._control = await Link.to(self._arguments.control, self._handle)
        carrier = await self.line.connect(self._arguments.network)
        self.instants.arm(self._arguments.scope, self._arguments.at, self._arguments.blow)
        settings = Settings(mode="development", secret_key=_SECRET_KEY, requests_per_minute=1_000_000)
        async with running(settings, self._arguments.dsn, self.clock, carrier=carrier) as process:
            self._process = process
            intake = process.services.intake

            async def take(request: Any) -> None:
                await intake.receive(carrier.name, request)

            await self.line.take_events(take)
            await self._serve(process, control)

    async def _serve(self, process: Process, control: Link) -> None:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        config = uvicorn.Config(
            self._watched(process.app), http="httptools", ws="none", lifespan="off", access_log=False, log_config=None
        )
        serving = asyncio.ensure_future(uvicorn.Server(config).serve(sockets=[listening]))
        control.tell("ready", listening.getsockname()[1])
        await control.over.wait()
        serving.cancel()
        os._exit(0)

    def _watched(self, app: Any) -> Any:
        """The application; a marked request is followed from its arrival to its last byte."""

        async def watched(scope: Any, receive: _Receive, send: _Send) -> None:
            if MARK_HEADER not in scope.get("headers", ()):
                await app(scope, receive, send)
                return
            mark("request")

            async def sending(message: _Message) -> None:
                self.instants.reach(f"before {message['type']}")
                await send(message)
                self.instants.reach(f"after {message['type']}")

            await app(scope, receive, sending)

        return watched

    async def _handle(self, name: str, *args: Any) -> Any:
        if name == "arm":
            self.instants.arm(*args)
        elif name == "names":
            return self.instants.names
        elif name == "sweep_rent":
            await self._sweep_rent()
        return None

    async def _sweep_rent(self) -> None:
        assert self._process is not None
        mark("request")
        async with self._process.services.db.system() as tx:
            await numbers.sweep_rent(tx)


async def run(arguments: ServerArguments) -> None:
    """Be a server until the harness has gone, or the instant to die has come."""
    file = open(arguments.log, "a", buffering=1, encoding="utf-8")  # noqa: SIM115, ASYNC230  for the life of the process
    logging.configure(level="info", machine=True, keep_personal=True, stream=file)
    victim = Victim(arguments)
    driver.watch(victim.instants)
    await victim.run()
