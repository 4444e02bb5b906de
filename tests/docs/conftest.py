"""A whole server on a socket for the samples: real PostgreSQL, simulated network, time that passes five times as fast."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread

import pytest
from saperly_carriers.clock import SystemClock, Timer, TimerCallback
from saperly_server import identity, ledger
from saperly_server.cli.hosting.ports import listen
from saperly_server.cli.hosting.web import serving
from saperly_server.core.db import Database, Tenant
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.ids import new_id
from saperly_server.core.settings import Settings
from saperly_server.identity import ALL, Grant, WorkspaceLimits
from saperly_server.main import running

SPEED = 5.0
_CREDIT_CENTS = 500
_PATIENCE_SEC = 60


class FastClock(SystemClock):
    """The wall clock, `SPEED` times as fast: people in samples answer, talk and hang up sooner."""

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return self._began + (datetime.now(UTC) - self._began) * SPEED

    def monotonic(self) -> float:
        return super().monotonic() * SPEED

    def call_later(self, delay_sec: float, callback: TimerCallback) -> Timer:
        return super().call_later(delay_sec / SPEED, callback)

    async def sleep(self, sec: float) -> None:
        await super().sleep(sec / SPEED)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, seen from a sample's side."""

    url: str
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    db: Database

    def new_key(self) -> str:
        """A test key of a new workspace with the credit that any new one has."""
        return asyncio.run_coroutine_threadsafe(_new_key(self.db), self.loop).result(_PATIENCE_SEC)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server has a thread of its own, because a test waits for the sample's process."""
    with EmbeddedPostgres.start(tmp_path_factory.mktemp("docs") / "data", durable=False) as postgres:
        opened: Future[Site] = Future()
        thread = Thread(target=lambda: asyncio.run(_serve(postgres.url("postgres"), opened)), name="docs")
        thread.start()
        found = opened.result(_PATIENCE_SEC)
        yield found
        found.loop.call_soon_threadsafe(found.stop.set)
        thread.join(_PATIENCE_SEC)


async def _serve(dsn: str, opened: Future[Site]) -> None:
    clock, stop = FastClock(), asyncio.Event()
    try:
        async with running(Settings(mode="development", secret_key="docs"), dsn, clock) as process:
            sockets = listen("127.0.0.1", 0, exactly=False)
            async with serving(process.app, sockets, largest_frame=65_536):
                url = f"http://127.0.0.1:{sockets.port}"
                opened.set_result(Site(url, asyncio.get_running_loop(), stop, process.services.db))
                await stop.wait()
            await process.drain()
            await clock.aclose()
    except BaseException as error:
        if not opened.done():
            opened.set_exception(error)
        raise


async def _new_key(db: Database) -> str:
    async with db.system() as tx:
        workspace = await identity.create_workspace(
            tx, "Acme", new_id("acme").lower(), WorkspaceLimits(["US"], 25, 100)
        )
        for environment in ("live", "test"):
            tenant = Tenant(workspace.id, environment)
            await ledger.open_account(tx, tenant)
            await ledger.promote(tx, tenant, _CREDIT_CENTS, "signup")
        return (await identity.mint_root(tx, tenant, "root", Grant(ALL), "system")).plaintext
