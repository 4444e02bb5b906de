"""The proof that a key never can do more than its parent, and a dead one nothing.

A trial is a sequence of 30 things that happen to the keys of a workspace: minting below another key (with less, as much, or
more than that has), edits by an operator's hand, rotation, revocation, expiry, spending. After each the server's answers
are compared with a lattice of plain sets and with reference books; every secret ever handed out is tried; and the doctor
examines the workspace. A sequence is one transaction that is taken back at its end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saperly_server.gate import Gate
from saperly_server.identity import KeyRing
from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground
from saperly_server.verify.ledger.books import Books
from saperly_server.verify.ledger.comparison import compare
from saperly_server.verify.ledger.desk import Calendar, Desk, desk_engine
from saperly_server.verify.ledger.premises import ENVIRONMENTS, premises
from saperly_server.verify.ledger.reading import Reading, read

from .judgement import caps_within_parents, let_in, nothing_by_the_dead, nowhere_in_the_clear
from .lattice import Lattice
from .registrar import Registrar

LENGTH = 30
_CHECKS = ("K-1", "K-2", "L-4", "L-8")
_TRIES = 0.5
"""How often a dead key is tried at the gate, besides being kept out."""
_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)


async def _live(engine: AsyncEngine, seed: int) -> int:
    random, clock = Random(seed), Calendar(_START)  # noqa: S311  any seed can be told
    async with engine.connect() as conn, Desk.opened(conn, clock) as desk:
        registrar = await _registrar(desk, clock, random)
        try:
            last = await _judge(registrar, None, changed=True)
            for _ in range(LENGTH):
                last = await _judge(registrar, last, changed=await registrar.step())
            await nowhere_in_the_clear(registrar)
        except (Broken, DBAPIError, asyncpg.PostgresError, LookupError, ValueError) as problem:
            raise Broken(f"{problem!s}\n  after: " + "\n         ".join(registrar.story)) from problem
    return LENGTH


async def _registrar(desk: Desk, clock: Calendar, random: Random) -> Registrar:
    """A workspace with a root key in each environment."""
    async with desk.system() as tx:
        home = await premises(tx, [], _START)
    books = {environment: Books() for environment in ENVIRONMENTS}
    gate = Gate(desk, owner="proc_proof", consent_policy="strict")
    registrar = Registrar(desk, clock, home, gate, KeyRing(desk), random, Lattice(), books)
    for environment in ENVIRONMENTS:
        await registrar.root(environment)
    return registrar


async def _judge(registrar: Registrar, before: Reading | None, *, changed: bool) -> Reading:
    """`changed`: there was something that could change who is let in, and as what."""
    if changed:
        registrar.inside = await let_in(registrar)
        registrar.callers |= registrar.inside
    now = await read(registrar.desk.driver, registrar.home.workspace_id)
    compare(now, before or now, registrar.books, registrar.ids)
    caps_within_parents(registrar, now)
    if registrar.random.random() < _TRIES:
        await nothing_by_the_dead(registrar)
    return now


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async with ground.database() as dsn, desk_engine(dsn, _CHECKS) as engine:
        yield lambda seed: _live(engine, seed)


LATTICES = Proof(
    name="key-lattices",
    claim="No key can do more than its parent, and a dead key nothing, after any sequence of changes",
    trial=f"sequence of {LENGTH} changes to keys",
    share=1.0,
    open=_open,
)
