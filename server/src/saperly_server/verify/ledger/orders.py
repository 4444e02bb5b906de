"""The proof that whatever happens at once could have happened one after the other.

A trial is a small crowd, at most six operations on one account from several servers, with results noted down to the cent
and the instants at which each began and ended. Some order of them, in which none comes before one that had ended when it
began, must give the same results and the same books in the reference (linearizability, by search over all orders).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError

from saperly_server import ledger
from saperly_server.core.db import Tx
from saperly_server.doctor import MONEY
from saperly_server.gate import Admitted
from saperly_server.ledger import InsufficientFunds, SpendLimitExceeded
from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground

from .books import Books, Key, Refusal
from .comparison import compare
from .desk import Calendar
from .premises import Premises, premises
from .reading import Reading, prepare, read
from .rush import Servers

_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
_MONTH = f"{_START:%Y-%m}"
_KEYS = (Key(None, False, (0,)), Key(30, True, (0, 1)), Key(20, False, (0, 1, 2)))
_BALANCE = 40
_MOST = 6


@dataclass(frozen=True, slots=True)
class _Deed:
    """One operation that was done: how the reference does it, what came of it, and when it began and ended."""

    name: str
    again: Callable[[Books], Any]
    result: Any
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class _Scene:
    servers: Servers
    home: Premises
    random: Random
    holds: tuple[str, ...]
    """Two that are open when everybody begins."""

    async def deed(self) -> _Deed:
        """Something random, after a random moment."""
        name, work, again = self._chosen()
        for _ in range(self.random.choice((0, 0, 0, 5, 40))):
            await asyncio.sleep(0)
        began = time.perf_counter_ns()
        result = await work()
        return _Deed(name, again, result, began, time.perf_counter_ns())

    def _chosen(self) -> tuple[str, Callable[[], Awaitable[Any]], Callable[[Books], Any]]:
        kind = self.random.choice(("reserve", "reserve", "reserve", "settle", "release", "extend", "pay", "charge"))
        cents, hold = self.random.choice((5, 10, 15, 21)), self.random.choice(self.holds)
        tenant, workspace = self.home.tenant("live"), self.home.workspace_id
        name = f"{kind} {cents} {hold[-4:]}"
        match kind:
            case "reserve":
                return self._reserve(self.random.randrange(len(_KEYS)), cents)
            case "settle":
                return name, self._closed(lambda tx: ledger.settle(tx, workspace, hold, cents)), _close(hold, cents)
            case "release":
                return name, self._closed(lambda tx: ledger.release(tx, workspace, hold)), _close(hold, None)
            case "extend":
                work = self._done(lambda tx: ledger.extend(tx, workspace, hold, cents))
                return name, work, lambda books: books.extend(hold, cents)
            case "pay":
                work = self._done(lambda tx: ledger.top_up(tx, tenant, cents, "once"))
                return name, work, lambda books: books.move("topup", cents, "card_in", "once")
        work = self._done(lambda tx: ledger.charge(tx, tenant, cents, "num_x", "rent:num_x:once"))
        return name, work, lambda books: books.move("charge", -cents, "revenue", "rent")

    def _reserve(self, key: int, cents: int) -> tuple[str, Callable[[], Awaitable[Any]], Callable[[Books], Any]]:
        intent = self.home.text("live", key, cents)
        gate = self.random.choice(self.servers.gates)

        async def work() -> Any:
            try:
                return "admitted" if isinstance(await gate.admit(intent), Admitted) else "repeated"
            except (InsufficientFunds, SpendLimitExceeded) as refused:
                return Refusal(refused.tag, dict(refused.facts))

        again = lambda books: books.hold(intent.hold_id, key, cents, _MONTH) or "admitted"  # noqa: E731
        return f"reserve {cents} by key {key}", work, again

    def _done(self, work: Callable[[Tx], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        db = self.random.choice(self.servers.databases)

        async def done() -> Any:
            async with db.system() as tx:
                return await work(tx)

        return done

    def _closed(self, work: Callable[[Tx], Awaitable[ledger.Closed]]) -> Callable[[], Awaitable[Any]]:
        done = self._done(work)

        async def closed() -> tuple[str, int, int]:
            one = await done()
            return one.state, one.settled_cents, one.held_cents

        return closed


def _close(hold: str, cents: int | None) -> Callable[[Books], Any]:
    return lambda books: books.close(hold, cents)


def _orders(books: Books, left: Sequence[_Deed]) -> Iterator[Books]:
    """The books at the end of every order that gives the results that were given."""
    if not left:
        yield books
    for deed in left:
        others = [other for other in left if other is not deed]
        if any(other.ended < deed.began for other in others):
            continue
        then = deepcopy(books)
        if deed.again(then) == deed.result:
            yield from _orders(then, others)


async def _at_once(servers: Servers, reader: asyncpg.Connection, seed: int) -> int:
    random = Random(seed)  # noqa: S311  any seed can be told
    scene, books = await _scene(servers, random)
    try:
        deeds = await asyncio.gather(*(scene.deed() for _ in range(random.randrange(3, _MOST + 1))))
    except (DBAPIError, asyncpg.PostgresError) as failed:
        raise Broken(f"L-15: one of many at once failed: {failed}") from failed
    now = await read(reader, scene.home.workspace_id)
    if not any(_is(end, now, scene.home) for end in _orders(books, deeds)):
        told = "\n  ".join(f"{deed.name}: {deed.result} ({deed.began} to {deed.ended})" for deed in deeds)
        raise Broken(f"L-15: no order of these gives these results and {now.accounts['live']}:\n  {told}")
    return len(deeds)


def _is(books: Books, now: Reading, home: Premises) -> bool:
    try:
        compare(now, now, {"live": books}, home.keys)
    except Broken:
        return False
    return True


async def _scene(servers: Servers, random: Random) -> tuple[_Scene, Books]:
    """A balance, three keys of which two are capped, and two open holds."""
    books, names = Books(list(_KEYS)), []
    async with servers.databases[0].system() as tx:
        home = await premises(tx, _KEYS, _START)
        await ledger.promote(tx, home.tenant("live"), _BALANCE, "signup")
    books.move("topup", _BALANCE, "promo", "signup")
    for key in (0, 2):
        intent = home.text("live", key, 8)
        await servers.gates[0].admit(intent)
        books.hold(intent.hold_id, key, 8, _MONTH)
        names.append(intent.hold_id)
    return _Scene(servers, home, random, tuple(names)), books


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async with ground.database() as dsn, Servers.opened(dsn, Calendar(_START)) as servers:
        reader = await asyncpg.connect(dsn)
        try:
            await prepare(reader, MONEY)
            yield lambda seed: _at_once(servers, reader, seed)
        finally:
            await reader.close()


ORDERS = Proof(
    name="ledger-orders",
    claim="Whatever happens to money at once could have happened one after the other",
    trial=f"at most {_MOST} operations at once",
    share=0.5,
    open=_open,
)
