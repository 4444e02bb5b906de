"""What a live call leaves in the database, one transaction for each input, fenced by the call's ownership."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from saperly_server import ledger
from saperly_server.audit import record
from saperly_server.compliance import opt_out
from saperly_server.core.batch import Batcher
from saperly_server.core.db import Database, Tenant, Tx
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
from saperly_server.voice.lease import LEASE_SEC
from saperly_server.voice.models import call_inputs, calls, disclosures, transcript_turns
from saperly_server.webhooks import emit

_LOG = "select voice_log($1::jsonb)"


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
    """Writes steps. Most go in batches of many calls; those that touch money or consent go alone."""

    def __init__(self, db: Database, rates: RateCard, owner: str) -> None:
        self._db = db
        self._rates = rates
        self._owner = owner
        self._batcher = Batcher(self._log)

    async def write(self, facts: CallFacts, step: Step) -> None:
        """Store a step. NotOwner when the call is not this process's any more."""
        weighty = [effect for effect in step.effects if isinstance(effect, Finish | RecordOptOut | RecordDisclosure)]
        if weighty:
            await self._write_alone(facts, step, weighty)
        elif not await self._batcher.add(self._item(facts, step)):
            raise NotOwner

    async def extend(self, facts: CallFacts, paid_sec: int) -> bool:
        """Hold the money for `paid_sec` seconds in all; False when it is refused."""
        cents = self._rates.voice_cents(facts.rate_micros_per_min, paid_sec)
        async with self._db.system() as tx:
            return await ledger.extend(tx, facts.tenant.workspace_id, facts.hold_id, cents)

    async def renew(self) -> None:
        """Say that this process still holds its live calls."""
        async with self._db.system() as tx:
            await tx.run(
                update(calls)
                .where(calls.c.owner == self._owner, calls.c.status == "initiated")
                .values(lease_until=tx.now + timedelta(seconds=LEASE_SEC))
            )

    async def _log(self, items: list[str]) -> list[Any]:
        async with self._db.raw() as conn:
            answers: list[Any] = await conn.fetchval(_LOG, f"[{','.join(items)}]")
            return answers

    def _item(self, facts: CallFacts, step: Step) -> str:
        item = {
            "workspace_id": facts.tenant.workspace_id,
            "call_id": facts.call_id,
            "owner": self._owner,
            "seq": step.seq,
            "input": input_to_dict(step.event),
            "at": step.at,
            "turns": [_turn(effect) for effect in step.effects if isinstance(effect, RecordTurn)],
        }
        return orjson.dumps(item).decode()

    async def _write_alone(self, facts: CallFacts, step: Step, weighty: Sequence[Effect]) -> None:
        finish = next((effect for effect in weighty if isinstance(effect, Finish)), None)
        async with self._db.system() as tx:
            await ledger.lock(tx, facts.tenant)
            await self._own(tx, facts)
            await self._append(tx, facts, step)
            for effect in weighty:
                if isinstance(effect, RecordOptOut):
                    await _record_opt_out(tx, facts, effect)
                elif isinstance(effect, RecordDisclosure):
                    await _record_disclosure(tx, facts, effect)
            if finish is not None:
                await self._file(tx, facts, finish, await self._settle(tx, facts, finish))

    async def _own(self, tx: Tx, facts: CallFacts) -> None:
        row = await tx.one(
            select(calls.c.id)
            .where(*_this(facts), calls.c.owner == self._owner, calls.c.status == "initiated")
            .with_for_update()
        )
        if row is None:
            raise NotOwner

    async def _append(self, tx: Tx, facts: CallFacts, step: Step) -> None:
        key = {"workspace_id": facts.tenant.workspace_id, "call_id": facts.call_id}
        await tx.run(insert(call_inputs).values(**key, seq=step.seq, input=input_to_dict(step.event), at=step.at))
        turns = [{**key, **_turn(effect)} for effect in step.effects if isinstance(effect, RecordTurn)]
        if turns:
            await tx.run(upsert(transcript_turns).values(turns).on_conflict_do_nothing())

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


async def _record_disclosure(tx: Tx, facts: CallFacts, effect: RecordDisclosure) -> None:
    """The text, its hash, when it began and ended and how; and one line in the audit trail for each phase."""
    digest = hashlib.sha256(effect.text.encode()).digest()
    over = effect.phase is not DisclosurePhase.STARTED
    values = {"outcome": effect.phase.value, "ended_at": effect.at if over else None}
    await tx.run(
        upsert(disclosures)
        .values(
            workspace_id=facts.tenant.workspace_id,
            call_id=facts.call_id,
            text=effect.text,
            sha256=digest,
            started_at=effect.at,
            **values,
        )
        .on_conflict_do_update(index_elements=["workspace_id", "call_id"], set_=values)
    )
    data = {"sha256": digest.hex()}
    await record(tx, facts.tenant, "system", f"disclosure.{effect.phase}", "call", facts.call_id, data)


def _this(facts: CallFacts) -> tuple[Any, ...]:
    return (calls.c.workspace_id == facts.tenant.workspace_id, calls.c.id == facts.call_id)
