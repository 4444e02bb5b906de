"""Every history of moves leaves the books as plain arithmetic says: after each step, not only at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saperly_server import ledger
from saperly_server.core.db import Tx
from saperly_server.core.ids import new_id
from saperly_server.identity import Caller
from sqlalchemy import text

from ..customers import Customer
from .bank import MONEY, Bank
from .books import Books, Entry, Key

CENTS = st.integers(0, 250)
CAUSE = st.sampled_from("abc")
HOLD = st.integers(0, 7)
KEY = st.none() | st.integers(0, 3)

STEP = st.one_of(
    st.tuples(st.just("hold"), KEY, CENTS),
    st.tuples(st.just("hold"), KEY, CENTS),
    st.tuples(st.just("extend"), HOLD, CENTS),
    st.tuples(st.just("settle"), HOLD, CENTS),
    st.tuples(st.just("settle_in_full"), HOLD),
    st.tuples(st.just("release"), HOLD),
    st.tuples(st.just("top_up"), CAUSE, CENTS),
    st.tuples(st.just("promote"), CAUSE, CENTS),
    st.tuples(st.just("adjust"), CAUSE, st.integers(-250, 250)),
    st.tuples(st.just("charge"), CAUSE, CENTS),
    st.tuples(st.just("days_pass"), st.integers(1, 40)),
)
CAP = st.none() | st.tuples(st.integers(1, 400), st.booleans())
HISTORY = st.lists(STEP, min_size=1, max_size=16)


class Teller:
    """Does each step in the database and in the model, and compares what both answer and what both are afterwards."""

    def __init__(self, bank: Bank, customer: Customer, paths: list[list[str]], books: Books) -> None:
        self._bank, self._tenant = bank, customer.tenant
        self._paths, self._books = paths, books
        self._seen: list[Entry] = []

    async def do(self, step: tuple[Any, ...]) -> None:
        await getattr(self, f"_{step[0]}")(*step[1:])
        await self._compare()

    async def _hold(self, key: int | None, cents: int) -> None:
        name, path = new_id("hold"), self._paths[key] if key is not None else []
        refusal = await self._write(
            lambda tx: tx.call(
                "ledger_hold",
                workspace_id=self._tenant.workspace_id,
                environment=self._tenant.environment,
                hold_id=name,
                purpose="call",
                resource_id=new_id("call"),
                key_id=path[-1] if path else None,
                amount=cents,
                now=tx.now,
            )
        )
        expected = self._books.hold(name, key, cents, f"{self._bank.watch.at:%Y-%m}")
        assert (refusal and refusal["tag"]) == expected

    async def _extend(self, which: int, cents: int) -> None:
        name = self._name(which)
        if name is not None:
            extended = await self._write(lambda tx: ledger.extend(tx, self._tenant.workspace_id, name, cents))
            assert extended == self._books.extend(name, cents)

    async def _settle(self, which: int, cents: int) -> None:
        await self._close(which, cents, lambda tx, name: ledger.settle(tx, self._tenant.workspace_id, name, cents))

    async def _settle_in_full(self, which: int) -> None:
        await self._close(which, 2**40, lambda tx, name: ledger.settle_in_full(tx, self._tenant.workspace_id, name))

    async def _release(self, which: int) -> None:
        await self._close(which, None, lambda tx, name: ledger.release(tx, self._tenant.workspace_id, name))

    async def _close(self, which: int, cents: int | None, close: Callable[[Tx, str], Awaitable[ledger.Closed]]) -> None:
        name = self._name(which)
        if name is not None:
            closed = await self._write(lambda tx: close(tx, name))
            assert (closed.state, closed.settled_cents, closed.held_cents) == self._books.close(name, cents)

    async def _top_up(self, cause: str, cents: int) -> None:
        moved = await self._write(lambda tx: ledger.top_up(tx, self._tenant, cents, cause))
        assert moved == self._books.move("topup", cents, "card_in", f"payment:{cause}")

    async def _promote(self, cause: str, cents: int) -> None:
        moved = await self._write(lambda tx: ledger.promote(tx, self._tenant, cents, cause))
        assert moved == self._books.move("topup", cents, "promo", f"promo:{cause}")

    async def _adjust(self, cause: str, cents: int) -> None:
        moved = await self._write(lambda tx: ledger.adjust(tx, self._tenant, cents, cause))
        assert moved == self._books.move("adjust", cents, "adjustments", f"adjust:{cause}")

    async def _charge(self, cause: str, cents: int) -> None:
        moved = await self._write(lambda tx: ledger.charge(tx, self._tenant, cents, "num_1", f"rent:{cause}"))
        assert moved == self._books.move("charge", -cents, "revenue", f"rent:{cause}")

    async def _days_pass(self, days: int) -> None:
        self._bank.watch.pass_by(days=days)

    def _name(self, which: int) -> str | None:
        names = list(self._books.holds)
        return names[which % len(names)] if names else None

    async def _write(self, work: Callable[[Tx], Awaitable[Any]]) -> Any:
        return await self._bank.in_system(work)

    async def _compare(self) -> None:
        async with self._bank.db.tenant(self._tenant) as tx:
            found = await ledger.balance(tx, self._tenant)
            rows = await tx.all(text("select * from ledger_entries where environment = 'live' order by seq"))
        assert (found.available_cents, found.held_cents) == (self._books.available, self._books.held)
        entries = [
            Entry(
                row.entry_type,
                row.available_delta,
                row.held_delta,
                row.contra_delta,
                row.contra_account,
                row.available_after,
                row.held_after,
            )
            for row in rows
        ]
        assert entries == self._books.entries
        assert entries[: len(self._seen)] == self._seen, "what was once read has changed"
        self._seen = entries
        assert await self._bank.examine(self._tenant, MONEY) == []


async def _live_through(bank: Bank, caps: list[tuple[int, bool] | None], history: list[tuple[Any, ...]]) -> None:
    """Four keys: a root with two levels below it, and a sibling."""
    customer = await bank.customer(cents=0)
    books = Books([Key(None, False, (0,))])
    callers = [customer.caller]
    for parent, cap in zip((0, 1, 0), caps, strict=True):
        callers.append(await bank.key(callers[parent]))
        path = (*books.keys[parent].path, len(books.keys))
        books.keys.append(Key(cap[0] if cap else None, bool(cap and cap[1]), path))
    for caller, cap in zip(callers[1:], caps, strict=True):
        await _put_cap(bank, caller, cap)
    teller = Teller(bank, customer, [list(caller.path) for caller in callers], books)
    await teller.do(("top_up", "start", 300))
    for step in history:
        await teller.do(step)


async def _put_cap(bank: Bank, key: Caller, cap: tuple[int, bool] | None) -> None:
    """Straight into the table: caps here need not fit the parent's, the ledger checks every one by itself."""
    if cap is not None:
        values = {"cents": cap[0], "reset": "monthly" if cap[1] else None, "id": key.key_id}
        change = text("update api_keys set limit_cents = :cents, limit_reset = :reset where id = :id")
        await bank.in_system(lambda tx: tx.run(change, values))


@settings(max_examples=40, deadline=None)
@given(caps=st.lists(CAP, min_size=3, max_size=3), history=HISTORY)
async def test_the_books_are_right_after_every_step_of_any_history(
    bank: Bank, caps: list[Any], history: list[Any]
) -> None:
    await _live_through(bank, caps, history)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(caps=st.lists(CAP, min_size=3, max_size=3), history=st.lists(STEP, min_size=10, max_size=60))
async def test_the_books_are_right_after_every_step_of_a_long_history(
    bank: Bank, caps: list[Any], history: list[Any]
) -> None:
    await _live_through(bank, caps, history)
