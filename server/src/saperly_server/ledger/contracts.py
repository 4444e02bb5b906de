"""What other features see of the ledger. All amounts are whole cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What a workspace has in one environment: `available` may be spent, `held` is reserved for what is under way."""

    available_cents: int
    held_cents: int

    @property
    def posted_cents(self) -> int:
        return self.available_cents + self.held_cents


@dataclass(frozen=True, slots=True)
class Closed:
    """How a hold ended: `settled` with what it cost, or `released`."""

    state: str
    settled_cents: int
    held_cents: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One move of an account. Entries are numbered by `seq` from 1 without a gap, and never change."""

    id: str
    seq: int
    entry_type: str
    available_delta: int
    held_delta: int
    available_after: int
    held_after: int
    hold_id: str | None
    resource_id: str | None
    key_id: str | None
    created_at: datetime
