"""Running proofs: a number of trials of one, or all of them within a span of time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence

from .contracts import Broken, Failure, Proof, Result, Trial
from .ground import Ground
from .report import Report

Enough = Callable[[Result], bool]
Progress = Callable[[Result], None]


async def run_trials(proof: Proof, ground: Ground, first_seed: int, count: int) -> Result:
    """Exactly `count` trials, unless one fails: then it ends there."""
    return await _prove(proof, ground, first_seed, lambda result: result.trials >= count)


async def run(
    proofs: Sequence[Proof], ground: Ground, *, seed: int, budget_sec: float, progress: Progress | None = None
) -> Report:
    """Every proof for its share of `budget_sec`, each with at least one trial."""
    shares = sum(proof.share for proof in proofs)
    report = Report(seed)
    for proof in proofs:
        stop = time.monotonic() + budget_sec * proof.share / shares
        result = await _prove(proof, ground, seed, lambda _, stop=stop: time.monotonic() >= stop)  # type: ignore[misc]
        report.results.append(result)
        if progress is not None:
            progress(result)
    return report


async def _prove(proof: Proof, ground: Ground, first_seed: int, enough: Enough) -> Result:
    result, started = Result(proof, first_seed), time.monotonic()
    try:
        async with proof.open(ground) as trial:
            while not result.failures and (result.trials == 0 or not enough(result)):
                await _try(trial, result)
    except Broken as broken:
        # The ground could not be prepared: that is a finding, too.
        result.failures.append(Failure(proof.name, first_seed, str(broken)))
    result.seconds = time.monotonic() - started
    return result


async def _try(trial: Trial, result: Result) -> None:
    seed = result.first_seed + result.trials
    result.trials += 1
    try:
        result.steps += await trial(seed)
    except Broken as broken:
        result.failures.append(Failure(result.proof.name, seed, str(broken)))
    except Exception:
        # A trial that cannot be carried to its end has failed as well.
        result.failures.append(Failure(result.proof.name, seed, traceback.format_exc()))
