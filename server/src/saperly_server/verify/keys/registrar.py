"""Doing things with keys, in the database and in the reference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import text

from saperly_server import identity, ledger
from saperly_server.core.db import TenantTx
from saperly_server.core.errors import SaperlyError
from saperly_server.core.pagination import Page
from saperly_server.gate import Admitted, Gate, Intent
from saperly_server.identity import Caller, Grant, KeyRing, MintedKey, Scope, SpendLimit
from saperly_server.verify.contracts import Broken
from saperly_server.verify.ledger.books import Books, Key, Refusal
from saperly_server.verify.ledger.desk import Calendar, Desk
from saperly_server.verify.ledger.premises import Premises

from .lattice import Lattice, Wish
from .wishes import everything, wish

_EDIT = text(
    "update api_keys set scopes = :scopes, numbers = :numbers, limit_cents = :cents, expires_at = :ends "
    "where workspace_id = :ws and id = :id"
)
_LEAVE_KEYS_ALONE = ("spend", "close", "list")
_WEIGHTS = {"mint": 8, "spend": 9, "close": 3, "edit": 4, "rotate": 2, "revoke": 3, "list": 2, "days_pass": 2}


@dataclass(slots=True)
class Registrar:
    """One workspace's keys. `secrets` by the place of the key; `inside` are who is let in with them now, `callers` who was at
    any time, so that a dead key is known as it was when it was alive."""

    desk: Desk
    clock: Calendar
    home: Premises
    gate: Gate
    ring: KeyRing
    random: Random
    lattice: Lattice
    books: dict[str, Books]
    ids: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    callers: dict[int, Caller] = field(default_factory=dict)
    inside: dict[int, Caller] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    async def step(self) -> bool:
        """Something random; whether it could change what keys can do. Broken when the server's answer is not the
        reference's."""
        kind = self.random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        await getattr(self, f"_{kind}")()
        return kind not in _LEAVE_KEYS_ALONE

    async def root(self, environment: str) -> None:
        """A key with every scope and no end, as a workspace begins with."""
        tenant = self.home.tenant(environment)
        async with self.desk.system() as tx:
            minted = await identity.mint_root(tx, tenant, "root", _grant(everything()), "system")
            await ledger.promote(tx, tenant, 2_000, "signup")
        self.books[environment].move("topup", 2_000, "promo", "signup")
        self._known(minted, self.lattice.add(environment, None, everything()), everything())

    async def _mint(self) -> None:
        parent = self._someone()
        wanted = wish(self.random, self.lattice, parent, self.clock.at)
        self.story.append(f"mint below {parent}: {_told(wanted)}")
        minted = await self._try(parent, lambda tx, caller: identity.mint_child(tx, caller, "child", _grant(wanted)))
        expected = self._dead(parent) or ("" if self.lattice.admits(parent, wanted) else "AuthorizationDenied")
        self._same(minted if isinstance(minted, str) else "", expected)
        if isinstance(minted, MintedKey):
            self._known(minted, self.lattice.add(self._environment(parent), parent, wanted), wanted)

    async def _rotate(self) -> None:
        """A new key with the same grant in place of an old one, by their parent and in one transaction: both or neither."""
        old = self._someone()
        node = self.lattice.keys[old]
        if node.parent is None or node.revoked:
            return
        parent, same = node.parent, replace(node.wish, monthly=node.wish.monthly and node.wish.cap is not None)
        self.story.append(f"rotate {old} by {parent}")

        async def swap(tx: TenantTx, caller: Caller) -> MintedKey:
            async with tx.conn.begin_nested():
                minted = await identity.mint_child(tx, caller, "child", _grant(same))
                await identity.revoke(tx, caller, self.ids[old])
            return minted

        minted = await self._try(parent, swap)
        expected = self._dead(parent) or ("" if self.lattice.admits(parent, same) else "AuthorizationDenied")
        self._same(minted if isinstance(minted, str) else "", expected)
        if isinstance(minted, MintedKey):
            self.lattice.revoke(old)
            self._known(minted, self.lattice.add(self._environment(parent), parent, same), same)

    async def _revoke(self) -> None:
        by, target = self._someone(), self._someone()
        self.story.append(f"revoke {target} by {by}")
        spared = self.lattice.keys[target].parent is None and self.random.random() < 0.9
        if self._dead(by) or spared:
            return
        done = await self._try(by, lambda tx, caller: identity.revoke(tx, caller, self.ids[target]))
        allowed = target in self.lattice.branch(by)
        self._same(done or "", "" if allowed else "AuthorizationDenied")
        if allowed:
            self.lattice.revoke(target)

    async def _edit(self) -> None:
        """An operator changes a grant by hand: narrower or wider, without asking what lies above and below."""
        key = self._someone()
        node = self.lattice.keys[key]
        new = wish(self.random, self.lattice, key, self.clock.at)
        monthly = self.books[node.environment].keys[key].monthly
        cap = None if new.cap is None else max(new.cap, self._most_counted(key))
        soon = self.clock.at + timedelta(days=self.random.randrange(1, 10))
        end = self.random.choice((new.end, new.end, soon, None))
        new = replace(new, cap=cap, monthly=monthly, end=end)
        self.story.append(f"edit {key}: {_told(new)}")
        facts = {"ws": self.home.workspace_id, "id": self.ids[key], "scopes": sorted(new.scopes), "ends": new.end}
        numbers = None if new.numbers is None else sorted(new.numbers)
        async with self.desk.system() as tx:
            await tx.run(_EDIT, {**facts, "cents": new.cap, "numbers": numbers})
        node.wish = new
        for books in self.books.values():
            books.keys[key] = Key(new.cap, monthly, node.path)

    def _most_counted(self, key: int) -> int:
        """What counts against a key in its worst period: a cap below that would be broken as it is written."""
        books = self.books[self._environment(key)]
        return max((sum(sums) for (one, _), sums in books.counters().items() if one == key), default=0)

    async def _spend(self) -> None:
        key = self._someone()
        environment = self._environment(key)
        books, cents = self.books[environment], self._cents(key)
        self.story.append(f"spend {cents} by {key}")
        month = f"{self.clock.at:%Y-%m}"
        expected: Any = self._dead(key)
        numbers = self.lattice.might(key).numbers
        if not expected and numbers is not None and f"num_{environment}" not in numbers:
            expected = "AuthorizationDenied"
        found, hold = await self._spent(key, cents)
        if not expected:
            expected = books.hold(hold, key, cents, month) or "admitted"
        self._same(found, expected)

    async def _spent(self, key: int, cents: int) -> tuple[Any, str]:
        """Admitted, or the refusal; and the name of the hold. The allow-list is asked first, as every surface does."""
        caller = self.callers[key]
        environment = caller.tenant.environment
        intent = self.text_by(caller, cents)
        try:
            if not self._dead(key):
                caller.require_number(f"num_{environment}")
            answer = await self.gate.admit(intent)
        except (ledger.SpendLimitExceeded, ledger.InsufficientFunds) as refused:
            return Refusal(refused.tag, dict(refused.facts)), intent.hold_id
        except SaperlyError as refused:
            return refused.tag, intent.hold_id
        return ("admitted" if isinstance(answer, Admitted) else answer), intent.hold_id

    def text_by(self, caller: Caller, cents: int) -> Intent:
        return replace(self.home.text(caller.tenant.environment, None, cents), caller=caller)

    def _cents(self, key: int) -> int:
        """A little, or what is just possible, or one more than that."""
        room = self.books[self._environment(key)].room(key, f"{self.clock.at:%Y-%m}")
        return self.random.choice((1, 7, 20, max(room, 0) if room < 300 else 5, max(room, 0) + 1 if room < 300 else 9))

    async def _close(self) -> None:
        environment = self.random.choice(("live", "live", "live", "test"))
        books = self.books[environment]
        if books.holds:
            name = self.random.choice(list(books.holds))
            cents = self.random.choice((None, 0, books.holds[name].amount // 2, books.holds[name].amount))
            self.story.append(f"close hold {list(books.holds).index(name)} with {cents}")
            async with self.desk.system() as tx:
                workspace = self.home.workspace_id
                closed = await (
                    ledger.release(tx, workspace, name) if cents is None else ledger.settle(tx, workspace, name, cents)
                )
            self._same((closed.state, closed.settled_cents, closed.held_cents), books.close(name, cents))

    async def _list(self) -> None:
        """A key sees its own branch with what each key spent in its period, and no secret."""
        key = self._someone()
        self.story.append(f"list by {key}")
        if self._dead(key):
            return
        caller = self.callers[key]
        async with self.desk.tenant(caller.tenant) as tx:
            listed = await identity.list_keys(tx, caller, Page())
        self.shown.append(repr(listed))
        books, month = self.books[self._environment(key)], f"{self.clock.at:%Y-%m}"
        branch = {self.ids[place]: books.spent(place, month) for place in self.lattice.branch(key)}
        self._same({one.id: one.spent_cents for one in listed}, branch)

    async def _days_pass(self) -> None:
        self.clock.at += timedelta(days=self.random.randrange(1, 12))
        self.story.append(f"it is {self.clock.at}")

    async def _try(self, key: int, work: Callable[[TenantTx, Caller], Awaitable[Any]]) -> Any:
        """What it returns, or the name of the error."""
        caller = self.callers[key]
        try:
            async with self.desk.tenant(caller.tenant) as tx:
                return await work(tx, caller)
        except SaperlyError as refused:
            return refused.tag

    def _known(self, minted: MintedKey, place: int, wanted: Wish) -> None:
        self.ids.append(minted.key.id)
        self.secrets.append(minted.plaintext)
        path = self.lattice.keys[place].path
        for books in self.books.values():
            books.keys.append(Key(wanted.cap, wanted.monthly, path))
        self.shown.append(repr(minted.key))

    def _someone(self) -> int:
        """A key that was let in at least once; a rotation of an expired key makes one that never is."""
        return self.random.choice(list(self.callers))

    def _environment(self, key: int) -> str:
        return self.lattice.keys[key].environment

    def _dead(self, key: int) -> str:
        return "" if self.lattice.alive(key, self.clock.at) else "Unauthorized"

    def _same(self, found: object, expected: object) -> None:
        if found != expected:
            raise Broken(f"The answer was {found!r}; the reference says {expected!r}.")


def _grant(wanted: Wish) -> Grant:
    limit = None if wanted.cap is None else SpendLimit(wanted.cap, "monthly" if wanted.monthly else None)
    return Grant(frozenset(Scope(word) for word in wanted.scopes), wanted.numbers, limit, wanted.end)


def _told(wanted: Wish) -> str:
    numbers = "all numbers" if wanted.numbers is None else ", ".join(sorted(wanted.numbers)) or "no numbers"
    cap = "no cap" if wanted.cap is None else f"{wanted.cap} cents {'a month' if wanted.monthly else 'for life'}"
    return f"{', '.join(sorted(wanted.scopes)) or 'no scopes'}; {numbers}; {cap}; until {wanted.end or 'ever'}"
