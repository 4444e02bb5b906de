"""The proof `database-crashes`: PostgreSQL ends at once, as in a crash, under load, and comes back."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg

from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate
from saperly_server.verify.contracts import Proof, Trial
from saperly_server.verify.ground import Ground

from .home import Home, furnished
from .nursery import Nursery
from .storm import Storm
from .world import Request

BACK_WITHIN_SEC = 10.0
"""How soon after the database a server must be of use again, by itself."""
_CALM_SEC = (0.1, 0.6)
_AWAY_SEC = (0.0, 0.8)
_LOOK_SEC = 0.02
_TEMPLATE = "saperly_outages"


@dataclass(slots=True)
class Outages:
    """Trials of one run, on a PostgreSQL of their own that forces every commit to disk."""

    nursery: Nursery
    home: Home
    postgres: EmbeddedPostgres
    folder: Path

    async def trial(self, seed: int) -> int:
        async with self.home.world(self.nursery, seed) as world:
            await world.start()
            made = Storm(world, self.home, Random(seed))  # noqa: S311  any seed can be told
            await made.weather(self._crash)
            return len(made.answers)

    async def _crash(self, storm: Storm) -> None:
        """The database goes at once, stays away for a moment, and recovers; so does the server, unaided."""
        await asyncio.sleep(storm.chance.uniform(*_CALM_SEC))
        await asyncio.to_thread(self.postgres.stop, "immediate")
        try:
            await self._while_away(storm, storm.chance.uniform(*_AWAY_SEC))
        finally:
            self.postgres = await asyncio.to_thread(EmbeddedPostgres.start, self.folder)
        await self._back(storm)

    async def _while_away(self, storm: Storm, sec: float) -> None:
        """Whoever asks is told to come again: `send` takes no other failure than a 503 with its Retry-After."""
        end = time.monotonic() + sec
        while time.monotonic() < end:
            answer = await storm.world.send(Request("GET", "/usage"))
            if answer is None or answer.status != 503:
                raise storm.world.broken(f"without a database it is answered {answer}")
            await asyncio.sleep(_LOOK_SEC)

    async def _back(self, storm: Storm) -> None:
        started = time.monotonic()
        while (answer := await storm.world.send(Request("GET", "/usage"))) is None or answer.status != 200:
            if time.monotonic() - started > BACK_WITHIN_SEC:
                raise storm.world.broken(f"{BACK_WITHIN_SEC} s after the database is back it is answered {answer}")
            await asyncio.sleep(_LOOK_SEC)


@asynccontextmanager
async def _open(_: Ground) -> AsyncIterator[Trial]:
    with tempfile.TemporaryDirectory(prefix="saperly-outages-") as name:
        os.chmod(name, 0o755)  # noqa: S103  an embedded database of root runs under another account
        folder = Path(name) / "data"
        postgres = await asyncio.to_thread(EmbeddedPostgres.start, folder)
        outages: Outages | None = None
        try:
            async with Nursery.open() as nursery, furnished(await _ground(postgres), nursery) as home:
                outages = Outages(nursery, home, postgres, folder)
                yield outages.trial
        finally:
            await asyncio.to_thread((outages.postgres if outages else postgres).stop, "immediate")


async def _ground(postgres: EmbeddedPostgres) -> Ground:
    conn = await asyncpg.connect(postgres.url())
    try:
        await conn.execute(f"create database {_TEMPLATE}")
    finally:
        await conn.close()
    await migrate(postgres.url(_TEMPLATE))
    return Ground(postgres, _TEMPLATE)


DATABASE_CRASHES = Proof(
    name="database-crashes",
    claim="A database that crashes under load costs a pause, and nothing that was acknowledged",
    trial="immediate stop",
    share=1.0,
    open=_open,
)
