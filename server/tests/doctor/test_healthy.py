"""What works is found to be well."""

from __future__ import annotations

from saperly_server.core.db import Database
from saperly_server.doctor import INVARIANTS, examine
from sqlalchemy import text

from .conftest import Month


async def test_a_busy_month_leaves_nothing_to_find(month: Month) -> None:
    async with month.stage.process.services.db.system() as tx:
        assert await examine(tx) == []


async def test_the_month_was_busy_enough_to_mean_something(month: Month) -> None:
    async with month.stage.process.services.db.system() as tx:
        calls = {row.status for row in await tx.all(text("select distinct status from calls"))}
        messages = {row.status for row in await tx.all(text("select distinct status from messages"))}
        entries = {row.entry_type for row in await tx.all(text("select distinct entry_type from ledger_entries"))}
        rents = await tx.scalar(text("select count(*) from ledger_entries where cause like 'rent:%'"))
        lifted = await tx.scalar(text("select count(*) from suppressions where lifted_at is not null"))
        capped = await tx.scalar(text("select count(*) from key_spend s join api_keys k on k.id = s.key_id "
                                      "where k.limit_cents is not null and settled_cents > 0"))  # fmt: skip
    assert calls >= {"completed", "no_answer", "failed"}
    assert messages >= {"delivered", "undelivered", "failed", "received"}
    assert entries >= {"reserve", "settle", "release", "topup", "charge"}
    assert (rents, lifted, capped) == (4, 1, 2)


async def test_an_empty_database_is_well(db: Database) -> None:
    async with db.system() as tx:
        assert await examine(tx) == []


async def test_every_invariant_has_an_id_of_its_own() -> None:
    assert len(set(INVARIANTS)) == len(INVARIANTS) >= 27


async def test_a_tenant_is_told_of_its_own_workspace_only(month: Month) -> None:
    stranger = "update accounts set available_cents = available_cents + 1"
    async with month.broken_by(stranger, "select set_config('saperly.workspace_id', 'ws_other', true)") as tx:
        await tx.run(text("select set_config('role', 'saperly_app', true)"))
        assert await examine(tx) == []
