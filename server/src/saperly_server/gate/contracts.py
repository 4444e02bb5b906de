"""What the gate takes and gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from saperly_server.core.db import Tenant
from saperly_server.core.ids import new_id
from saperly_server.idempotency import Scope
from saperly_server.identity import Caller
from saperly_server.outbox import Operation

RULES = "2026-11-21"
"""Version of the rule set that decides; kept with every decision."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One outbound contact, inbound call to be paid for, or purchase, that wants to happen.

    `id` names the message, call or number it will be. `caller` is None for what nobody asked for by key (an inbound
    call). `refused` says why the destination is never allowed; `row` is what the feature stores; `handoff` the kind of
    carrier operation that carries it out (None: nothing to send).
    """

    kind: Literal["message", "call", "number"]
    tenant: Tenant
    id: str
    caller: Caller | None
    number_id: str | None
    to: str | None
    country: str | None
    refused: str | None
    amount_cents: int
    row: dict[str, Any]
    handoff: str | None
    inbound: bool = False
    idempotency: Scope | None = None
    hold_id: str = field(default_factory=lambda: new_id("hold"))
    operation_id: str = field(default_factory=lambda: new_id("op"))


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may happen: its row, hold, audit line and (with a hand-off) its carrier operation are committed.

    `made` is what the feature's own part of the admission returned.
    """

    intent: Intent
    operation: Operation
    made: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same request was admitted before. `status` and `body` are its answer, None while that is not known yet."""

    resource_id: str
    status: int | None = None
    body: bytes | None = None


Admission = Admitted | Repeated
