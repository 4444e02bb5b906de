"""Proofs that anybody can run: whole histories, crowds, faults and crashes against what must always hold. See README.md.

A proof is many trials. A trial is made from a seed alone, so a failing one is run again by its seed.
"""

from .contracts import Broken, Failure, Proof, Result, Trial
from .ground import Ground
from .proofs import PROOFS
from .report import Report
from .runner import run, run_trials

__all__ = ["PROOFS", "Broken", "Failure", "Ground", "Proof", "Report", "Result", "Trial", "run", "run_trials"]
