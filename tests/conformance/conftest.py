"""A real server on loopback: its own thread and event loop, a real database, the simulated network, the wall clock."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from saperly_server import identity, ledger
from saperly_server.core.db import Tenant
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.ids import new_id
from saperly_server.core.settings import Settings
from saperly_server.identity import ALL, Grant, WorkspaceLimits
from saperly_server.main import Process, running

DESTINATIONS = ["US", "CA", "GB"]
_START_SEC = 60


@dataclass
class Server:
    """The server in its thread. `customer` makes a workspace with money and gives its key."""

    dsn: str
    url: str = ""
    process: Process | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _stop: asyncio.Event | None = None
    _thread: threading.Thread | None = None
    _ready: Future[None] = field(default_factory=Future)

    def start(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="server")
        self._thread.start()
        self._ready.result(_START_SEC)

    def stop(self) -> None:
        assert self._loop is not None
        assert self._stop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_SEC)

    async def _serve(self) -> None:
        settings = Settings(mode="development", secret_key="test", requests_per_minute=1_000_000, handoff_wait_sec=0.5)
        try:
            async with running(settings, self.dsn) as self.process:
                await self._listen()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    async def _listen(self) -> None:
        assert self.process is not None
        config = uvicorn.Config(self.process.app, log_level="error", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # Named TCP, so that asyncio turns Nagle's algorithm off for its connections.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._ready.set_result(None)
        await self._stop.wait()
        server.should_exit = True
        await serving

    def customer(self, *, cents: int = 100_000_000, quota: int = 1_000) -> str:
        """A key with every scope in a workspace of its own."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(self._customer(cents, quota), self._loop).result(_START_SEC)

    async def _customer(self, cents: int, quota: int) -> str:
        assert self.process is not None
        async with self.process.services.db.system() as tx:
            limits = WorkspaceLimits(DESTINATIONS, quota, 10_000)
            workspace = await identity.create_workspace(tx, "Acme", new_id("acme").lower(), limits)
            for environment in ("live", "test"):
                await ledger.open_account(tx, Tenant(workspace.id, environment))
            tenant = Tenant(workspace.id, "live")
            await ledger.promote(tx, tenant, cents, "signup")
            minted = await identity.mint_root(tx, tenant, "root", Grant(ALL), "system")
        return minted.plaintext


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    postgres = EmbeddedPostgres.start(tmp_path_factory.mktemp("pg") / "data", durable=False)
    running_server = Server(postgres.url("postgres"))
    running_server.start()
    yield running_server
    running_server.stop()
    postgres.stop("immediate")


@pytest.fixture(scope="session")
def server_url(server: Server) -> str:
    return server.url


@dataclass(frozen=True, slots=True)
class World:
    """What a workspace holds before somebody sends it anything at all: the ids that its requests can name.

    `key` is the credential, `own_key_id` its id; `keys` are ids of keys below it.
    """

    key: str
    own_key_id: str
    numbers: list[str]
    connections: list[str]
    calls: list[str]
    keys: list[str]
    peers: list[str]


def furnished_world(server: Server, *, live_calls: bool = True) -> World:
    """A workspace with numbers, connections, consent, calls and keys. One call is over, the others are live or over too."""
    key = server.customer()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30) as client:
        world = _furnished(client, key)
        for call in () if live_calls else world.calls:
            _over(client, call)
    return world


def _over(client: httpx.Client, call: str) -> None:
    """End a call and wait until it is settled."""
    client.post(f"/calls/{call}/end", json={}).raise_for_status()
    deadline = time.monotonic() + _START_SEC
    while client.get(f"/calls/{call}").json()["costCents"] is None:
        assert time.monotonic() < deadline, call
        time.sleep(0.05)


def _furnished(client: httpx.Client, key: str) -> World:
    def post(path: str, body: Any) -> Any:
        answer = client.post(path, json=body)
        assert answer.status_code in (200, 201), (path, answer.text)
        return answer.json()

    peers = ["+15555550123", "+15555550199", "+14155550177"]
    connections = [post("/connections", {"name": "support", "mode": mode})["id"] for mode in ("hosted", "manual")]
    numbers = [post("/numbers", {"areaCode": "415"})["id"] for _ in range(3)]
    for number in numbers:
        post(f"/numbers/{number}/connection", {"connectionId": connections[0]})
        for peer in peers:
            consent = {"numberId": number, "peerNumber": peer, "consentType": "explicit_outbound", "source": "test"}
            post("/consent", consent)
    calls = [post("/calls", {"fromNumberId": number, "to": peers[0]})["id"] for number in numbers]
    post(f"/calls/{calls[0]}/end", {})
    own_key = client.get("/api-tokens").json()[0]["id"]
    keys = [post("/api-tokens", {"name": "child", "scopes": ["read"]})["id"] for _ in range(3)]
    return World(key, own_key, numbers, connections, calls, keys, peers)
