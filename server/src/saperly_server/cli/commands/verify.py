"""`saperly verify`: prove on this machine, with a scratch database, what the documentation promises."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.output import AsJson, for_machine

if TYPE_CHECKING:
    from saperly_server.verify import Proof, Report, Result

_UNITS = {"s": 1, "m": 60, "h": 3600}


def verify(
    budget: Annotated[str, typer.Option(help="How long to try: 90s, 30m, 8h.")] = "30m",
    seed: Annotated[int | None, typer.Option(help="The first seed. Without it, another one each time.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A proof by its name; may be repeated.")] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="So many trials of each proof, however long.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run histories, crowds, faults and crashes against what must always hold. Ends with code 1 when anything broke."""
    import asyncio
    import logging

    import structlog

    # The servers under trial have every reason to complain; what counts is the report.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chosen = _chosen(only or [])
    first = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    machine = for_machine(as_json)
    made = asyncio.run(_run(chosen, first, _seconds(budget), trials, quiet=machine))
    if report is not None:
        report.write_text(made.as_markdown(), "utf-8")
    print(json.dumps(made.as_dict()) if machine else _closing(made))
    if made.failures:
        raise typer.Exit(Exit.FAILED)


def _chosen(names: list[str]) -> list[Proof]:
    from saperly_server.verify import PROOFS

    known = {proof.name: proof for proof in PROOFS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Problem(
            f"There is no proof called {unknown[0]}.", fix=f"one of: {', '.join(known)}", exit_code=Exit.USAGE
        )
    return [known[name] for name in names] or list(PROOFS)


def _seconds(budget: str) -> float:
    number, unit = budget[:-1], budget[-1:]
    if unit not in _UNITS or not number.isdecimal():
        raise Problem(f"{budget} is not a span of time.", fix="write 90s, 30m or 8h", exit_code=Exit.USAGE)
    return int(number) * _UNITS[unit]


async def _run(proofs: list[Proof], seed: int, budget_sec: float, trials: int | None, *, quiet: bool) -> Report:
    from saperly_server.verify import Ground, Report, run, run_trials

    progress = None if quiet else _show
    async with Ground.scratch() as ground:
        if trials is None:
            return await run(proofs, ground, seed=seed, budget_sec=budget_sec, progress=progress)
        made = Report(seed)
        for proof in proofs:
            made.results.append(await run_trials(proof, ground, seed, trials))
            if progress is not None:
                progress(made.results[-1])
        return made


def _show(result: Result) -> None:
    mark = "✗" if result.failures else "✓"
    print(f"{mark} {result.proof.claim}: {result.trials:,} trials, {result.steps:,} steps, {result.seconds:.0f} s")
    for failure in result.failures:
        print(f"  {failure.problem}\n  again: {failure.replay}")


def _closing(report: Report) -> str:
    trials = sum(result.trials for result in report.results)
    return f"Seed {report.seed}: {len(report.failures)} broken in {trials:,} trials."
