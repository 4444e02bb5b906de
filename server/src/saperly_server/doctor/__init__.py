"""The doctor: recomputes from the tables what must always hold, and names every row that breaks it. See README.md."""

from .cheap import cheap
from .contracts import Finding
from .operations import INVARIANTS, MONEY, examine, examine_money, statement
from .watch import Watch

__all__ = ["INVARIANTS", "MONEY", "Finding", "Watch", "cheap", "examine", "examine_money", "statement"]
