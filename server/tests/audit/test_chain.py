"""The audit trail: complete, in order, and no byte of it can be changed unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from saperly_server import audit
from saperly_server.core.db import Database

from ..conftest import Customer


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """The tables' owner, with the guard against changes taken off: the only one who could tamper."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("alter table audit_events disable trigger append_only")
    yield conn
    await conn.close()


async def _fill(db: Database, customer: Customer, rows: int = 5) -> None:
    async with db.system() as tx:
        for place in range(rows):
            await audit.record(tx, customer.tenant, "system", "test.event", "thing", f"t_{place}", {"n": place})


async def _report(db: Database, customer: Customer) -> audit.ChainReport:
    async with db.system() as tx:
        return await audit.verify(tx, customer.tenant.workspace_id)


async def test_an_untouched_trail_holds_from_its_first_row_to_its_last(db: Database, customer: Customer) -> None:
    await _fill(db, customer)
    report = await _report(db, customer)
    assert report.broken_at is None
    assert report.verified >= 5


@pytest.mark.parametrize(
    "change",
    [
        "id = id || 'x'",
        "environment = 'test'",
        "event_type = 'test.other'",
        "target_type = 'other'",
        "target_id = 't_99'",
        "actor = 'somebody'",
        "data = '{\"n\": 99}'",
        "created_at = created_at + interval '1 microsecond'",
        "hash = set_byte(hash, 0, (get_byte(hash, 0) + 1) % 256)",
    ],
)
async def test_a_flipped_byte_in_any_column_is_found_at_its_row(
    db: Database, customer: Customer, owner: asyncpg.Connection, change: str
) -> None:
    await _fill(db, customer)
    seq = await owner.fetchval("select seq from audit_events where target_id = 't_2'")
    await owner.execute(f"update audit_events set {change} where seq = $1", seq)
    assert (await _report(db, customer)).broken_at == seq


async def test_a_row_taken_out_is_found(db: Database, customer: Customer, owner: asyncpg.Connection) -> None:
    await _fill(db, customer)
    seq = await owner.fetchval("delete from audit_events where target_id = 't_2' returning seq")
    assert (await _report(db, customer)).broken_at == seq + 1


async def test_two_rows_swapped_are_found(db: Database, customer: Customer, owner: asyncpg.Connection) -> None:
    await _fill(db, customer)
    first = await owner.fetchval("select seq from audit_events where target_id = 't_1'")
    await owner.execute("update audit_events set seq = -1 where seq = $1", first)
    await owner.execute("update audit_events set seq = $1 where seq = $1 + 1", first)
    await owner.execute("update audit_events set seq = $1 + 1 where seq = -1", first)
    assert (await _report(db, customer)).broken_at == first


async def test_a_tail_that_was_cut_off_is_missed(db: Database, customer: Customer, owner: asyncpg.Connection) -> None:
    await _fill(db, customer)
    await owner.execute("delete from audit_events where target_id in ('t_3', 't_4')")
    report = await _report(db, customer)
    assert report.problem == "the last rows of the trail are missing"


async def test_nobody_can_change_or_remove_a_row_not_even_the_owner(db: Database, customer: Customer, dsn: str) -> None:
    await _fill(db, customer)
    conn = await asyncpg.connect(dsn)
    try:
        for statement in (
            "update audit_events set actor = 'x'",
            "delete from audit_events",
            "truncate audit_events",
            "update ledger_entries set available_delta = 0",
            "delete from ledger_entries",
            "delete from events",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement)
    finally:
        await conn.close()


async def test_what_is_rolled_back_leaves_no_trace_in_the_trail(db: Database, customer: Customer) -> None:
    before = (await _report(db, customer)).verified
    with pytest.raises(RuntimeError):
        async with db.tenant(customer.tenant) as tx:
            await audit.record(tx, customer.tenant, "system", "test.event", "thing", "t", {})
            raise RuntimeError
    assert (await _report(db, customer)).verified == before
