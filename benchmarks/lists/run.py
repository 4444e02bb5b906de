"""Does a page of a list take longer when the list is long? One run, one machine.

uv run python -m benchmarks.lists.run [--rows 1000 1000000] [--rounds 200]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import asyncpg
from saperly_carriers.clock import SystemClock
from saperly_server import compliance, connections, identity, ledger, messaging, numbers, voice
from saperly_server.core.db import Database, TenantTx
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.pagination import Page
from saperly_server.identity import ALL, Caller, Grant
from saperly_server.migrations import migrate

from benchmarks.lists.world import BUSY, CHILD, QUIET, ROOT, TENANT, fill

Read = Callable[[TenantTx, Page], Awaitable[object]]
_BOTH, _OLD = frozenset({BUSY, QUIET}), frozenset({QUIET})
_WARM_UP = 20


def caller(*path: str) -> Caller:
    return Caller(TENANT, path[-1], path, Grant(ALL))


LISTS: dict[str, tuple[str, Read]] = {
    "numbers": ("num", lambda tx, page: numbers.list_numbers(tx, page, None)),
    "numbers, key for two": ("num", lambda tx, page: numbers.list_numbers(tx, page, _BOTH)),
    "calls": ("call", lambda tx, page: voice.list_calls(tx, page, None)),
    "calls, key for two numbers": ("call", lambda tx, page: voice.list_calls(tx, page, _BOTH)),
    "calls, key for a quiet number": ("call", lambda tx, page: voice.list_calls(tx, page, _OLD)),
    "a call's transcript": ("", lambda tx, page: voice.transcript(tx, f"call_{1:026}")),
    "messages": ("msg", lambda tx, page: messaging.list_messages(tx, page, None, None)),
    "messages of a busy number": ("msg", lambda tx, page: messaging.list_messages(tx, page, BUSY, None)),
    "messages of a quiet number": ("msg", lambda tx, page: messaging.list_messages(tx, page, QUIET, None)),
    "messages, key for two numbers": ("msg", lambda tx, page: messaging.list_messages(tx, page, None, _BOTH)),
    "messages, key for a quiet number": ("msg", lambda tx, page: messaging.list_messages(tx, page, None, _OLD)),
    "consent": ("con", lambda tx, page: compliance.list_consents(tx, page, None)),
    "consent, key for two numbers": ("con", lambda tx, page: compliance.list_consents(tx, page, _BOTH)),
    "consent, key for a quiet number": ("con", lambda tx, page: compliance.list_consents(tx, page, _OLD)),
    "connections": ("conn", lambda tx, page: connections.list_connections(tx, page)),
    "custom voices": ("voice", lambda tx, page: connections.list_custom_voices(tx, page)),
    "keys, for the root key": ("key", lambda tx, page: identity.list_keys(tx, caller(ROOT), page)),
    "keys, for a child of few": ("key", lambda tx, page: identity.list_keys(tx, caller(ROOT, CHILD), page)),
    "ledger entries": ("seq", lambda tx, page: ledger.entries(tx, page)),
}


def pages(prefix: str, rows: int) -> tuple[Page, Page]:
    """The first page, and one in the middle."""
    return Page(), Page(cursor=str(rows // 2) if prefix == "seq" else f"{prefix}_{rows // 2:026}")


async def timed(db: Database, read: Read, page: Page) -> float:
    """Seconds that a page takes, its transaction included."""
    began = time.perf_counter()
    async with db.tenant(TENANT) as tx:
        await read(tx, page)
    return time.perf_counter() - began


async def side_by_side(
    sizes: dict[int, Database], prefix: str, read: Read, rounds: int
) -> list[tuple[str, list[float]]]:
    """Medians of each page, one after the other in turn on every size, so that other work disturbs all alike."""
    found = []
    for place in range(2 if prefix else 1):
        spent: dict[int, list[float]] = {rows: [] for rows in sizes}
        for _ in range(_WARM_UP + rounds):
            for rows, db in sizes.items():
                spent[rows].append(await timed(db, read, pages(prefix, rows)[place]))
        found.append((("first", "middle")[place], [median(times[_WARM_UP:]) for times in spent.values()]))
    return found


async def filled(postgres: EmbeddedPostgres, rows: int) -> Database:
    dsn = await made(postgres, f"bench_{rows}")
    await migrate(dsn)
    await fill(dsn, rows)
    return Database(dsn, SystemClock(), pool_size=2)


async def made(postgres: EmbeddedPostgres, name: str) -> str:
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    return postgres.url(name)


async def read_whole(dsn: str) -> list[str]:
    """The tables of which more was read from end to end than a page needs, since they were filled."""
    conn = await asyncpg.connect(dsn)
    rows = await conn.fetch("select relname from pg_stat_user_tables where seq_tup_read > 10000 order by relname")
    await conn.close()
    return [row["relname"] for row in rows]


async def measure(postgres: EmbeddedPostgres, sizes: list[int], rounds: int) -> None:
    databases = {rows: await filled(postgres, rows) for rows in sizes}
    print(f"{'ms a page':<34}{'page':<8}" + "".join(f"{rows:>12,}" for rows in sizes) + f"{'ratio':>9}")
    for what, (prefix, read) in LISTS.items():
        for where, times in await side_by_side(databases, prefix, read, rounds):
            shown = "".join(f"{1000 * spent:>12.2f}" for spent in times)
            print(f"{what:<34}{where:<8}{shown}{times[-1] / times[0]:>8.2f}x", flush=True)
    for db in databases.values():
        await db.close()
    print("read from end to end:", ", ".join(await read_whole(postgres.url(f"bench_{sizes[-1]}"))) or "no table")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
        asyncio.run(measure(postgres, options.rows, options.rounds))


if __name__ == "__main__":
    main()
