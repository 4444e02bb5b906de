"""The proof that the books are right after every step of any history.

A trial is one history of 50 moves in a workspace of its own, made through the gate and the ledger's operations. After each
move the answer, balances, entries, holds and caps' counters are compared with the reference, and the doctor examines the
workspace. A history is one transaction that is taken back at its end, so that thousands fit into minutes: what is committed
when many write at once is the business of the crowds (`crowds.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saperly_server import audit
from saperly_server.doctor import MONEY
from saperly_server.gate import Gate
from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground

from .books import Books
from .comparison import compare, compare_unchanged
from .desk import Calendar, Desk, desk_engine
from .moves import Move, history, keys
from .premises import ENVIRONMENTS, premises
from .reading import Reading, read
from .teller import Teller
from .walk import Walk

LENGTH = 50
_PAGES = 0.1
"""How often somebody turns a page between two moves."""
_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)


@dataclass(slots=True)
class _History:
    """One history under way: who does the moves, who turns the pages meanwhile, what the tables said last."""

    teller: Teller
    walk: Walk
    last: Reading
    random: Random

    async def step(self, move: Move) -> None:
        found, expected = await self.teller.do(move)
        if found != expected:
            raise Broken(f"The answer was {found}; the reference says {expected}.")
        now = await read(self.teller.desk.driver, self.teller.home.workspace_id)
        compare(now, self.last, self.teller.books, self.teller.home.keys)
        if _refused(found):
            compare_unchanged(now, self.last)
        self.last = now
        if self.random.random() < _PAGES:
            await self.walk.go_on([seq for seq, _ in now.places["live"]])


def _refused(answer: object) -> bool:
    """Did nothing happen? A refusal, a repetition; of a crowd, when all of it was refused."""
    return not any(one is True or one == "admitted" or isinstance(one, tuple) for one in _each(answer))


def _each(answer: object) -> list[object]:
    return answer if isinstance(answer, list) else [answer]


async def _live(engine: AsyncEngine, seed: int) -> int:
    random, clock, done = Random(seed), Calendar(_START), list[Move]()  # noqa: S311  any seed can be told
    async with engine.connect() as conn, Desk.opened(conn, clock) as desk:
        try:
            lived = await _begin(desk, clock, random)
            for move in history(random, LENGTH):
                done.append(move)
                await lived.step(move)
            await _end(lived)
        except (Broken, DBAPIError, asyncpg.PostgresError, ValueError) as problem:
            raise Broken(f"{problem}\n  after: " + "\n         ".join(map(str, done))) from problem
    return LENGTH


async def _begin(desk: Desk, clock: Calendar, random: Random) -> _History:
    tree = keys(random)
    async with desk.system() as tx:
        home = await premises(tx, tree, _START)
    gate = Gate(desk, owner="proc_proof", consent_policy="strict")
    books = {environment: Books(tree if environment == "live" else []) for environment in ENVIRONMENTS}
    last = await read(desk.driver, home.workspace_id)
    return _History(Teller(desk, gate, clock, home, books), Walk(desk, home.tenant("live"), random), last, random)


async def _end(lived: _History) -> None:
    """The list is walked to its end, and the audit trail's hashes chain every move that was made."""
    while lived.walk.walking:
        await lived.walk.go_on([])
    async with lived.teller.desk.system() as tx:
        report = await audit.verify(tx, lived.teller.home.workspace_id)
    if report.problem is not None:
        raise Broken(f"A-1: the audit trail is broken at {report.broken_at}: {report.problem}.")


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async with ground.database() as dsn, desk_engine(dsn, MONEY) as engine:
        yield lambda seed: _live(engine, seed)


HISTORIES = Proof(
    name="ledger-histories",
    claim="After every step of any history the books are what plain arithmetic says",
    trial=f"history of {LENGTH} moves",
    share=1.0,
    open=_open,
)
