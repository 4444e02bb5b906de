"""What the doctor says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks an invariant: which one, whose row, its id, and what is wrong with it in a sentence."""

    invariant: str
    workspace_id: str
    row_id: str
    sentence: str
