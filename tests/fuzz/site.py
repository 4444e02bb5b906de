"""The server as it is run, on a socket of loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from saperly_server.cli.hosting.ports import listen
from saperly_server.cli.hosting.web import serving
from saperly_server.core.db import Database
from saperly_server.core.settings import Settings
from saperly_server.doctor import examine
from saperly_server.main import running
from sqlalchemy import text

from server.tests.conftest import new_customer

from .bodies import PEER

_PATIENCE_SEC = 60
T = TypeVar("T")


@dataclass(slots=True)
class Site:
    """A running server with a customer. `things` are the customer's, `headers` carry the credential."""

    port: int
    db: Database
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    secret: str
    things: dict[str, str]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_PATIENCE_SEC)

    def healthy(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/ready", timeout=5, trust_env=False).status_code == 200

    def findings(self) -> list[Any]:
        """What the doctor says."""

        async def look() -> list[Any]:
            async with self.db.system() as tx:
                return await examine(tx)

        return self.do(look())

    def remembered(self) -> set[str]:
        """The `Idempotency-Key` of every answer that is remembered or on its way."""

        async def look() -> set[str]:
            async with self.db.system() as tx:
                return {row[0] for row in await tx.all(text("select idempotency_key from idempotency_records"))}

        return self.do(look())


@contextmanager
def site_on(dsn: str) -> Iterator[Site]:
    """A server on a migrated database, with a customer who has one of everything."""
    opened: Future[Site] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(dsn, opened)), name="site")
    thread.start()
    found = opened.result(_PATIENCE_SEC)
    try:
        _furnish(found)
        yield found
    finally:
        found.loop.call_soon_threadsafe(found.stop.set)
        thread.join(_PATIENCE_SEC)


async def _serve(dsn: str, opened: Future[Site]) -> None:
    settings = Settings(mode="development", secret_key="fuzz", requests_per_minute=10_000_000, handoff_wait_sec=1)
    try:
        async with running(settings, dsn) as process:
            customer = await new_customer(process.services.db, cents=10_000_000, quota=10_000)
            sockets = listen("127.0.0.1", 0, exactly=False)
            async with serving(process.app, sockets, largest_frame=65_536):
                stop, db = asyncio.Event(), process.services.db
                opened.set_result(Site(sockets.port, db, asyncio.get_running_loop(), stop, customer.secret, {}))
                await stop.wait()
    except BaseException as error:
        if not opened.done():
            opened.set_exception(error)
        raise


def _furnish(site: Site) -> None:
    url, headers = f"http://127.0.0.1:{site.port}", {"Authorization": f"Bearer {site.secret}"}
    with httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as client:

        def post(path: str, body: Any) -> Any:
            answer = client.post(path, json=body)
            assert answer.is_success, (path, answer.text)
            return answer.json()

        number = post("/numbers", {})["id"]
        connection = post("/connections", {"name": "support"})["id"]
        post(f"/numbers/{number}/connection", {"connectionId": connection})
        consent = {"numberId": number, "peerNumber": PEER, "consentType": "explicit_outbound", "source": "test"}
        post("/consent", consent)
        call = post("/calls", {"fromNumberId": number, "to": PEER})["id"]
        key = post("/api-tokens", {"name": "child", "scopes": ["read"]})["id"]
    voice = "cv_01J0000000000000000000000"
    site.things.update(number=number, connection=connection, call=call, key=key, voice=voice)
