"""A manual line: a real socket server over the stage's application, and a program that connects to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
import websockets
from saperly_carriers.simulated import load_script
from websockets.asyncio.client import ClientConnection

from ..stage import Stage

CALLER = "+12025550143"
LISTENER = load_script("steps: [be_silent]")
HOLD = "One moment, please."


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port of a web server over an application."""
    config = uvicorn.Config(app, port=0, ws="websockets-sansio", ws_max_size=2**20, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.001)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@dataclass
class Program:
    """A customer's program on its socket."""

    stage: Stage
    socket: ClientConnection

    async def next(self, kind: str | None = None, *, within_sec: float = 60.0) -> Any:
        """The next frame; virtual time runs while it is waited for."""
        frame = json.loads(await self.stage.during(self.socket.recv(), within_sec))
        assert kind is None or frame["type"] == kind, frame
        return frame

    async def say(self, request: Any, text: str, **more: Any) -> None:
        await self.reply(request["requestId"], {"type": "speak", "text": text, **more})

    async def reply(self, request_id: str, directive: Any) -> None:
        await self.send({"type": "directive", "requestId": request_id, "directive": directive})

    async def send(self, frame: Any) -> None:
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        await self.settle()

    async def settle(self) -> None:
        """Let what was sent arrive, without time going on."""
        await (await self.socket.ping())
        for _ in range(5):
            await self.stage.clock.advance(0)
            await asyncio.sleep(0.005)

    async def closed(self) -> tuple[int, str]:
        """The code and the reason by which the server closed the socket."""
        with pytest.raises(websockets.ConnectionClosed) as end:
            while True:
                await self.stage.during(self.socket.recv())
        received = end.value.rcvd
        assert received is not None
        return received.code, received.reason


@dataclass
class ManualLine:
    """A number whose calls a program answers."""

    stage: Stage
    number: Any
    connection: Any
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v2/manual/{self.connection['id']}/ws"

    @property
    def hello(self) -> Any:
        return {"type": "hello", "connectionId": self.connection["id"], "protocolVersion": 1, "client": "test"}

    @asynccontextmanager
    async def program(self, *, greet: bool = True, secret: str | None = None, **how: Any) -> AsyncIterator[Program]:
        bearer = f"Bearer {secret or self.connection['manualSecret']}"
        how.setdefault("additional_headers", {"Authorization": bearer})
        async with websockets.connect(self.url, **how) as socket:
            program = Program(self.stage, socket)
            if greet:
                await program.send(self.hello)
            yield program

    async def ring(self, script: Any = LISTENER) -> Any:
        """Somebody calls."""
        run = self.stage.network.place_scripted_call(CALLER, self.number["phoneNumber"], script)
        await self.stage.clock.advance(1)
        return run

    def heard(self) -> list[str]:
        """What the caller has heard so far."""
        return [line.text for line in self.stage.network.log.heard_by(CALLER)]

    async def call(self) -> Any:
        (call,) = await self.stage.get("/calls")
        return call


@pytest.fixture
async def line(stage: Stage) -> AsyncIterator[ManualLine]:
    """A line without a disclosure, so that the program is the first to speak."""
    made = await stage.post("/connections", {"name": "mine", "mode": "manual", "complianceEnabled": False})
    assert made.status_code == 201, made.text
    number = await stage.number()
    await stage.post(f"/numbers/{number['id']}/connection", {"connectionId": made.json()["id"]})
    async with serving(stage.process.app) as port:
        yield ManualLine(stage, number, made.json(), port)
