"""What the database can raise, and whether asking again helps."""

from __future__ import annotations

import pytest
from saperly_server.core.db import DATABASE_FAILURES, Database, is_outage
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
