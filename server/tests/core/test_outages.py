"""What the database can raise, and whether asking again helps."""

from __future__ import annotations

import asyncpg
import pytest
from saperly_server.core.batch import Folded
from saperly_server.core.db import DATABASE_FAILURES, Database, again, is_outage
from sqlalchemy import text

RAISE = "do $$ begin raise exception 'x' using errcode = '{state}'; end $$"


@pytest.mark.parametrize(("state", "helps"), [("40001", True), ("40P01", True), ("23505", False), ("P0001", False)])
async def test_a_transaction_that_the_database_gave_up_may_be_tried_again(
    db: Database, state: str, helps: bool
) -> None:
    with pytest.raises(DATABASE_FAILURES) as failed:
        async with db.system() as tx:
            await tx.run(text(RAISE.format(state=state)))
    assert is_outage(failed.value) is helps


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_the_same_holds_past_the_transactions(db: Database, state: str) -> None:
    with pytest.raises(DATABASE_FAILURES) as failed:
        async with db.raw() as conn:
            await conn.execute(RAISE.format(state=state))
    assert is_outage(failed.value)


_GIVEN_UP_AT_FIRST = """
    create sequence tries;
    create function given_up_at_first(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
    begin
        if nextval('tries') <= {times} then raise exception 'x' using errcode = '{state}'; end if;
        return p_items;
    end $$;
    grant usage on sequence tries to saperly_system;
"""


async def _make_it_fail(dsn: str, state: str, times: int) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.execute(_GIVEN_UP_AT_FIRST.format(state=state, times=times))
    await conn.close()


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_what_the_database_gave_up_is_done_again_without_anybody_noticing(
    dsn: str, db: Database, state: str
) -> None:
    await _make_it_fail(dsn, state, 2)
    assert await Folded(db, "given_up_at_first")("item") == "item"


async def test_so_is_a_whole_transaction(dsn: str, db: Database) -> None:
    await _make_it_fail(dsn, "40001", 2)

    async def work() -> str:
        async with db.system() as tx:
            return str(await tx.scalar(text("select given_up_at_first('1', now())")))

    assert await again(work) == "1"


@pytest.mark.parametrize(("state", "tries"), [("40P01", 3), ("23505", 1)])
async def test_but_not_for_ever_and_not_after_a_mistake(dsn: str, db: Database, state: str, tries: int) -> None:
    await _make_it_fail(dsn, state, 1_000)
    with pytest.raises(asyncpg.PostgresError):
        await Folded(db, "given_up_at_first")("item")
    async with db.raw() as conn:
        assert await conn.fetchval("select nextval('tries')") == tries + 1
