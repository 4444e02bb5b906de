"""Doing a move, in the database and in the reference."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from saperly_server import ledger
from saperly_server.core.errors import SaperlyError
from saperly_server.gate import Admitted, Gate, Intent, Repeated
from saperly_server.idempotency import Scope, scope_of

from .books import Books, Refusal
from .desk import Calendar, Desk
from .moves import Move
from .premises import Premises

Answers = tuple[Any, Any]
"""What the server answered, and what the reference did: the same, if all is well."""


@dataclass(slots=True)
class Teller:
    """One workspace's accounts (`books` by environment), and the gate that serves it."""

    desk: Desk
    gate: Gate
    clock: Calendar
    home: Premises
    books: dict[str, Books]
    asked: list[tuple[int, str, Intent]] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=count)

    async def do(self, move: Move) -> Answers:
        """Both answers. A refusal is an answer; anything unexpected is raised."""
        answers: Answers = await getattr(self, f"_{move.kind}")(move, self.books[move.environment])
        return answers

    async def _reserve(self, move: Move, books: Books) -> Answers:
        move = self._priced(move, books)
        intent = self._intent(move)
        found = await self._asked(intent)
        return found, self._expected(move, intent)

    async def _crowd(self, move: Move, books: Books) -> Answers:
        """Several ask at the same instant, so that the gate decides about them in one call: in an order of its own, but in
        some order."""
        wanted = [self._priced(part, self.books[part.environment]) for part in move.parts]
        intents = [self._intent(part) for part in wanted]
        found = await asyncio.gather(*(self._asked(intent) for intent in intents))
        moves = dict(zip((intent.hold_id for intent in intents), zip(wanted, intents, strict=True), strict=True))
        answers = dict(zip(moves, found, strict=True))
        expected = self._in_order(moves, answers, await self._order(list(moves)))
        return found, [expected[hold] for hold in answers]

    async def _order(self, holds: list[str]) -> list[str]:
        """The holds that were made, as the entries tell which came first."""
        statement = "select hold_id from ledger_entries where workspace_id = $1 and hold_id = any($2) order by seq"
        rows = await self.desk.driver.fetch(statement, self.home.workspace_id, holds)
        return [row["hold_id"] for row in rows]

    def _in_order(
        self, moves: dict[str, tuple[Move, Intent]], answers: dict[str, Any], order: list[str]
    ) -> dict[str, Any]:
        """The reference's answers in that order. A refused one changes nothing, so it may come wherever its answer fits."""
        expected: dict[str, Any] = {}
        for hold in (*order, None):
            for refused in [one for one in moves if one not in order and one not in expected]:
                if self._refusal(moves[refused][0]) == answers[refused]:
                    expected[refused] = answers[refused]
            if hold is not None:
                expected[hold] = self._expected(*moves[hold])
        return {hold: expected.get(hold, "nothing that fits") for hold in moves}

    def _refusal(self, move: Move) -> Refusal | None:
        return self.books[move.environment].refusal(move.key, move.cents, self.month)

    def _priced(self, move: Move, books: Books) -> Move:
        """At the edge of what is possible, if the move wants that."""
        if move.edge is None:
            return move
        return replace(move, cents=max(books.room(move.key, self.month) + move.edge, 0))

    def _intent(self, move: Move) -> Intent:
        scope = None if move.key is None else self._scope(move.key, f"request-{next(self.names)}", move.cents)
        return self.home.text(move.environment, move.key, move.cents, scope)

    def _scope(self, key: int, name: str, cents: int) -> Scope:
        return scope_of(self.home.workspace_id, self.home.keys[key], "POST /messages", name, {"cents": cents})

    async def _asked(self, intent: Intent) -> Any:
        try:
            answer = await self.gate.admit(intent)
        except SaperlyError as refused:
            return Refusal(refused.tag, {name: fact for name, fact in refused.facts.items() if name != "message"})
        return "admitted" if isinstance(answer, Admitted) else answer

    def _expected(self, move: Move, intent: Intent) -> Any:
        refusal = self.books[move.environment].hold(intent.hold_id, move.key, move.cents, self.month)
        if refusal is None and intent.idempotency is not None and move.key is not None:
            self.asked.append((move.key, intent.idempotency.key, intent))
        return refusal or "admitted"

    async def _ask_again(self, move: Move, books: Books) -> Answers:
        """The same request once more, or another one under its name: neither has an effect."""
        if not self.asked:
            return None, None
        key, name, first = self.asked[move.which % len(self.asked)]
        same = move.percent > 0
        scope = self._scope(key, name, first.amount_cents if same else first.amount_cents + 1)
        found = await self._asked(self.home.text("live", key, first.amount_cents, scope))
        if same:
            return found, Repeated(first.id)
        return getattr(found, "name", found), "IdempotencyKeyMismatch"

    async def _extend(self, move: Move, books: Books) -> Answers:
        name, cents = self._hold(move, books)
        if name is None:
            return None, None
        if move.edge is not None:
            hold = books.holds[name]
            cents = hold.amount + max(books.room(hold.key, hold.month), 0) + move.edge
        async with self.desk.system() as tx:
            found = await ledger.extend(tx, self.home.workspace_id, name, cents)
        return found, books.extend(name, cents)

    async def _settle(self, move: Move, books: Books) -> Answers:
        return await self._close(move, books, ledger.settle, lambda cents: cents)

    async def _settle_in_full(self, move: Move, books: Books) -> Answers:
        return await self._close(
            move, books, lambda tx, ws, name, _: ledger.settle_in_full(tx, ws, name), lambda _: 2**40
        )

    async def _release(self, move: Move, books: Books) -> Answers:
        return await self._close(move, books, lambda tx, ws, name, _: ledger.release(tx, ws, name), lambda _: None)

    async def _close(
        self,
        move: Move,
        books: Books,
        close: Callable[..., Awaitable[ledger.Closed]],
        worth: Callable[[int], int | None],
    ) -> Answers:
        name, cents = self._hold(move, books)
        if name is None:
            return None, None
        async with self.desk.system() as tx:
            found = await close(tx, self.home.workspace_id, name, cents)
        return (found.state, found.settled_cents, found.held_cents), books.close(name, worth(cents))

    def _hold(self, move: Move, books: Books) -> tuple[str | None, int]:
        """Any hold, open or closed, and the move's part of what it holds."""
        names = list(books.holds)
        if not names:
            return None, 0
        name = names[move.which % len(names)]
        return name, books.holds[name].amount * move.percent // 100

    async def _top_up(self, move: Move, books: Books) -> Answers:
        found = await self._moved(ledger.top_up, move, abs(move.cents), move.cause)
        return found, books.move("topup", abs(move.cents), "card_in", f"payment {move.cause}")

    async def _promote(self, move: Move, books: Books) -> Answers:
        found = await self._moved(ledger.promote, move, abs(move.cents), move.cause)
        return found, books.move("topup", abs(move.cents), "promo", f"promotion {move.cause}")

    async def _adjust(self, move: Move, books: Books) -> Answers:
        cents = move.cents if move.edge is None else -books.available - move.edge
        found = await self._moved(ledger.adjust, move, cents, move.cause)
        return found, books.move("adjust", cents, "adjustments", f"correction {move.cause}")

    async def _charge(self, move: Move, books: Books) -> Answers:
        cents = move.cents if move.edge is None else books.available + move.edge
        found = await self._moved(ledger.charge, move, cents, "num_x", f"rent:num_x:{move.cause}")
        return found, books.move("charge", -cents, "revenue", f"rent {move.cause}")

    async def _moved(self, operation: Callable[..., Awaitable[bool]], move: Move, *arguments: Any) -> bool:
        async with self.desk.system() as tx:
            return await operation(tx, self.home.tenant(move.environment), *arguments)

    async def _days_pass(self, move: Move, books: Books) -> Answers:
        self.clock.at += timedelta(days=move.days)
        return None, None

    async def _month_ends(self, move: Move, books: Books) -> Answers:
        """A second before the UTC month ends, or the instant at which the next one begins."""
        self.clock.at = _next_month(self.clock.at) - timedelta(seconds=move.which % 2)
        return None, None

    async def _clock_jumps_back(self, move: Move, books: Books) -> Answers:
        self.clock.at -= timedelta(hours=1)
        return None, None

    @property
    def month(self) -> str:
        return f"{self.clock.at:%Y-%m}"


def _next_month(at: datetime) -> datetime:
    return (at.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(day=1)
