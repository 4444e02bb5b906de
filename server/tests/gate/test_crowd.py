"""Writers of every kind at once: nobody waits for anybody in a circle, and the books are right afterwards."""

from __future__ import annotations

from collections import Counter

import asyncpg
from saperly_server.doctor import INVARIANTS, examine
from sqlalchemy import text

from ..ledger.bank import run_as_owner
from . import crowd as one
from .crowd import Writer, crowd

EVERYTHING: list[Writer] = [
    *[one.text] * 10,
    *[one.consent] * 6,
    *[one.hear_from] * 6,
    *[one.call] * 3,
    *[one.hang_up] * 2,
    *[one.bind] * 5,
    *[one.give_back, one.buy, one.buy, one.sweep, one.sweep, one.revoke_consent],
    *[one.mint, one.mint, one.revoke_key, one.connect, one.disconnect],
]

SEEN_SOON = "do $$ begin execute format('alter database %I set deadlock_timeout = 20', current_database()); end $$"


async def _deadlocks(dsn: str) -> int:
    """The server's own count; a connection's events are in it once it has been closed."""
    conn = await asyncpg.connect(dsn)
    try:
        return int(await conn.fetchval("select deadlocks from pg_stat_database where datname = current_database()"))
    finally:
        await conn.close()


async def test_no_two_writers_ever_wait_for_each_other(dsn: str) -> None:
    await run_as_owner(dsn, SEEN_SOON)
    async with crowd(dsn, seed=7) as people:
        writers = EVERYTHING * 8
        people.random.shuffle(writers)
        await people.all_at_once(writers, hands=24)
        await people.calm_down()
        async with people.process.services.db.system() as tx:
            # Here rents are months ahead of the releases, so a number may have been charged after its release.
            findings = await examine(tx, set(INVARIANTS) - {"L-14"})
            rents = await tx.scalar(text("select count(*) from ledger_entries where cause like 'rent:%'"))
    statuses = Counter((path.split("/")[1], status) for path, status, _ in people.answers)
    assert findings == []
    assert [answer for answer in people.answers if answer[1] >= 500] == []
    assert statuses["messages", 201] > 20 and statuses["calls", 201] > 5 and rents > 20, "not much of a crowd"
    assert await _deadlocks(dsn) == 0
