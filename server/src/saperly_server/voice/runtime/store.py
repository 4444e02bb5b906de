"""What a live call leaves in the database, one transaction for each input, fenced by the call's ownership."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import update

from saperly_server import ledger
from saperly_server.audit import record
from saperly_server.compliance import opt_out
from saperly_server.core.batch import Folded
from saperly_server.core.db import Database, Tenant, Tx
from saperly_server.core.ids import new_id
from saperly_server.ledger import RateCard
from saperly_server.voice.engine import input_to_dict
from saperly_server.voice.engine.effects import (
    DisclosurePhase,
    Effect,
    Finish,
    RecordDisclosure,
    RecordOptOut,
    RecordTurn,
)
from saperly_server.voice.engine.inputs import Input
from saperly_server.voice.lease import FORGOTTEN_SEC, LEASE_SEC
from saperly_server.voice.models import calls
from saperly_server.webhooks import emit

_RENEW = """
    insert into call_owners (owner, lease_until) values ($1, $2)
    on conflict (owner) do update set lease_until = excluded.lease_until
"""
_FORGET = "delete from call_owners where lease_until < $1"
_WEIGHTY = (Finish, RecordOptOut)


class NotOwner(Exception):
    """Another process has taken this call over: leave it alone."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What never changes about a call: whose it is, what it costs, which hold pays for it.

    `vouched`: the network says that the caller is who the number says.
    """

    tenant: Tenant
    call_id: str
    number_id: str
    peer: str
    from_number: str
    to_number: str
    hold_id: str
    rate_micros_per_min: int
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One accepted input and what it makes permanent."""

    seq: int
    event: Input
    at: datetime
    effects: Sequence[Effect]


class CallStore:
    """Writes steps. Most go in batches of many calls; those that end a call or revoke consent go alone."""

    def __init__(self, db: Database, rates: RateCard, owner: str) -> None:
        self._db = db
        self._rates = rates
        self._owner = owner
        self._log = Folded(db, "voice_log")
        self._extend = Folded(db, "voice_extend")

    async def write(self, facts: CallFacts, step: Step) -> None:
        """Store a step. NotOwner when the call is not this process's any more."""
        if any(type(effect) in _WEIGHTY for effect in step.effects):
            await self._write_alone(facts, step)
        elif not await self._log(self._item(facts, step)):
            raise NotOwner

    async def extend(self, facts: CallFacts, paid_sec: int) -> bool:
        """Hold the money for `paid_sec` seconds in all; False when it is refused."""
        item = {
            "workspace_id": facts.tenant.workspace_id,
            "environment": facts.tenant.environment,
            "hold_id": facts.hold_id,
            "amount": self._rates.voice_cents(facts.rate_micros_per_min, paid_sec),
        }
        return bool(await self._extend(item))

    async def renew(self) -> None:
        """Say that this process is there, and so still holds its live calls.

        It does not wait in one line with everything else that wants the database: a process that is merely busy must not
        lose its calls.
        """
        now = self._db.now()
        lease_until, forgotten = now + timedelta(seconds=LEASE_SEC), now - timedelta(seconds=FORGOTTEN_SEC)
        async with self._db.raw() as conn:
            await conn.execute(_RENEW, self._owner, lease_until)
            await conn.execute(_FORGET, forgotten)

    def _item(self, facts: CallFacts, step: Step) -> dict[str, Any]:
        disclosure = next((effect for effect in step.effects if isinstance(effect, RecordDisclosure)), None)
        return {
            "workspace_id": facts.tenant.workspace_id,
            "environment": facts.tenant.environment,
            "call_id": facts.call_id,
            "owner": self._owner,
            "seq": step.seq,
            "input": input_to_dict(step.event),
            "at": step.at,
            "turns": [_turn(effect) for effect in step.effects if isinstance(effect, RecordTurn)],
            "disclosure": None if disclosure is None else _disclosure(disclosure),
        }

    async def _write_alone(self, facts: CallFacts, step: Step) -> None:
        finish = next((effect for effect in step.effects if isinstance(effect, Finish)), None)
        async with self._db.system() as tx:
            await ledger.lock(tx, facts.tenant)
            if not all(await tx.call("voice_log", items=orjson.dumps([self._item(facts, step)]).decode(), now=tx.now)):
                raise NotOwner
            for effect in step.effects:
                if isinstance(effect, RecordOptOut):
                    await _record_opt_out(tx, facts, effect)
            if finish is not None:
                await self._file(tx, facts, finish, await self._settle(tx, facts, finish))

    async def _settle(self, tx: Tx, facts: CallFacts, finish: Finish) -> int:
        """Answered: what was measured is charged. Never answered: the whole hold is free again. What it cost."""
        if finish.status == "completed":
            cents = self._rates.voice_cents(facts.rate_micros_per_min, finish.duration_sec)
            closed = await ledger.settle(tx, facts.tenant.workspace_id, facts.hold_id, cents)
        else:
            closed = await ledger.release(tx, facts.tenant.workspace_id, facts.hold_id)
        return closed.settled_cents

    async def _file(self, tx: Tx, facts: CallFacts, finish: Finish, cost: int) -> None:
        """Status, duration and cost in one step, with the one event that tells of the end."""
        await tx.run(
            update(calls)
            .where(*_this(facts))
            .values(
                status=finish.status.value,
                duration_sec=finish.duration_sec,
                cost_cents=cost,
                end_reason=finish.reason,
                ended_at=finish.ended_at,
                owner=None,
                lease_until=None,
            )
        )
        payload = {
            "callId": facts.call_id,
            "status": finish.status.value,
            "durationSec": finish.duration_sec,
            "costCents": cost,
            "from": facts.from_number,
            "to": facts.to_number,
            "hangupCause": finish.reason,
        }
        await record(tx, facts.tenant, "network", "call.ended", "call", facts.call_id, payload)
        event_type = "call.completed" if finish.status == "completed" else "call.failed"
        await emit(tx, facts.tenant, event_type, facts.number_id, payload)


def _turn(effect: RecordTurn) -> dict[str, Any]:
    return {
        "seq": effect.seq,
        "role": effect.role.value,
        "text": effect.text,
        "heard": effect.heard,
        "interrupted": effect.interrupted,
        "at": effect.at,
    }


async def _record_opt_out(tx: Tx, facts: CallFacts, effect: RecordOptOut) -> None:
    evidence = {"callId": facts.call_id, "evidence": effect.evidence}
    await opt_out(tx, facts.tenant, facts.number_id, facts.peer, effect.via.value, evidence)


def _disclosure(effect: RecordDisclosure) -> dict[str, Any]:
    return {
        "audit_id": new_id("aud"),
        "text": effect.text,
        "outcome": effect.phase.value,
        "at": effect.at,
        "over": effect.phase is not DisclosurePhase.STARTED,
    }


def _this(facts: CallFacts) -> tuple[Any, ...]:
    return (calls.c.workspace_id == facts.tenant.workspace_id, calls.c.id == facts.call_id)
