"""The reference: what the books must say after any history of moves, in plain arithmetic that shares nothing with the ledger.

One `Books` is one account. Keys are named by their place in `keys`; a key's `path` leads from the root key down to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Counters = Mapping[tuple[int, str], tuple[int, int]]
"""(held, settled) of a key in a period: a UTC month ('2026-11') or 'lifetime'. Without those that are zero."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key's cap in cents (None: none), by the month or for life, and its path from the root down to itself."""

    cap: int | None
    monthly: bool
    path: tuple[int, ...]

    def period(self, month: str) -> str:
        return month if self.monthly else "lifetime"


@dataclass(slots=True)
class Hold:
    """What is held, for whom, since which UTC month; and how it ended."""

    key: int | None
    month: str
    amount: int
    settled: int = 0
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Entry:
    """One move: its kind, its three legs, the other account, what the balance was afterwards, and the hold it is about."""

    kind: str
    available: int
    held: int
    contra: int
    account: str | None
    available_after: int
    held_after: int
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error by its name, with the numbers that it names."""

    name: str
    facts: Mapping[str, int]


@dataclass(slots=True)
class Books:
    """One account with the keys that spend from it."""

    keys: list[Key] = field(default_factory=list)
    available: int = 0
    held: int = 0
    holds: dict[str, Hold] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    causes: set[str] = field(default_factory=set)

    def spent(self, key: int, month: str) -> int:
        """Cents held and settled by a key and all below it: in one month, or (a key that does not reset) ever."""
        return sum(self._counts(key, self.keys[key].period(month)))

    def counters(self) -> Counters:
        """What counts against every key in every period in which anything does."""
        periods = {(key, self.keys[key].period(hold.month)) for hold in self.holds.values() for key in self._path(hold)}
        counted = {place: self._counts(*place) for place in periods}
        return {place: sums for place, sums in counted.items() if sums != (0, 0)}

    def room(self, key: int | None, month: str) -> int:
        """The largest hold that is possible now."""
        path = self.keys[key].path if key is not None else ()
        caps = ((self.keys[above].cap, self.spent(above, month)) for above in path)
        return min([self.available, *(cap - spent for cap, spent in caps if cap is not None)])

    def refusal(self, key: int | None, cents: int, month: str) -> Refusal | None:
        """Why a hold of that many cents is not possible now; None when it is."""
        for above in self.keys[key].path if key is not None else ():
            cap, spent = self.keys[above].cap, self.spent(above, month)
            if cap is not None and spent + cents > cap:
                facts = {"limitCents": cap, "priorSpendCents": spent, "requestedCents": cents}
                return Refusal("SpendLimitExceeded", facts)
        if self.available < cents:
            return Refusal("InsufficientFunds", {"balanceCents": self.available, "requestedCents": cents})
        return None

    def hold(self, name: str, key: int | None, cents: int, month: str) -> Refusal | None:
        """Reserve. Caps are asked from the root key down, then the balance."""
        refusal = self.refusal(key, cents, month)
        if refusal is None:
            self.holds[name] = Hold(key, month, cents)
            self._post("reserve", -cents, cents, hold=name)
        return refusal

    def extend(self, name: str, cents: int) -> bool:
        """Make an open hold `cents` large in all; its month stays the one in which it was made."""
        hold = self.holds[name]
        more = cents - hold.amount
        if hold.state != "open" or (more > 0 and self.refusal(hold.key, more, hold.month) is not None):
            return False
        if more > 0:
            hold.amount = cents
            self._post("reserve", -more, more, hold=name)
        return True

    def close(self, name: str, cents: int | None) -> tuple[str, int, int]:
        """Settle with at most what is held, or (None) release: state, settled, held. The first close wins."""
        hold = self.holds[name]
        if hold.state == "open":
            hold.settled = min(cents or 0, hold.amount)
            hold.state = "released" if cents is None else "settled"
            kind, account = ("release", None) if cents is None else ("settle", "revenue")
            self._post(kind, hold.amount - hold.settled, -hold.amount, hold.settled, account, name)
        return hold.state, hold.settled, hold.amount

    def move(self, kind: str, cents: int, account: str, cause: str) -> bool:
        """Money in or out without a hold, once for each cause, never below zero."""
        if cause in self.causes or self.available + cents < 0:
            return False
        self.causes.add(cause)
        self._post(kind, cents, 0, -cents, account)
        return True

    def _counts(self, key: int, period: str) -> tuple[int, int]:
        mine = [
            hold
            for hold in self.holds.values()
            if key in self._path(hold) and self.keys[key].period(hold.month) == period
        ]
        return sum(hold.amount for hold in mine if hold.state == "open"), sum(hold.settled for hold in mine)

    def _path(self, hold: Hold) -> tuple[int, ...]:
        return () if hold.key is None else self.keys[hold.key].path

    def _post(
        self, kind: str, available: int, held: int, contra: int = 0, account: str | None = None, hold: str | None = None
    ) -> None:
        self.available += available
        self.held += held
        self.entries.append(Entry(kind, available, held, contra, account, self.available, self.held, hold))
