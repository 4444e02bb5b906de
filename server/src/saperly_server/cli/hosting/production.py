"""`saperly serve`: a production server. It writes no files of its own but its data directory, and asks nothing."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

from saperly_server.cli.exits import Exit, Problem
from saperly_server.core import logging

from . import configuration
from .startup import AlreadyRunning, Ground, ground, process, workspace_facts


@dataclass(frozen=True, slots=True)
class Wish:
    """The command's options; None: not given."""

    port: int | None = None
    host: str | None = None
    data_dir: Path | None = None


def host(wish: Wish) -> int:
    """Run until a signal; the exit code. A Problem when it cannot start."""
    settings = configuration.load(mode="production", port=wish.port, host=wish.host, data_dir=wish.data_dir)
    logging.configure(level=settings.log_level, machine=True, keep_personal=False)
    alone = settings.database_url is None
    try:
        with ground(settings, ephemeral=False, explicit_port=True, alone=alone) as on:
            return _run(on)
    except AlreadyRunning as other:
        raise Problem(
            f"{str(other)[0].upper()}{str(other)[1:]} on this data directory.",
            fix="stop it, or start with another --data-dir",
            exit_code=Exit.ENVIRONMENT,
            pid=other.pid,
            url=other.url,
        ) from other


def _run(on: Ground) -> int:
    from .web import new_event_loop, termination_interrupts

    with termination_interrupts(), asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(on))
    return 0


async def _serve(on: Ground) -> None:
    from saperly_server import bootstrap

    from .web import StopSignals, serving, until_stopped

    async with process(on) as server:
        stop = StopSignals(on.abandon)
        home = await bootstrap.first_workspace(server.services.db, server.services.rates, on.settings)
        async with serving(server.app, on.listening, largest_frame=on.settings.max_body_bytes) as web:
            if on.settings.database_url is None:
                on.place.publish(on.url)
            if home.keys is not None:
                _print("first_start", **workspace_facts(home), liveKey=home.keys.live, testKey=home.keys.test)
            _print("ready", url=on.url, **workspace_facts(home), pid=os.getpid())
            await until_stopped(stop, web)
            _print("stopping", liveCalls=len(server.services.calls.live))
            await server.drain()
    _print("stopped")


def _print(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)
