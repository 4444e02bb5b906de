"""What a proof is, and what running it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from .ground import Ground


class Broken(AssertionError):
    """Something that must always hold did not. The message says what, and what had been done before."""


Trial = Callable[[int], Awaitable[int]]
"""Runs everything that follows from one seed; how many steps that were. Raises Broken."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One kind of evidence: trials of it run one after another on ground that `open` prepares."""

    name: str
    """In the field's words, as `--only` takes it: `ledger-histories`."""
    claim: str
    """What holds when no trial fails, in a sentence."""
    trial: str
    """What one trial is, for the report: `history of 50 moves`."""
    share: float
    """Its part of the time, relative to the other proofs."""
    open: Callable[[Ground], AbstractAsyncContextManager[Trial]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A trial that broke something, and the command that runs it again."""

    proof: str
    seed: int
    problem: str

    @property
    def replay(self) -> str:
        return f"saperly verify --only {self.proof} --seed {self.seed} --trials 1"


@dataclass(slots=True)
class Result:
    """What the trials of one proof came to. Seeds run from `first_seed` upwards without a gap."""

    proof: Proof
    first_seed: int
    trials: int = 0
    steps: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
