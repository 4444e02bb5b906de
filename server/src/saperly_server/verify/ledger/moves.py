"""Random histories: what somebody may do with an account, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .books import Key

_WEIGHTS = {
    "reserve": 24,
    "crowd": 3,
    "ask_again": 4,
    "extend": 9,
    "settle": 15,
    "settle_in_full": 4,
    "release": 8,
    "top_up": 7,
    "promote": 3,
    "adjust": 6,
    "charge": 7,
    "days_pass": 3,
    "month_ends": 3,
    "clock_jumps_back": 2,
}
_CENTS = (0, 1, 2, 3, 7, 20, 50, 99, 100, 101, 180, 250)
_PERCENT = (0, 1, 50, 99, 100, 100, 101, 250)
_CAPS = (1, 60, 150, 300, 600)
_TREE = ((0,), (0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 4), (0, 1, 5))
"""A root key, three levels below it, and two siblings: paths from the root down."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is done. Holds and causes are named by a number that is taken modulo how many there are, so every
    move means something in every history; each kind uses the fields it needs."""

    kind: str
    environment: str
    key: int | None
    which: int
    cents: int
    percent: int
    edge: int | None
    """Not those cents, but so many above what is just possible: 0 takes the last cent, 1 asks for one too many."""
    cause: str
    days: int
    parts: tuple[Move, ...] = ()
    """A crowd's: what each of it reserves."""

    def __str__(self) -> str:
        who = "nobody" if self.key is None else f"key {self.key}"
        cents = f"{self.cents} cents" if self.edge is None else f"all that is left + {self.edge}"
        facts = f"hold {self.which}, {cents}, {self.percent} %, cause {self.cause}, {self.days} days"
        crowd = f": {', '.join(map(str, self.parts))}" if self.parts else ""
        return f"{self.kind} ({self.environment}, by {who}; {facts}){crowd}"


def keys(random: Random) -> list[Key]:
    """A tree of keys, most of them capped; a cap need not fit the parent's, for each is counted by itself."""
    caps = (None, *(random.choice((None, *_CAPS)) for _ in _TREE[1:]))
    return [Key(cap, random.random() < 0.6, path) for cap, path in zip(caps, _TREE, strict=True)]


def history(random: Random, length: int) -> Iterator[Move]:
    """Money first, then anything in any order."""
    yield Move("top_up", "live", None, 0, random.choice((300, 900, 2_000)), 100, None, "start", 0)
    for kind in random.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=length - 1):
        yield _move(random, kind)


def _move(random: Random, kind: str) -> Move:
    parts = tuple(_move(random, "reserve") for _ in range(random.randrange(2, 7))) if kind == "crowd" else ()
    environment = "test" if random.random() < 0.1 else "live"
    signed = kind == "adjust" and random.random() < 0.6
    return Move(
        kind=kind,
        environment=environment,
        key=random.randrange(len(_TREE)) if environment == "live" else None,
        which=random.randrange(1_000),
        cents=random.choice(_CENTS) * (-1 if signed else 1),
        percent=random.choice(_PERCENT),
        edge=random.choice((0, 1)) if random.random() < 0.15 else None,
        cause=random.choice("abcdefgh"),
        days=random.randrange(1, 20),
        parts=parts,
    )
