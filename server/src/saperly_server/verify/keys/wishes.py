"""Random grants: within what a parent has, exactly that, or more than that in one way or another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from saperly_server.identity import Scope

from .lattice import Lattice, Wish

SCOPES = (Scope.KEYS_ADMIN, Scope.MESSAGES_CREATE, Scope.CALLS_CREATE, Scope.READ, Scope.BILLING_READ)
_CAPS = (1, 20, 60, 100, 250)


def everything() -> Wish:
    return Wish(frozenset(SCOPES), None, None, monthly=False, end=None)


def numbers_of(environment: str) -> tuple[str, ...]:
    """The sender that exists, and two that somebody may list."""
    return (f"num_{environment}", "num_b", "num_c")


def wish(random: Random, lattice: Lattice, parent: int, now: datetime) -> Wish:
    """A grant below `parent`: equal in all, narrower in all, or anything at all in each part."""
    equal = _same_as(lattice, parent)
    kind = random.choice(("equal", "narrower", "narrower", "any", "any"))
    if kind == "equal":
        return equal
    if kind == "narrower":
        return _narrowed(random, equal, lattice.keys[parent].environment, now)
    return _anything(random, equal, lattice.keys[parent].environment, now)


def _same_as(lattice: Lattice, parent: int) -> Wish:
    """What the parent can really do, capped like the tightest of its path."""
    might, own = lattice.might(parent), lattice.keys[parent].wish
    capped = [node.wish for node in (lattice.keys[place] for place in lattice.keys[parent].path) if node.wish.cap]
    cap = min((one.cap for one in capped if one.cap is not None), default=own.cap)
    return Wish(might.scopes, might.numbers, cap, bool(capped) and all(one.monthly for one in capped), might.end)


def _narrowed(random: Random, equal: Wish, environment: str, now: datetime) -> Wish:
    scopes = frozenset(word for word in equal.scopes if random.random() < 0.8)
    listed = numbers_of(environment) if equal.numbers is None else sorted(equal.numbers)
    numbers = frozenset(one for one in listed if random.random() < 0.8) if random.random() < 0.4 else equal.numbers
    narrowed = replace(equal, scopes=scopes, numbers=numbers)
    if random.random() < 0.5:
        cap = random.choice(_CAPS)
        monthly = (equal.cap is None or equal.monthly) and random.random() < 0.6
        narrowed = replace(narrowed, cap=min(cap, equal.cap or cap), monthly=monthly)
    if random.random() < 0.2:
        end = now + timedelta(days=random.randrange(1, 25))
        narrowed = replace(narrowed, end=min(end, equal.end or end))
    return narrowed


def _anything(random: Random, equal: Wish, environment: str, now: datetime) -> Wish:
    """Each part may be more than the parent has."""
    listed = frozenset(one for one in numbers_of(environment) if random.random() < 0.5)
    cap = random.choice((None, equal.cap, (equal.cap or 100) + 1, (equal.cap or 100) - 1))
    later = None if equal.end is None else equal.end + timedelta(seconds=1)
    return Wish(
        scopes=random.choice((equal.scopes, equal.scopes | {random.choice(SCOPES)})),
        numbers=random.choice((equal.numbers, None, listed)),
        cap=cap or None,
        monthly=bool(cap) and random.random() < 0.5,
        end=random.choice((equal.end, later, now + timedelta(days=40))),
    )
