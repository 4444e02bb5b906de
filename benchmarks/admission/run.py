"""How many contacts a second can be admitted? One run, one machine, everything sharing its cores.

    uv run python -m benchmarks.admission.run [--seconds 5] [--accounts 1000] [--one-balance]

Prints admissions a second and their ratio to pgbench running the same SQL with eight clients.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from saperly_carriers.clock import SystemClock
from saperly_server.core.db import Database, Tenant
from saperly_server.core.embedded_postgres import EmbeddedPostgres, installed_programs
from saperly_server.core.ids import new_id
from saperly_server.gate import Gate, Intent
from saperly_server.identity import ALL, Caller, Grant
from saperly_server.migrations import migrate

from benchmarks import serving
from benchmarks.admission.world import PEER, Account, people
from benchmarks.serving import IN_FLIGHT, served

CLIENTS = 8
HERE = Path(__file__).parent


def intent(account: Account) -> Intent:
    """One text to the consenting peer."""
    tenant = Tenant(account.workspace_id, "test")
    return Intent(
        kind="message",
        tenant=tenant,
        id=new_id("msg"),
        caller=Caller(tenant, account.key_id, (account.key_id,), Grant(ALL)),
        number_id=account.number_id,
        to=PEER,
        country="US",
        refused=None,
        amount_cents=2,
        row={"body": "Your code is 123456.", "encoding": "GSM-7", "segments": 1},
        handoff="bench",
    )


async def rate(work: Callable[[Account], Awaitable[None]], accounts: list[Account], seconds: float) -> float:
    """Calls of `work` a second, over the accounts in turn."""
    turn = itertools.cycle(accounts)
    return await serving.rate(lambda: work(next(turn)), seconds)


async def one_by_one(dsn: str, accounts: list[Account], seconds: float) -> float:
    """The SQL alone over one connection, 64 intents in each call."""
    db = Database(dsn, SystemClock())
    gate = Gate(db, owner="bench", consent_policy="strict")
    done, stop, turn = 0, time.monotonic() + seconds, itertools.cycle(accounts)
    started = time.monotonic()
    async with db.raw() as conn:
        while time.monotonic() < stop:
            batch = [json.dumps(gate.document(intent(next(turn)))) for _ in range(IN_FLIGHT)]
            await conn.fetchval("select gate_admit($1::jsonb)", f"[{','.join(batch)}]")
            done += IN_FLIGHT
    spent = time.monotonic() - started
    await db.close()
    return done / spent


async def through_python(dsn: str, accounts: list[Account], seconds: float) -> float:
    """The gate as the features use it."""
    db = Database(dsn, SystemClock())
    gate = Gate(db, owner="bench", consent_policy="strict")

    async def admit(account: Account) -> None:
        await gate.admit(intent(account))

    result = await rate(admit, accounts, seconds)
    await db.close()
    return result


async def over_http(dsn: str, accounts: list[Account], seconds: float) -> float:
    """`POST /messages` to a server process, durable, hand-off to the simulated network included."""
    async with served("benchmarks.admission.server", dsn) as session:

        async def send(account: Account) -> None:
            body = {"fromNumberId": account.number_id, "to": PEER, "body": "Your code is 123456."}
            headers = {"Authorization": f"Bearer {account.secret}"}
            async with session.post("/messages", json=body, headers=headers) as response:
                if response.status != 201:
                    raise RuntimeError(await response.text())

        return await rate(send, accounts, seconds)


def pgbench(postgres: EmbeddedPostgres, dsn_database: str, accounts: list[Account], seconds: int) -> float:
    """The same SQL, one intent in each call, eight clients."""
    gate = Gate(None, owner="bench", consent_policy="strict")  # type: ignore[arg-type]
    documents = [gate.document(intent(account)) for account in accounts]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        script = Path(folder) / "admit.sql"
        script.write_text(_script(documents))
        script.chmod(0o644)
        program = installed_programs()[max(installed_programs())] / "pgbench"
        told = subprocess.run(
            [
                program,
                "-n",
                "-c",
                str(CLIENTS),
                "-j",
                "1",
                "-T",
                str(seconds),
                "-f",
                script,
                postgres.url(dsn_database),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    line = next(line for line in told.stdout.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def _script(documents: list[dict[str, object]]) -> str:
    """pgbench gives each call a fresh id; the intents themselves lie in a table."""
    return (
        f"\\set place random(1, {len(documents)})\n"
        "select gate_admit(jsonb_build_array(document || jsonb_build_object("
        "'id', gen_random_uuid(), 'hold_id', gen_random_uuid(), 'operation_id', gen_random_uuid(),"
        " 'audit_id', gen_random_uuid()))) from bench_intents where place = :place;\n"
    )


async def store_intents(dsn: str, accounts: list[Account]) -> None:
    """The intents as pgbench finds them."""
    gate = Gate(None, owner="bench", consent_policy="strict")  # type: ignore[arg-type]
    rows = [(place, json.dumps(gate.document(intent(account)))) for place, account in enumerate(accounts, 1)]
    conn = await asyncpg.connect(dsn)
    await conn.execute("create table bench_intents (place int primary key, document jsonb)")
    await conn.executemany("insert into bench_intents values ($1, $2::jsonb)", rows)
    await conn.close()


def show(name: str, found: float, reference: float) -> None:
    print(f"{name:<44} {found:>8.0f}/s {found / reference:>6.2f} x")


async def measure(seconds: float, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
        dsn = postgres.url("postgres")
        await migrate(dsn)
        accounts = await people(dsn, count)
        await store_intents(dsn, accounts)
        print(f"{count} balance(s), {IN_FLIGHT} in flight, {seconds:g} s each")
        reference = await asyncio.to_thread(pgbench, postgres, "postgres", accounts, max(1, int(seconds)))
        show(f"pgbench, same SQL, {CLIENTS} clients", reference, reference)
        show("SQL alone, 64 in a call, one connection", await one_by_one(dsn, accounts, seconds), reference)
        show("the gate through Python", await through_python(dsn, accounts, seconds), reference)
        show("POST /messages over HTTP, one worker", await over_http(dsn, accounts, seconds), reference)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--one-balance", action="store_true")
    options = parser.parse_args()
    asyncio.run(measure(options.seconds, 1 if options.one_balance else options.accounts))


if __name__ == "__main__":
    main()
