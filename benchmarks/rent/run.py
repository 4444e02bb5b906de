"""How long does it take to charge everybody's rent? One run, one machine.

uv run python -m benchmarks.rent.run [--numbers 100000 1000000] [--of-each 10]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from saperly_carriers.clock import SystemClock
from saperly_server import numbers
from saperly_server.core.db import Database
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate

from benchmarks.calls.procs import cpu_seconds

_RENT_CENTS = 250
_WORLD = (
    "insert into workspaces (workspace_id, slug, name, destinations, number_quota, concurrent_calls, created_at) "
    "select 'ws_' || g, 'slug-' || g, 'Bench', '{US}', 1000, 10, now() from generate_series(1, $1) g",
    "insert into accounts (workspace_id, environment, available_cents, held_cents, seq) "
    "select 'ws_' || g, 'live', 1000000, 0, 0 from generate_series(1, $1) g",
    "insert into audit_heads (workspace_id, seq, hash) select 'ws_' || g, 0, '' from generate_series(1, $1) g",
)
_NUMBERS = f"""
    insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents,
                         upfront_price_cents, currency, hold_id, carrier, carrier_number_id, created_at, provisioned_at,
                         next_charge_at, rent_due_at)
    select 'ws_' || 1 + g % $1, 'num_' || md5(g::text), 'live', '+1' || 2000000000 + g, 'US', 'local', 'active',
           {_RENT_CENTS}, 0, 'USD', 'hold_' || g, 'simulated', '', b.at, b.at, b.at + interval '30 days',
           b.at + interval '30 days'
    from generate_series(1, $2) g,
         lateral (select date_trunc('hour', now()) - interval '31 days' + g % 43200 * interval '1 second' as at) b
"""
"""Bought over half a day, a month ago: workspace after workspace in turn, so that a batch touches many accounts."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep gave: numbers charged, wall time, the longest transaction, the database's CPU time; seconds."""

    charged: int
    seconds: float
    longest: float
    database_cpu: float


async def settle_in(dsn: str, workspaces: int, count: int) -> None:
    conn = await asyncpg.connect(dsn)
    for statement in _WORLD:
        await conn.execute(statement, workspaces)
    await conn.execute(_NUMBERS, workspaces, count)
    await conn.execute("vacuum analyze")
    await conn.execute("checkpoint")
    await conn.close()


async def sweep(dsn: str, postmaster: int) -> Swept:
    """As the worker does it: batch after batch, each in a transaction of its own, until nothing is due."""
    db = Database(dsn, SystemClock(), pool_size=2)
    charged, longest = 0, 0.0
    began, cpu = time.monotonic(), cpu_seconds(postmaster)
    while True:
        started = time.monotonic()
        async with db.system() as tx:
            done, unpaid = await numbers.sweep_rent(tx)
        longest = max(longest, time.monotonic() - started)
        charged += done
        if not done + unpaid:
            break
    seconds, cpu = time.monotonic() - began, cpu_seconds(postmaster) - cpu
    await db.close()
    return Swept(charged, seconds, longest, cpu)


def measure(count: int, of_each: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
        dsn = postgres.url("postgres")
        asyncio.run(migrate(dsn))
        asyncio.run(settle_in(dsn, max(1, count // of_each), count))
        found = asyncio.run(sweep(dsn, postgres.pid))
        print(
            f"{count:>9}{found.charged:>10}{found.seconds:>9.1f}{found.seconds / count * 100_000:>12.1f}"
            f"{1e6 * found.database_cpu / count:>14.0f}us{1000 * found.longest:>12.0f} ms",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--of-each", type=int, default=10, help="numbers of each workspace")
    options = parser.parse_args()
    print(f"{'numbers':>9}{'charged':>10}{'seconds':>9}{'per 100,000':>12}{'db cpu/number':>16}{'longest tx':>15}")
    for count in options.numbers:
        measure(count, options.of_each)


if __name__ == "__main__":
    main()
