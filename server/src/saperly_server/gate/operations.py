"""Asking the gate. The decision itself is one SQL function, `gate_admit`, over an array of intents.

Concurrent admissions of one process are folded into one call and one commit; each gets its own typed answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from saperly_server.core.batch import Folded
from saperly_server.core.db import Database, Tenant
from saperly_server.core.ids import new_id
from saperly_server.idempotency import IdempotencyKeyMismatch, Scope
from saperly_server.outbox import Operation

from .contracts import RULES, Admission, Admitted, Intent, Repeated
from .errors import refusal

_REMEMBERED = "select gate_remembered($1::jsonb)"


class Gate:
    """The only way out. `owner` names this process in leases; `lease_sec` is how long it may take over a hand-off; `touched` is
    told whose money was held."""

    def __init__(
        self,
        db: Database,
        *,
        owner: str,
        consent_policy: str,
        lease_sec: float = 30.0,
        touched: Callable[[Tenant], None] | None = None,
    ) -> None:
        self._db = db
        self._owner = owner
        self._consent_policy = consent_policy
        self._lease_sec = lease_sec
        self._admit = Folded(db, "gate_admit")
        self._touched = touched

    async def admit(self, intent: Intent) -> Admission:
        """Admit one intent, or raise the typed refusal: nothing has happened then.

        Every refusal leaves a line in the audit trail.
        """
        verdict = await self._admit(self.document(intent), intent.tenant.workspace_id)
        admission = _admission(intent, verdict)
        if self._touched is not None:
            self._touched(intent.tenant)
        return admission

    async def remembered(self, scope: Scope) -> Repeated | None:
        """What an earlier request with this key made. IdempotencyKeyMismatch when that was a different request."""
        keyed = {"workspace_id": scope.workspace_id, "key_id": scope.key_id, "idempotency": scope.intent()}
        async with self._db.raw() as conn:
            verdict = await conn.fetchval(_REMEMBERED, orjson.dumps(keyed).decode())
        return None if verdict is None else _repeated(verdict)

    def document(self, intent: Intent) -> dict[str, Any]:
        caller = intent.caller
        return {
            "kind": intent.kind,
            "workspace_id": intent.tenant.workspace_id,
            "environment": intent.tenant.environment,
            "id": intent.id,
            "hold_id": intent.hold_id,
            "operation_id": intent.operation_id if intent.handoff else None,
            "audit_id": new_id("aud"),
            "actor": caller.actor if caller else "network",
            "key_id": caller.key_id if caller else None,
            "path": list(caller.path) if caller else [],
            "number_id": intent.number_id,
            "to": intent.to,
            "country": intent.country,
            "refused": intent.refused,
            "amount_cents": intent.amount_cents,
            "consent_policy": self._consent_policy,
            "inbound": intent.inbound,
            "owner": self._owner,
            "lease_sec": self._lease_sec,
            "handoff": intent.handoff,
            "rules": RULES,
            "row": intent.row,
            "idempotency": intent.idempotency.intent() if intent.idempotency else None,
        }


def _admission(intent: Intent, verdict: dict[str, Any]) -> Admission:
    match verdict["verdict"]:
        case "admitted":
            operation = Operation(intent.operation_id, intent.tenant, intent.handoff or "", intent.id)
            return Admitted(intent, operation, verdict["made"])
        case "refused":
            raise refusal(verdict["tag"], verdict["facts"])
    return _repeated(verdict)


def _repeated(verdict: dict[str, Any]) -> Repeated:
    if verdict["verdict"] == "mismatch":
        raise IdempotencyKeyMismatch("This Idempotency-Key was used for a different request.")
    if verdict["verdict"] == "in_progress":
        return Repeated(verdict["resource_id"])
    return Repeated(verdict["resource_id"], verdict["status"], verdict["body"].encode())
