"""How many text calls can one process hold, how late are its replies, what does a call cost? One run, one machine.

uv run python -m benchmarks.calls.run [--calls 500 2000 5000] [--seconds 20] [--profile FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import quantiles
from typing import Any

from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate

from benchmarks.calls.world import open_lines

LINES = 100
CALLS_A_SECOND = 40.0
"""How fast the calls begin."""
HEAD = (
    f"{'':<24}{'calls':>7}{'turns/s':>9}{'late':>6}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}"
    f"{'cpu/turn':>10}{'db/turn':>9}{'cores':>7}{'gc ms':>7}{'KiB/call':>10}"
)


def ask(task: dict[str, Any]) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.calls.server", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(name: str, found: dict[str, Any]) -> None:
    """CPU in microseconds a turn, of the process and of the database; `cores`: how many of them both kept busy."""
    cuts = [1000 * cut for cut in quantiles(found["overheads"], n=100)]
    turns, calls, seconds = found["turns"], found["calls"], found["seconds"]
    process, database = found["process_cpu"], found["database_cpu"]
    print(
        f"{name:<24}{calls:>7}{turns / seconds:>9.0f}{found['unanswered']:>6}{cuts[49]:>8.1f}{cuts[98]:>8.1f}"
        f"{1000 * max(found['overheads']):>8.1f}{1e6 * process / turns:>8.0f}us{1e6 * database / turns:>7.0f}us"
        f"{(process + database) / seconds:>7.2f}{1000 * found['longest_pause']:>7.0f}{found['memory'] / calls / 1024:>10.1f}",
        flush=True,
    )
    for problem in found["problems"][:5]:
        print(f"  the doctor says ({len(found['problems'])} in all): {problem}")


def measure(counts: list[int], seconds: float, profile: str | None) -> None:
    print(HEAD)
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder) / "data") as postgres:
            dsn = postgres.url("postgres")
            asyncio.run(migrate(dsn))
            task: dict[str, Any] = {
                "dsn": dsn,
                "postmaster": postgres.pid,
                "lines": [line.e164 for line in asyncio.run(open_lines(dsn, LINES))],
                "calls": count,
                "ramp_sec": max(3.0, count / CALLS_A_SECOND),
                "measure_sec": seconds,
            }
            whole = ask({**task, "profile": profile})
            show("server and network", whole)
            alone = ask({**task, "dsn": None})
            show("network alone", alone)
            show_difference(whole, alone)


def show_difference(whole: dict[str, Any], alone: dict[str, Any]) -> None:
    cpu = whole["process_cpu"] / whole["turns"] - alone["process_cpu"] / alone["turns"]
    memory = (whole["memory"] - alone["memory"]) / whole["calls"]
    print(f"{'the server itself':<24}{whole['calls']:>7}{'':>39}{1e6 * cpu:>8.0f}us{'':>23}{memory / 1024:>10.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[500, 2000, 5000])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--profile", help="write where the process was, sampled, to this file")
    options = parser.parse_args()
    measure(options.calls, options.seconds, options.profile)


if __name__ == "__main__":
    main()
