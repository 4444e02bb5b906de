"""The reference for one workspace: what it was given, what it asked for, and what has to come of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .client import Answer
from .consent_model import ConsentModel
from .customers import Customer

RENT_CENTS = 250
SMS_CENTS = 2
CALL_CENTS_PER_MIN = {"hosted": 26, "manual": 13}
FIRST_HOLD_SEC, HOLD_STEP_SEC = 120, 60


@dataclass(slots=True)
class Key:
    """A key: `cap` is all that it may ever spend, None without one."""

    id: str
    secret: str
    cap: int | None = None
    revoked: bool = False


@dataclass(slots=True)
class Attempt:
    """A request that makes something, as it was sent; and what it was answered, None for no answer."""

    path: str
    body: dict[str, Any]
    key: Key
    idempotency_key: str | None
    at: datetime
    answers: list[Answer | None] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    @property
    def first_success(self) -> Answer | None:
        return next((answer for answer in self.answers if answer is not None and answer.status == 201), None)


@dataclass(slots=True)
class WorkspaceModel:
    """`credit` is all the money that ever came in, in cents."""

    name: str
    customer: Customer
    credit: int
    keys: list[Key]
    connections: dict[str, str] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    consent: ConsentModel = field(default_factory=ConsentModel)
    payments: int = 0
    opt_out_times: dict[str, list[tuple[datetime, bool]]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.customer.tenant.workspace_id

    @property
    def root(self) -> Key:
        return self.keys[0]

    def was_opted_out(self, peer: str, at: datetime) -> bool:
        """Had the peer opted out before `at`? What happened at that very instant is not held against anybody."""
        before = [state for when, state in self.opt_out_times.get(peer, []) if when < at]
        same_instant = any(when == at for when, _ in self.opt_out_times.get(peer, []))
        return bool(before) and before[-1] and not same_instant


def own(rows: Mapping[str, Any], workspace_id: str) -> list[Any]:
    return [row for row in rows.values() if row["workspace_id"] == workspace_id]


def spent_by(key: Key, *tables: Mapping[str, Any]) -> int:
    """What counts against a key: the holds that are open, and what the others came to."""
    rows = [row for table in tables for row in table.values() if row["key_id"] == key.id]
    return sum(row["held"] if row["hold_state"] == "open" else row["cost_cents"] or 0 for row in rows)


def call_hold_is_possible(cents: int, rate_cents_per_min: int) -> bool:
    """A call is held for 120 seconds, and for 60 more each time it goes on."""
    first, step = rate_cents_per_min * FIRST_HOLD_SEC // 60, rate_cents_per_min * HOLD_STEP_SEC // 60
    return cents >= first and (cents - first) % step == 0
