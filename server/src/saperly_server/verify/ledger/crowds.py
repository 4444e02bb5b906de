"""The proof that a crowd spends exactly what there is.

A trial is 5,000 reservations with 96 in flight at several servers' gates, in one of four mixes (nothing else; settled;
released; everything at once with payments, repetitions and races of two closes for one hold), either on one balance or on
a chain of three capped keys. Afterwards every answer that was given is compared with the tables, and the list of moves is
read again from its first: at no place is anything below zero or a cap passed; and where nothing was given back, nobody was
refused who would still fit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random

import asyncpg
from sqlalchemy.exc import DBAPIError

from saperly_server import audit, ledger
from saperly_server.doctor import MONEY
from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground

from .aftermath import judge
from .books import Key
from .desk import Calendar
from .premises import premises
from .reading import prepare, read
from .rush import Rush, Servers

SIZE = 5_000
_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
_CENTS = 7

Visit = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the crowd meets: how much there is, and the keys that its people hold in turn."""

    name: str
    balance: int
    keys: tuple[Key, ...]
    spenders: tuple[int, ...]


_ONE_BALANCE = _Place("one balance", SIZE * _CENTS // 5 + 3, (Key(None, False, (0,)),), (0,))
_CAP_CHAIN = _Place(
    "a chain of three caps",
    SIZE * _CENTS,
    (
        Key(SIZE * _CENTS // 4 + 1, True, (0,)),
        Key(SIZE * _CENTS // 5 + 2, False, (0, 1)),
        Key(SIZE * _CENTS // 7 + 3, True, (0, 1, 2)),
    ),
    (2, 1, 2, 0),
)


async def _only_reserve(rush: Rush, key: int, visitor: int) -> None:
    await rush.reserve(key, _CENTS)


async def _settle(rush: Rush, key: int, visitor: int) -> None:
    hold = await rush.reserve(key, _CENTS)
    if hold is not None:
        await rush.settle(hold, visitor % (_CENTS + 2))


async def _release(rush: Rush, key: int, visitor: int) -> None:
    hold = await rush.reserve(key, _CENTS)
    if hold is not None and visitor % 3:
        await rush.release(hold)


async def _everything(rush: Rush, key: int, visitor: int) -> None:
    """Amounts of all sizes; whoever is admitted does one of many things with the hold, alone or in a race."""
    cents = 1 + visitor * 31 % 40
    hold = await rush.reserve(key, cents, twice=visitor % 5 == 0)
    if hold is not None:
        await _one_of_many(rush, hold, cents, visitor)
    elif visitor % 9 == 0:
        await _both(rush.pay(f"p{visitor // 100}", 200), rush.pay(f"p{visitor // 100}", 200))
    elif visitor % 9 == 1:
        await rush.charge(3, f"r{visitor // 50}")


async def _one_of_many(rush: Rush, hold: str, cents: int, visitor: int) -> None:
    match visitor % 8:
        case 0 | 1:
            await rush.settle(hold, cents // 2)
        case 2:
            await _both(rush.settle(hold, cents), rush.release(hold))
        case 3:
            await _both(rush.extend(hold, cents + 9), rush.settle(hold, cents + 5))
        case 4 | 5:
            await rush.release(hold)


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    await asyncio.gather(one, other)


_MIXES = {"reserve": _only_reserve, "reserve and settle": _settle, "reserve and release": _release, "all": _everything}
_TRIALS = [(place, mix) for place in (_ONE_BALANCE, _CAP_CHAIN) for mix in _MIXES]
KINDS = len(_TRIALS)
"""So many seeds in a row are one of each."""


async def _meet(dsn: str, seed: int) -> int:
    place, mix = _TRIALS[seed % KINDS]
    try:
        async with Servers.opened(dsn, Calendar(_START)) as servers:
            rush = await _begin(servers, place, Random(seed))  # noqa: S311  any seed can be told
            visits = [
                partial(_MIXES[mix], rush, place.spenders[visitor % len(place.spenders)], visitor)
                for visitor in range(SIZE)
            ]
            rush.random.shuffle(visits)
            await rush.all_at_once(visits)
            await _look_back(dsn, rush, place, given_back=mix != "reserve")
    except (Broken, DBAPIError, asyncpg.PostgresError) as problem:
        raise Broken(f"{mix}, {place.name}: {problem}") from problem
    return SIZE


async def _begin(servers: Servers, place: _Place, random: Random) -> Rush:
    async with servers.databases[0].system() as tx:
        home = await premises(tx, place.keys, _START)
        await ledger.promote(tx, home.tenant("live"), place.balance, "signup")
    return Rush(servers, home, list(place.keys), random)


async def _look_back(dsn: str, rush: Rush, place: _Place, *, given_back: bool) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await prepare(conn, MONEY)
        judge(rush, await read(conn, rush.home.workspace_id), place.balance, given_back=given_back)
    finally:
        await conn.close()
    async with rush.servers.databases[0].system() as tx:
        report = await audit.verify(tx, rush.home.workspace_id)
    if report.problem is not None:
        raise Broken(f"A-1: the audit trail is broken at {report.broken_at}: {report.problem}.")


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async with ground.database() as dsn:
        yield lambda seed: _meet(dsn, seed)


CROWDS = Proof(
    name="ledger-crowds",
    claim="A crowd spends what there is to the last cent, and nothing twice",
    trial=f"crowd of {SIZE:,} reservations",
    share=1.0,
    open=_open,
)
