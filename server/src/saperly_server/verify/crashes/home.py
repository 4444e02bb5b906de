"""What every trial begins with: a workspace with money, numbers, a connection and consent, made once by the product itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from saperly_server import identity, ledger
from saperly_server.core.db import Database, Tenant
from saperly_server.identity import ALL, Grant, WorkspaceLimits
from saperly_server.verify.ground import Ground

from .haste import Epoch, HastyClock
from .nursery import Nursery
from .world import Request, World, world

PEER = "+15555550123"
"""A person who answers after two seconds and listens; texts arrive."""
REPEATS = "+15005551010"
"""A person who says again whatever is said."""
START_CENTS = 100_000
_FURNISHING = -1
_LINES = ("line", "spare")


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything is. `line` is a number with a handler, `spare` one without."""

    ground: Ground
    secret: str
    workspace_id: str
    connection: str
    line: str
    spare: str
    rented: tuple[str, ...]
    balance_cents: int

    @asynccontextmanager
    async def world(self, nursery: Nursery, seed: int) -> AsyncIterator[World]:
        """A copy of all this, with a network that knows the numbers, and no server yet."""
        epoch = Epoch.in_days(1)
        async with self.ground.database() as dsn, world(nursery, dsn, self.secret, seed, self.rented, epoch) as made:
            yield made


@asynccontextmanager
async def furnished(ground: Ground, nursery: Nursery) -> AsyncIterator[Home]:
    """Make it, and keep it as the template of the trials' databases."""
    async with ground.database() as dsn:
        secret, workspace_id = await _workspace(dsn)
        async with world(nursery, dsn, secret, _FURNISHING, (), Epoch.in_days(0)) as made:
            await made.start()
            lines = {name: await made.expect(Request("POST", "/numbers", {"areaCode": "415"})) for name in _LINES}
            connection = (await made.expect(Request("POST", "/connections", {"name": "support"})))["id"]
            await made.expect(
                Request("POST", f"/numbers/{lines['line']['id']}/connection", {"connectionId": connection})
            )
            for peer in (PEER, REPEATS):
                await made.expect(_consent(lines["line"]["id"], peer))
            balance = (await made.expect(Request("GET", "/usage")))["balanceCents"]
            await made.kill()
        await _leave(ground, dsn)
        copies = Ground(ground.postgres, dsn.partition("?")[0].rsplit("/", 1)[1])
        rented = tuple(sorted(line["phoneNumber"] for line in lines.values()))
        ids = {name: line["id"] for name, line in lines.items()}
        yield Home(copies, secret, workspace_id, connection, rented=rented, balance_cents=balance, **ids)


def _consent(number_id: str, peer: str) -> Request:
    pair = {"numberId": number_id, "peerNumber": peer}
    return Request("POST", "/consent", {**pair, "consentType": "explicit_outbound", "source": "form"})


async def _workspace(dsn: str) -> tuple[str, str]:
    """A root key with every scope, and whose it is."""
    db = Database(dsn, HastyClock(Epoch.in_days(0)))
    try:
        async with db.system() as tx:
            made = await identity.create_workspace(tx, "Acme", "acme", WorkspaceLimits(["US"], 25, 100))
            for environment in ("live", "test"):
                await ledger.open_account(tx, Tenant(made.id, environment))
            tenant = Tenant(made.id, "live")
            await ledger.promote(tx, tenant, START_CENTS, "signup")
            minted = await identity.mint_root(tx, tenant, "root", Grant(ALL), "system")
    finally:
        await db.close()
    return minted.plaintext, made.id


async def _leave(ground: Ground, dsn: str) -> None:
    """A database can only be copied when nobody is in it; a killed server's sessions end within moments."""
    name = dsn.partition("?")[0].rsplit("/", 1)[1]
    conn = await asyncpg.connect(ground.postgres.url("postgres"))
    try:
        sessions = "select count(*) from pg_stat_activity where datname = $1"
        while await conn.fetchval(sessions, name):  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.01)
    finally:
        await conn.close()
