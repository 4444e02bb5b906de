"""What does it cost that the brain is somebody else's program? Turns, idle sockets, the switch of a mode. One run.

    uv run python -m benchmarks.brains.run [--calls 1000] [--seconds 15] [--sockets 5000] [--numbers 10000]

Echoes, and turns with the brain in the server and behind a socket, with CPU and lateness; KiB of a socket; ms of a switch.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp
import asyncpg
import psutil
import websockets
from saperly_carriers.clock import SystemClock
from saperly_server.connections import ConnectionDraft, Mode, create_connection
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Database, Tenant
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate
from sqlalchemy import text

from benchmarks.admission.world import Account, people
from benchmarks.brains import sockets
from benchmarks.calls.callers import TURN_EVERY_SEC
from benchmarks.calls.run import ask
from benchmarks.calls.world import Line, open_lines
from benchmarks.serving import served

_TURN = '{"type":"turn","requestId":"req_call_01JB5WTT0MZ8TWK0XGMF0B2M5D_12","userText":"Go on, please."}'
_ECHO, _SERVER = "benchmarks.brains.echo", "benchmarks.admission.server"
_SWITCHES = 21
_MORE_NUMBERS = text("""
    insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents,
                         upfront_price_cents, currency, hold_id, carrier, carrier_number_id, connection_id, created_at,
                         provisioned_at)
    select :w, 'num_b' || n, 'test', '+1646' || (2000000 + n), 'US', 'local', 'active', 250, 0, 'USD', 'hold_bench',
           'simulated', 'b' || n, :c, now(), now() from generate_series(1, :count) n
""")


async def echoes(seconds: float, per_second: float) -> float:
    """CPU seconds that a bare server takes for one frame in and one frame out, at the pace of the calls' turns."""
    async with (
        served(_ECHO) as session,
        websockets.connect(f"{_address(session)}/echo", compression=None, proxy=None) as line,
    ):
        began, before, done = time.monotonic(), _cpu(_ECHO), 0
        while (now := time.monotonic()) < began + seconds:
            await asyncio.sleep(max(0.0, began + done / per_second - now))
            await line.send(_TURN)
            await line.recv()
            done += 1
        return (_cpu(_ECHO) - before) / done


def _address(session: aiohttp.ClientSession) -> str:
    """Where the server's sockets are."""
    return str(session._base_url).replace("http", "ws", 1).rstrip("/")


async def idle_sockets(dsn: str, owner: Account, count: int) -> tuple[float, float]:
    """KiB of a plain socket on the bare server, and of a manual connection's on ours."""
    async with served(_ECHO) as session:
        url = f"{_address(session)}/echo"
        bare = await sockets.per_socket(_process(_ECHO).pid, count, lambda place: sockets.plain(url))
    doors = await _manual_connections(dsn, owner, count)
    async with served(_SERVER, dsn) as session:
        url = _address(session)
        ours = await sockets.per_socket(
            _process(_SERVER).pid, count, lambda place: sockets.brain(url, doors[place][0], doors[place][1])
        )
    return bare, ours


async def _manual_connections(dsn: str, owner: Account, count: int) -> list[tuple[str, str]]:
    """Ids and secrets of as many manual connections of one workspace."""
    db = Database(dsn, SystemClock(), pool_size=2)
    async with db.tenant(Tenant(owner.workspace_id, "test")) as tx:
        draft, box = ConnectionDraft(name="mine", mode=Mode.MANUAL), SecretBox("bench")
        made = [await create_connection(tx, draft, "bench", box) for _ in range(count)]
    await db.close()
    return [(one.id, str(one.manual_secret)) for one in made]


async def switches(dsn: str, one: Account, many: Account, count: int) -> tuple[float, float]:
    """Seconds of a switch to and fro, of a connection with one number and of one with `count`."""
    async with served(_SERVER, dsn) as session:
        few = await _connection(session, one)
        full = await _connection(session, many)
        db = Database(dsn, SystemClock(), pool_size=2)
        async with db.system() as tx:
            await tx.run(_MORE_NUMBERS, {"w": many.workspace_id, "c": full, "count": count})
        await db.close()
        return await _switched(session, one, few), await _switched(session, many, full)


async def _connection(session: aiohttp.ClientSession, account: Account) -> str:
    made = await _asked(session, account, "POST", "/connections", {"name": "mine"})
    await _asked(session, account, "POST", f"/numbers/{account.number_id}/connection", {"connectionId": made["id"]})
    return str(made["id"])


async def _switched(session: aiohttp.ClientSession, account: Account, connection_id: str) -> float:
    times = []
    for turn in range(_SWITCHES):
        began = time.monotonic()
        mode = "manual" if turn % 2 == 0 else "hosted"
        await _asked(session, account, "PATCH", f"/connections/{connection_id}", {"mode": mode})
        times.append(time.monotonic() - began)
    return median(times)


async def _asked(session: aiohttp.ClientSession, account: Account, method: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {account.secret}"}
    async with session.request(method, path, json=body, headers=headers) as answer:
        if answer.status >= 300:
            raise RuntimeError(await answer.text())
        return await answer.json()


def _process(module: str) -> psutil.Process:
    """The server process that runs this module."""
    return next(child for child in psutil.Process().children(recursive=True) if module in child.cmdline())


def _cpu(module: str) -> float:
    spent = _process(module).cpu_times()
    return float(spent.user + spent.system)


def turns(dsn: str, postmaster: int, line: Line, calls: int, seconds: float, *, socket: bool) -> dict[str, Any]:
    """Calls with a turn every three seconds, their brain in the server or behind a socket."""
    task: dict[str, Any] = {
        "dsn": dsn,
        "postmaster": postmaster,
        "lines": [line.e164],
        "calls": calls,
        "ramp_sec": max(3.0, calls / 40),
        "measure_sec": seconds,
        "program": (line.connection_id, line.secret) if socket else None,
    }
    return ask(task)


def measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
        dsn = postgres.url("postgres")
        asyncio.run(migrate(dsn))
        here_line, there_line = asyncio.run(open_lines(dsn, 2, Mode.MANUAL))
        echo = asyncio.run(echoes(options.seconds, options.calls / TURN_EVERY_SEC))
        here = turns(dsn, postgres.pid, here_line, options.calls, options.seconds, socket=False)
        there = turns(dsn, postgres.pid, there_line, options.calls, options.seconds, socket=True)
        show_turns(echo, here, there)
        dsn, owners = asyncio.run(_another_database(postgres))
        bare, ours = asyncio.run(idle_sockets(dsn, owners[0], options.sockets))
        print(f"an idle socket: {bare:.1f} KiB on the bare server, {ours:.1f} KiB on ours ({options.sockets} of them)")
        one, many = asyncio.run(switches(dsn, owners[1], owners[2], options.numbers))
        print(
            f"a switch of mode: {1000 * one:.1f} ms with 1 number, {1000 * many:.1f} ms with {options.numbers}: ",
            end="",
        )
        print(f"{many / one:.2f} x")


async def _another_database(postgres: EmbeddedPostgres) -> tuple[str, list[Account]]:
    conn = await asyncpg.connect(postgres.url("postgres"))
    await conn.execute("create database sockets")
    await conn.close()
    await migrate(postgres.url("sockets"))
    return postgres.url("sockets"), await people(postgres.url("sockets"), 3)


def show_turns(echo: float, here: dict[str, Any], there: dict[str, Any]) -> None:
    print(f"{'a bare echo':<34}{1e6 * echo:>8.0f}us")
    for name, found in (("a turn, its brain in the server", here), ("a turn, its brain behind a socket", there)):
        cuts = [1000 * cut for cut in quantiles(found["overheads"], n=100)]
        late = found["unanswered"]
        print(f"{name:<34}{_of_a_turn(found):>8.0f}us  p50 {cuts[49]:.1f} ms  p99 {cuts[98]:.1f} ms  late {late}")
    hop = _of_a_turn(there) - _of_a_turn(here)
    print(f"{'the socket takes':<34}{hop:>8.0f}us  {hop / (1e6 * echo):.2f} x an echo")


def _of_a_turn(found: dict[str, Any]) -> float:
    """Microseconds of the server's CPU."""
    return 1e6 * float(found["process_cpu"]) / int(found["turns"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("--numbers", type=int, default=10_000)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
