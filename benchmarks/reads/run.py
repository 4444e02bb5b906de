"""What does a read cost over the bare framework? `GET /numbers/{id}`, its key checked, 64 in flight.

    uv run python -m benchmarks.reads.run [--seconds 5] [--accounts 200]

Prints requests a second of a bare handler of the same framework, and ours with their ratio to it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
from pathlib import Path

import aiohttp
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate

from benchmarks.admission.world import Account, people
from benchmarks.serving import rate, served


async def reading(session: aiohttp.ClientSession, accounts: list[Account], seconds: float) -> float:
    turn = itertools.cycle(accounts)

    async def read() -> None:
        account = next(turn)
        headers = {"Authorization": f"Bearer {account.secret}"}
        async with session.get(f"/numbers/{account.number_id}", headers=headers) as response:
            if response.status != 200:
                raise RuntimeError(await response.text())
            await response.read()

    return await rate(read, seconds)


async def measure(seconds: float, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
        dsn = postgres.url("postgres")
        await migrate(dsn)
        accounts = await people(dsn, count)
        async with served("benchmarks.reads.bare") as session:
            bare = await reading(session, accounts, seconds)
        async with served("benchmarks.admission.server", dsn) as session:
            ours = await reading(session, accounts, seconds)
    print(f"{'a bare handler':<44} {bare:>8.0f}/s {1:>6.2f} x")
    print(f"{'GET /numbers/{id} with its key checked':<44} {ours:>8.0f}/s {ours / bare:>6.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--accounts", type=int, default=200)
    options = parser.parse_args()
    asyncio.run(measure(options.seconds, options.accounts))


if __name__ == "__main__":
    main()
