"""The reference model of the ledger: what the books must say after a history of moves, in a page of plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Key:
    """A key's cap in cents (None: none), by the month or for life, and its path from the root down to itself."""

    cap: int | None
    monthly: bool
    path: tuple[int, ...]


@dataclass(slots=True)
class Hold:
    """What is held, for whom, since which month; and how it ended."""

    key: int | None
    month: str
    amount: int
    settled: int = 0
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Entry:
    """One move: its kind, its three legs, the other account, and what the balance was afterwards."""

    kind: str
    available: int
    held: int
    contra: int
    account: str | None
    available_after: int
    held_after: int


@dataclass(slots=True)
class Books:
    """One account with its keys."""

    keys: list[Key]
    available: int = 0
    held: int = 0
    holds: dict[str, Hold] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    causes: set[str] = field(default_factory=set)

    def spent(self, key: int, month: str) -> int:
        """Held and settled by a key and all below it: in one month, or (not monthly) ever."""
        mine = [h for h in self.holds.values() if h.key is not None and key in self.keys[h.key].path]
        if self.keys[key].monthly:
            mine = [h for h in mine if h.month == month]
        return sum(h.amount if h.state == "open" else h.settled for h in mine)

    def hold(self, name: str, key: int | None, cents: int, month: str) -> str | None:
        refusal = self._refusal(key, cents, month)
        if refusal is None:
            self.holds[name] = Hold(key, month, cents)
            self._post("reserve", -cents, cents)
        return refusal

    def extend(self, name: str, cents: int) -> bool:
        hold = self.holds[name]
        more = cents - hold.amount
        if hold.state != "open" or (more > 0 and self._refusal(hold.key, more, hold.month) is not None):
            return False
        if more > 0:
            hold.amount = cents
            self._post("reserve", -more, more)
        return True

    def close(self, name: str, cents: int | None) -> tuple[str, int, int]:
        hold = self.holds[name]
        if hold.state == "open":
            hold.settled = min(cents or 0, hold.amount)
            hold.state = "released" if cents is None else "settled"
            kind, account = ("release", None) if cents is None else ("settle", "revenue")
            self._post(kind, hold.amount - hold.settled, -hold.amount, hold.settled, account)
        return hold.state, hold.settled, hold.amount

    def move(self, kind: str, cents: int, account: str, cause: str) -> bool:
        if cause in self.causes or self.available + cents < 0:
            return False
        self.causes.add(cause)
        self._post(kind, cents, 0, -cents, account)
        return True

    def _refusal(self, key: int | None, cents: int, month: str) -> str | None:
        for above in self.keys[key].path if key is not None else ():
            cap = self.keys[above].cap
            if cap is not None and self.spent(above, month) + cents > cap:
                return "SpendLimitExceeded"
        return "InsufficientFunds" if self.available < cents else None

    def _post(self, kind: str, available: int, held: int, contra: int = 0, account: str | None = None) -> None:
        self.available += available
        self.held += held
        self.entries.append(Entry(kind, available, held, contra, account, self.available, self.held))
