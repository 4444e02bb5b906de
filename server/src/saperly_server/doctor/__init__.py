"""The doctor: recomputes from the tables what must always hold, and names every row that breaks it. See README.md."""

from .contracts import Finding
from .operations import INVARIANTS, examine

__all__ = ["INVARIANTS", "Finding", "examine"]
