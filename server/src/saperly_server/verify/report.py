"""The report of a run: for a person, for a page of the documentation, for a program."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from typing import Any

from .contracts import Failure, Result


@dataclass(slots=True)
class Report:
    """What every proof came to, and where."""

    seed: int
    results: list[Result] = field(default_factory=list)

    @property
    def failures(self) -> list[Failure]:
        return [failure for result in self.results for failure in result.failures]

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": not self.failures,
            "seed": self.seed,
            "machine": machine(),
            "proofs": [_as_dict(result) for result in self.results],
        }

    def as_markdown(self) -> str:
        """A table with one line for each proof, and what failed below it."""
        head = ["| proof | trials | steps | seconds | broken |", "| --- | --- | --- | --- | --- |"]
        broken = [f"- `{one.replay}`\n\n  {one.problem}" for one in self.failures]
        return "\n".join([f"Seed {self.seed}. {machine()}.", "", *head, *map(_row, self.results), "", *broken]) + "\n"


def machine() -> str:
    """Which machine this is, in a line."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _row(result: Result) -> str:
    trials = f"{result.trials:,} × {result.proof.trial}"
    return f"| {result.proof.claim} | {trials} | {result.steps:,} | {result.seconds:.0f} | {len(result.failures)} |"


def _as_dict(result: Result) -> dict[str, Any]:
    return {
        "name": result.proof.name,
        "claim": result.proof.claim,
        "trials": result.trials,
        "steps": result.steps,
        "seconds": round(result.seconds, 1),
        "failures": [{"seed": f.seed, "problem": f.problem, "replay": f.replay} for f in result.failures],
    }
