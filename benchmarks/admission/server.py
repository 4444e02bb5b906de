"""A server process for the benchmarks: prints its address when it is ready."""

from __future__ import annotations

import sys

import uvloop
from saperly_server.core.settings import Settings
from saperly_server.main import running

from benchmarks.serving import serve


async def run(dsn: str) -> None:
    settings = Settings(mode="development", secret_key="bench", requests_per_minute=10_000_000)
    async with running(settings, dsn) as process:
        await serve(process.app)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
