"""A server process for the benchmark: prints its address when it is ready."""

from __future__ import annotations

import asyncio
import sys

import uvicorn
import uvloop
from saperly_server.core.settings import Settings
from saperly_server.main import running


async def serve(dsn: str) -> None:
    settings = Settings(mode="development", secret_key="bench", requests_per_minute=10_000_000)
    async with running(settings, dsn) as process:
        config = uvicorn.Config(process.app, port=0, log_level="warning", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        print(f"http://{host}:{port}", flush=True)
        await task


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
