"""What must be true once a world is quiet again: the doctor finds nothing, the books equal what the network's log says.

The reference shares no code with what it judges: it is arithmetic over the network's log and the rate card's own text.
"""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg

from saperly_server import doctor
from saperly_server.core.db import Database

from .haste import HastyClock
from .home import Home
from .world import PATIENCE_SEC, World

Evidence = list[tuple[str, dict[str, Any]]]
_QUIET = {
    "operations that are due": "select count(*) from carrier_operations where state = 'open'",
    "carrier events not applied": "select count(*) from carrier_events where applied_at is null",
    "live calls": "select count(*) from calls where status = 'initiated'",
    "open holds": "select count(*) from holds where state = 'open'",
    "texts under way": "select count(*) from messages where direction = 'outbound' and status in ('queued', 'sent')",
    "numbers under way": "select count(*) from numbers where state in ('reserved', 'releasing')",
}
_LOOK_SEC = 0.03


async def judge(world: World, home: Home, rent_cents: int = 0) -> Evidence:
    """Raises Broken when something is wrong once it is quiet; gives the network's log."""
    await quiet(world)
    evidence = await world.evidence()
    await _doctor(world)
    await _books(world, home, evidence, rent_cents)
    await _carrier(world, evidence)
    return evidence


@asynccontextmanager
async def database(world: World) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the harness's own, which sees everything."""
    conn = await asyncpg.connect(world.dsn)
    try:
        yield conn
    finally:
        await conn.close()


async def quiet(world: World) -> None:
    """Wait until nothing is under way any more, here or at the network."""
    deadline = time.monotonic() + PATIENCE_SEC
    async with database(world) as conn:
        while left := await _left(world, conn):
            await world.revive()
            if time.monotonic() > deadline:
                raise world.broken(f"it does not become quiet: {left}")
            await asyncio.sleep(_LOOK_SEC)


async def _left(world: World, conn: asyncpg.Connection) -> dict[str, int]:
    counts = {what: await conn.fetchval(query) for what, query in _QUIET.items()}
    counts["calls at the network"] = await world.network.ask("live_calls")
    counts["events on their way"] = _undelivered(await world.evidence())
    return {what: count for what, count in counts.items() if count}


def _undelivered(evidence: Evidence) -> int:
    sent = {data["id"] for kind, data in evidence if kind == "event"}
    return len(sent - {data["id"] for kind, data in evidence if kind == "delivery" and data["taken"]})


async def _doctor(world: World) -> None:
    """Long after, when nothing is excused as work in progress."""
    db = Database(world.dsn, HastyClock(world.epoch.later(days=2)), pool_size=2)
    try:
        async with db.system() as tx:
            findings = await doctor.examine(tx)
    finally:
        await db.close()
    if findings:
        raise world.broken(f"the doctor found {findings}")


# -- the reference ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prices:
    """What the rate card says, read as plain text: micro-cents and cents."""

    sms_micros: int
    hosted_micros: int
    local_cents: int

    @classmethod
    def read(cls) -> Prices:
        card = tomllib.loads(files("saperly_server.ledger").joinpath("rates.toml").read_text("utf-8"))
        return cls(
            card["sms"]["zones"]["A"]["micros_per_segment"],
            card["voice"]["hosted_micros_per_min"],
            card["numbers"]["rent"]["US"]["local"]["monthly_cents"],
        )


def owed_cents(evidence: Evidence) -> dict[str, int]:
    """What the network's log says was used, at our prices."""
    prices = Prices.read()
    texts = [data for kind, data in evidence if kind == "text"]
    calls = [-(-data["duration_ms"] // 1000) for kind, data in evidence if kind == "call_cost"]
    orders = [data for kind, data in evidence if kind == "event" and data["type"] == "number.order"]
    return {
        "texts": sum(_cents(prices.sms_micros, _parts(data["text"])) for data in texts),
        "calls": sum(_cents(prices.hosted_micros * sec, 1, 60) for sec in calls),
        "numbers": sum(prices.local_cents for data in orders if data["status"] == "active"),
    }


def _cents(micros: int, count: int, per: int = 1) -> int:
    return -(-micros * count // (per * 1_000_000))


def _parts(text: str) -> int:
    """Of a text in the basic alphabet."""
    return 1 if len(text) <= 160 else -(-len(text) // 153)


async def _books(world: World, home: Home, evidence: Evidence, rent_cents: int) -> None:
    owed = owed_cents(evidence)
    async with database(world) as conn:
        account = await conn.fetchrow("select * from accounts where environment = 'live'")
    expected = home.balance_cents - sum(owed.values()) - rent_cents
    if (account["available_cents"], account["held_cents"]) != (expected, 0):
        raise world.broken(
            f"the balance is {dict(account)}, not {expected}: {home.balance_cents} - {owed} - {rent_cents}"
        )


async def _carrier(world: World, evidence: Evidence) -> None:
    """One telephone call, text or order at most for each of ours, and the numbers rented there are the ones we know."""
    for what in ("dial", "send", "order"):
        ops = {data["op_id"]: data["ref"] for kind, data in evidence if kind == "request" and data["operation"] == what}
        twice = [ref for ref, count in Counter(ops.values()).items() if count > 1]
        if twice:
            raise world.broken(f"the network was asked to {what} twice for {twice}")
    async with database(world) as conn:
        ours = await conn.fetch("select e164 from numbers where state = 'active'")
        known = await conn.fetchval("select count(*) from calls")
        sent = await conn.fetchval("select count(*) from messages where direction = 'outbound'")
    rented = await world.network.ask("rented")
    if sorted(row["e164"] for row in ours) != rented:
        raise world.broken(f"active here: {[row['e164'] for row in ours]}; rented at the network: {rented}")
    calls, texts = (sum(kind == what for kind, _ in evidence) for what in ("call_cost", "text"))
    if calls > known or texts > sent:
        raise world.broken(f"{calls} calls and {texts} texts at the network, {known} and {sent} on record")


async def traces(world: World) -> Counter[str]:
    """How often each kind of thing is on record: what happened, whatever its ids."""
    queries = {
        "audit": "select event_type, count(*) from audit_events group by 1",
        "event": "select event_type, count(*) from events group by 1",
        "entry": "select entry_type, count(*) from ledger_entries group by 1",
        "operation": "select kind, count(*) from carrier_operations group by 1",
    }
    async with database(world) as conn:
        found = {table: await conn.fetch(query) for table, query in queries.items()}
    return Counter({f"{table} {kind}": count for table, rows in found.items() for kind, count in rows})
