"""Lists for a key that may use some numbers only: the same rows in the same order as if the others were not there."""

from __future__ import annotations

from saperly_server import compliance
from saperly_server.compliance import ConsentType
from saperly_server.core.db import Database
from saperly_server.core.pagination import Page

from ..customers import Customer

NUMBERS = ("num_a", "num_b", "num_c")


async def _grant(db: Database, customer: Customer, count: int) -> None:
    async with db.system() as tx:
        for place in range(count):
            number, peer = NUMBERS[place % len(NUMBERS)], f"+1555555{place:04d}"
            await compliance.grant(tx, customer.tenant, number, peer, ConsentType.EXPLICIT_OUTBOUND, "test", "system")


async def _walk(db: Database, customer: Customer, numbers: frozenset[str] | None, limit: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    cursor = None
    while True:
        async with db.tenant(customer.tenant) as tx:
            rows = await compliance.list_consents(tx, Page(limit, cursor), numbers)
        found += [(row.number_id, row.id) for row in rows]
        if len(rows) < limit:
            return found
        cursor = rows[-1].id


async def test_some_numbers_pages_are_all_numbers_pages_without_the_others(db: Database, customer: Customer) -> None:
    await _grant(db, customer, 20)
    everything = await _walk(db, customer, None, 1000)
    assert len(everything) == 20
    for allowed in (frozenset(NUMBERS[:2]), frozenset(NUMBERS[2:]), frozenset(NUMBERS), frozenset({"num_none"})):
        for limit in (1, 3, 4, 100):
            assert await _walk(db, customer, allowed, limit) == [row for row in everything if row[0] in allowed]


async def test_no_number_allowed_is_an_empty_list(db: Database, customer: Customer) -> None:
    await _grant(db, customer, 3)
    assert await _walk(db, customer, frozenset(), 10) == []
