"""The reference: what every key may do after any sequence of mints, edits, rotations and revocations, as plain sets.

Shares no code with the server's grants. Keys are named by their place in `Lattice.keys`; the spending is in the reference
books of the ledger proofs, which count by the same places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """A grant that is asked for. A cap is for life unless it is `monthly`; None is everything, no cap, no end."""

    scopes: frozenset[str]
    numbers: frozenset[str] | None
    cap: int | None
    monthly: bool
    end: datetime | None


@dataclass(slots=True)
class Node:
    """A key as it was granted, below its parent."""

    environment: str
    parent: int | None
    path: tuple[int, ...]
    wish: Wish
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Might:
    """What a key can really do: its own grant cut by all its ancestors'."""

    scopes: frozenset[str]
    numbers: frozenset[str] | None
    end: datetime | None

    def within(self, other: Might) -> bool:
        listed = other.numbers is None or (self.numbers is not None and self.numbers <= other.numbers)
        lasting = other.end is None or (self.end is not None and self.end <= other.end)
        return self.scopes <= other.scopes and listed and lasting


@dataclass(slots=True)
class Lattice:
    """All keys of a workspace, dead ones too."""

    keys: list[Node] = field(default_factory=list)

    def add(self, environment: str, parent: int | None, wish: Wish) -> int:
        above = () if parent is None else self.keys[parent].path
        self.keys.append(Node(environment, parent, (*above, len(self.keys)), wish))
        return len(self.keys) - 1

    def alive(self, key: int, now: datetime) -> bool:
        chain = [self.keys[place] for place in self.keys[key].path]
        return not any(node.revoked or (node.wish.end is not None and node.wish.end <= now) for node in chain)

    def might(self, key: int) -> Might:
        wishes = [self.keys[place].wish for place in self.keys[key].path]
        scopes = wishes[0].scopes
        numbers, end = wishes[0].numbers, wishes[0].end
        for wish in wishes[1:]:
            scopes &= wish.scopes
            if wish.numbers is not None:
                numbers = wish.numbers if numbers is None else numbers & wish.numbers
            if wish.end is not None:
                end = wish.end if end is None else min(end, wish.end)
        return Might(scopes, numbers, end)

    def admits(self, parent: int, wish: Wish) -> bool:
        """May a key with this grant be minted below that one?"""
        wanted = Might(wish.scopes, wish.numbers, wish.end)
        return wanted.within(self.might(parent)) and self._thrifty(parent, wish)

    def _thrifty(self, parent: int, wish: Wish) -> bool:
        """A cap within every cap above: no larger, and for life where one of them is."""
        above = [self.keys[place].wish for place in self.keys[parent].path]
        capped = [other for other in above if other.cap is not None]
        if not capped:
            return True
        if wish.cap is None or any(wish.cap > other.cap for other in capped if other.cap is not None):
            return False
        return not wish.monthly or all(other.monthly for other in capped)

    def branch(self, key: int) -> list[int]:
        """A key and all below it."""
        return [place for place, node in enumerate(self.keys) if key in node.path]

    def revoke(self, key: int) -> None:
        for place in self.branch(key):
            self.keys[place].revoked = True
