"""What other features see of the ledger. All amounts are whole cents."""

from __future__ import annotations

from dataclasses import dataclass


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
