"""What must hold of all keys after every step: who is let in, what they can do, and what no dead key can."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import text

from saperly_server.core.errors import SaperlyError
from saperly_server.identity import Caller, KeyRing, Unauthorized
from saperly_server.tables import metadata
from saperly_server.verify.contracts import Broken
from saperly_server.verify.ledger.reading import Reading

from .lattice import Lattice, Might
from .registrar import Registrar


async def let_in(registrar: Registrar) -> dict[int, Caller]:
    """Who gets in with which secret: exactly the living, as what the reference says they can do."""
    lattice, now = registrar.lattice, registrar.clock.at
    asked = [_spelled(secret, place) for place, secret in enumerate(registrar.secrets)]
    callers = await asyncio.gather(*(_caller(registrar.ring, secret) for secret in asked))
    inside = {place: caller for place, caller in enumerate(callers) if caller is not None}
    for place in range(len(registrar.ids)):
        _as_expected(registrar, place, inside.get(place), now)
    for place, caller in inside.items():
        _within_parent(lattice, inside, place, caller)
    return inside


def _spelled(secret: str, place: int) -> str:
    """Both spellings of a key are the same key."""
    return secret if place % 2 else f"sap_{secret}"


async def _caller(ring: KeyRing, secret: str) -> Caller | None:
    try:
        return await ring.authenticate(secret)
    except Unauthorized:
        return None


def _as_expected(registrar: Registrar, place: int, caller: Caller | None, now: datetime) -> None:
    lattice, ids = registrar.lattice, registrar.ids
    if (caller is not None) != lattice.alive(place, now):
        raise Broken(f"K-2: key {place} is {'let in' if caller else 'kept out'} at {now}.")
    if caller is None:
        return
    found = (caller.key_id, caller.path, caller.tenant.environment, _might(caller))
    node = lattice.keys[place]
    expected = (ids[place], tuple(ids[one] for one in node.path), node.environment, lattice.might(place))
    if found != expected:
        raise Broken(f"K-1: key {place} is let in as {found}; the reference says {expected}.")


def _might(caller: Caller) -> Might:
    return Might(frozenset(caller.grant.scopes), caller.grant.numbers, caller.grant.expires_at)


def _within_parent(lattice: Lattice, inside: dict[int, Caller], place: int, caller: Caller) -> None:
    parent = lattice.keys[place].parent
    if parent is not None and not _might(caller).within(_might(inside[parent])):
        raise Broken(f"K-1: key {place} can do {_might(caller)}; its parent {_might(inside[parent])}.")


def caps_within_parents(registrar: Registrar, now: Reading) -> None:
    """What is left to a key is at most what is left to its parent, by the tables' own counters."""
    month, inside = f"{registrar.clock.at:%Y-%m}", registrar.inside
    left = {place: _left(inside, registrar, caller, now, month) for place, caller in inside.items()}
    for place in inside:
        parent = registrar.lattice.keys[place].parent
        if left[place] < 0 or (parent is not None and left[place] > left[parent]):
            raise Broken(f"K-1: {left[place]} cents are left to key {place}, to its parent {left.get(parent or 0)}.")


def _left(inside: dict[int, Caller], registrar: Registrar, caller: Caller, now: Reading, month: str) -> float:
    by_id = {registrar.ids[place]: above for place, above in inside.items()}
    limits = [(key, by_id[key].grant.limit) for key in caller.path]
    return min(
        (
            limit.amount_cents - sum(now.spends.get((key, month if limit.reset else "lifetime"), (0, 0)))
            for key, limit in limits
            if limit is not None
        ),
        default=float("inf"),
    )


async def nothing_by_the_dead(registrar: Registrar) -> None:
    """Somebody who was let in before the key died gets nothing through the gate with it."""
    dead = [place for place in registrar.callers if place not in registrar.inside]
    if not dead:
        return
    place = registrar.random.choice(dead)
    caller = registrar.callers[place]
    try:
        await registrar.gate.admit(registrar.text_by(caller, 0))
    except SaperlyError as refused:
        if refused.tag != "Unauthorized":
            raise Broken(f"K-2: the dead key {place} is answered {refused.tag}.") from refused
    else:
        raise Broken(f"K-2: the dead key {place} was let through the gate.")


async def nowhere_in_the_clear(registrar: Registrar) -> None:
    """No secret is in any row of any table, nor in anything that was answered after it was handed out."""
    everything = "\n".join([await _dump(registrar), *registrar.shown, "\n".join(registrar.story)])
    for place, secret in enumerate(registrar.secrets):
        if secret in everything or secret.rpartition("_")[2] in everything:
            raise Broken(f"K-3: the plaintext of key {place} is kept or shown.")


_ROWS = "select coalesce(string_agg(t::text, ' '), '') as rows from {table} t where workspace_id = :ws"
_TABLES = [name for name, table in sorted(metadata.tables.items()) if "workspace_id" in table.c]
_DUMP = text(" union all ".join(_ROWS.format(table=name) for name in _TABLES))


async def _dump(registrar: Registrar) -> str:
    async with registrar.desk.system() as tx:
        rows = await tx.all(_DUMP, {"ws": registrar.home.workspace_id})
    return " ".join(row.rows for row in rows)
