"""A trial's world: a database, a network process, servers that come and go, and a client that never gives up."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from saperly_server.verify.contracts import Broken

from .exchange import NetworkArguments
from .haste import Epoch
from .instants import Blow, Scope
from .nursery import Nursery, end
from .victim import MARK_HEADER, ServerArguments
from .wire import Link

PATIENCE_SEC = 20.0
"""How long anything may take before the trial is broken. The slowest lease passes in a tenth of it."""
_ERRORS = 8
"""How many of the servers' own complaints are told with a problem."""
_AGAIN_SEC = 0.04
_NOT_YET = frozenset({"IdempotencyConflict", "ServiceUnavailable"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the public API. `key` is its Idempotency-Key."""

    method: str
    path: str
    body: Any = None
    key: str | None = None
    files: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the exact bytes."""

    status: int
    body: bytes
    json: Any
    retry_after: str | None = None

    @property
    def tag(self) -> str | None:
        """The name of the error, if it is one."""
        return self.json.get("_tag") if isinstance(self.json, dict) else None


@dataclass(slots=True)
class Server:
    """A server process. `died` is set by the closing of its link: at once, however it ended."""

    pid: int
    link: Link
    url: str

    @property
    def alive(self) -> bool:
        return not self.link.over.is_set()


@dataclass(slots=True)
class World:
    """Everything a trial needs. `story` is what was done, for whoever has to find out."""

    nursery: Nursery
    folder: Path
    dsn: str
    secret: str
    epoch: Epoch
    client: httpx2.AsyncClient
    story: list[str] = field(default_factory=list)
    server: Server | None = None
    marking: bool = False
    """Whether every request is marked."""
    network: Link = field(init=False)
    _network_pid: int = field(init=False)
    _control: asyncio.Server = field(init=False)
    _starts: int = 0
    _reviving: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def alive(self) -> bool:
        return self.server is not None and self.server.alive

    # -- processes -----------------------------------------------------------------------------------------

    async def begin(self, seed: int, rented: tuple[str, ...]) -> None:
        """Start the network."""
        path = str(self.folder / "network")
        self._network_pid = await self.nursery.bear(NetworkArguments(path, seed, self.epoch, rented))
        self.network = await _connected(path)

    async def start(self, scope: Scope = Scope.NOTHING, at: int | None = None, blow: Blow = Blow.KILL) -> bool:
        """Start a server; False when it died before it took requests."""
        self._starts += 1
        control = str(self.folder / f"control{self._starts}")
        arrived: asyncio.Future[tuple[Link, int]] = asyncio.get_running_loop().create_future()
        listening = await asyncio.start_unix_server(lambda r, w: self._meet(arrived, r, w), control)
        arguments = ServerArguments(
            self.dsn, control, str(self.folder / "network"), str(self.folder / "log"), self.epoch, scope, at, blow
        )
        pid = await self.nursery.bear(arguments)
        try:
            link, port = await asyncio.wait_for(arrived, PATIENCE_SEC)
        except TimeoutError:
            raise self.broken("a server does not start") from None
        finally:
            listening.close()
        self.server = Server(pid, link, f"http://127.0.0.1:{port}")
        return port > 0

    def _meet(
        self, arrived: asyncio.Future[tuple[Link, int]], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        link: Link

        async def handle(name: str, port: int) -> None:
            if not arrived.done():
                arrived.set_result((link, port))

        async def gone() -> None:
            await link.over.wait()
            if not arrived.done():
                arrived.set_result((link, 0))

        link = Link(reader, writer, handle)
        link.watch(gone())

    async def kill(self) -> None:
        """kill -9, unless it is dead already."""
        if self.server is not None and self.server.alive:
            end(self.server.pid)
            await asyncio.wait_for(self.server.link.over.wait(), PATIENCE_SEC)

    async def arm(self, scope: Scope, at: int | None, blow: Blow = Blow.KILL) -> None:
        assert self.server is not None
        await self.server.link.ask("arm", scope, at, blow)

    async def instants(self) -> list[str]:
        assert self.server is not None
        return list(await self.server.link.ask("names"))

    # -- requests ------------------------------------------------------------------------------------------

    async def send(self, request: Request, *, marked: bool = False) -> Answer | None:
        """Send it once; None when the connection broke before the answer was whole.

        Raises Broken for an answer that must never be: a 500, or a 503 that does not say when to come again.
        """
        assert self.server is not None
        headers = {"Authorization": f"Bearer {self.secret}"}
        if request.key is not None:
            headers["Idempotency-Key"] = request.key
        if marked or self.marking:
            headers[MARK_HEADER[0].decode()] = MARK_HEADER[1].decode()
        form: dict[str, Any] = {"json": request.body}
        if request.files is not None:
            form = {"data": request.body, "files": request.files}
        try:
            got = await self.client.request(request.method, self.server.url + request.path, headers=headers, **form)
        except httpx2.TransportError:
            return None
        answer = Answer(got.status_code, got.content, got.json(), got.headers.get("Retry-After"))
        if answer.status == 500 or (answer.status == 503 and answer.retry_after is None):
            raise self.broken(f"{request.method} {request.path} is answered {answer}")
        return answer

    async def expect(self, request: Request) -> Any:
        """The body of a request that must succeed at once."""
        answer = await self.send(request)
        if answer is None or answer.status >= 300:
            raise self.broken(f"{request.method} {request.path} was answered {answer}")
        return answer.json

    async def insist(self, request: Request) -> Answer:
        """Repeat until the answer is neither "still running" nor a failure that asks to try again.

        A server that dies meanwhile is started again.
        """
        deadline = time.monotonic() + PATIENCE_SEC
        answer = None
        while time.monotonic() < deadline:
            await self.revive()
            answer = await self.send(request)
            if answer is not None and not _try_again(answer):
                return answer
            await asyncio.sleep(_AGAIN_SEC)
        raise self.broken(f"{request.method} {request.path} is still answered {answer}")

    async def revive(self) -> None:
        """Start a server, if none is alive."""
        async with self._reviving:
            while not self.alive:
                self.story.append(f"dead: {self.died_at() or 'killed from outside'}")
                await self.start()

    # -- evidence ------------------------------------------------------------------------------------------

    async def evidence(self) -> list[tuple[str, dict[str, Any]]]:
        """The network's log."""
        return list(await self.network.ask("log"))

    def broken(self, problem: str) -> Broken:
        """The problem with what had been done before, and the end of the servers' log."""
        return Broken("\n  ".join([problem, *self.story, *self._errors()[-_ERRORS:]]))

    def _errors(self) -> list[str]:
        """What the servers' log says went wrong, in short."""
        log = self.folder / "log"
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
        return [_complaint(line) for line in lines if line.get("level") in ("error", "warning")]

    def died_at(self) -> str | None:
        """Where the last server died, if it did so by itself."""
        if self.server is None:
            return None
        note = self.folder / f"log.{self.server.pid}.died"
        return note.read_text("utf-8") if note.exists() else None

    async def end(self) -> None:
        await self.kill()
        self.network.close()
        end(self._network_pid)


def _complaint(line: dict[str, Any]) -> str:
    """What went wrong, and the innermost places where it did."""
    error = str(line.get("pii.error", line.get("error")))[:200]
    return f"{line['event']}: {error} at {' < '.join(line.get('trace', [])[:-4:-1])}"


def _try_again(answer: Answer) -> bool:
    return answer.tag in _NOT_YET


async def _connected(path: str) -> Link:
    async def nothing(name: str) -> None:
        """The network asks the harness nothing."""

    deadline = time.monotonic() + PATIENCE_SEC
    while True:
        try:
            return await Link.to(path, nothing)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.005)


@asynccontextmanager
async def world(
    nursery: Nursery, dsn: str, secret: str, seed: int, rented: tuple[str, ...], epoch: Epoch
) -> AsyncIterator[World]:
    """A world with a network and no server yet; every process of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="saperly-crash-") as folder:
        async with httpx2.AsyncClient(timeout=PATIENCE_SEC, trust_env=False, verify=False) as client:
            made = World(nursery, Path(folder), dsn, secret, epoch, client)
            await made.begin(seed, rented)
            try:
                yield made
            finally:
                await made.end()
