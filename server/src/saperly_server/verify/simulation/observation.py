"""What is in the tables after a step: everything that the reference model has an opinion on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .stepped import Reader

_NUMBERS = """
select n.workspace_id, n.id, n.e164, n.state, n.connection_id, n.provisioned_at, n.released_at, h.amount_cents as held,
       h.state as hold_state, h.settled_cents as paid,
       (select count(*) from ledger_entries e
        where e.workspace_id = n.workspace_id and e.resource_id = n.id and e.cause like 'rent:%') as rents
from numbers n join holds h on h.workspace_id = n.workspace_id and h.id = n.hold_id
"""
_CALLS = """
select c.workspace_id, c.id, c.number_id, c.direction, c.from_number, c.to_number, c.status, c.instructions, c.duration_sec,
       c.cost_cents, c.end_reason, c.carrier_call_id, c.key_id, c.rate_micros_per_min, c.answered_at, c.ended_at,
       c.hold_id, h.amount_cents as held, h.state as hold_state
from calls c left join holds h on h.workspace_id = c.workspace_id and h.id = c.hold_id
"""
_TEXTS = """
select m.workspace_id, m.id, m.number_id, m.direction, m.from_number, m.to_number, m.body, m.segments, m.status, m.purpose,
       m.cost_cents, m.carrier_message_id, m.key_id, m.handed_off_at, h.amount_cents as held, h.state as hold_state
from messages m left join holds h on h.workspace_id = m.workspace_id and h.id = m.hold_id
"""
_MONEY = """
select workspace_id, available_cents, held_cents, h.seq from accounts join audit_heads h using (workspace_id)
where environment = 'live'
"""
_TRAIL = """
select workspace_id, seq, event_type, target_id, data, created_at from audit_events
where seq > coalesce(($1::jsonb->>workspace_id)::bigint, 0)
  and event_type in ('message.received', 'call.answered', 'consent.granted', 'consent.revoked', 'consent.upgraded',
                     'suppression.added', 'suppression.lifted')
order by workspace_id, seq
"""
_STATES = """
select p.*, compliance_state(p.workspace_id, 'live', p.number_id, p.peer) as state
from jsonb_to_recordset($1::jsonb) as p(workspace_id text, number_id text, peer text)
"""


@dataclass(frozen=True, slots=True)
class Observation:
    """Rows by id, in the order in which they were made; money by workspace; the audit trail's news since the last one."""

    numbers: Mapping[str, Any]
    calls: Mapping[str, Any]
    texts: Mapping[str, Any]
    money: Mapping[str, tuple[int, int]]
    trail: Mapping[str, int]

    def of(self, workspace_id: str) -> tuple[object, ...]:
        """Everything about one workspace, to see whether anything has changed."""
        rows = (row for table in (self.numbers, self.calls, self.texts) for row in table.values())
        own = [tuple(row) for row in rows if row["workspace_id"] == workspace_id]
        return (own, self.money.get(workspace_id), self.trail.get(workspace_id))


async def observe(reader: Reader) -> Observation:
    accounts = await reader.rows(_MONEY)
    money = {row["workspace_id"]: (row["available_cents"], row["held_cents"]) for row in accounts}
    return Observation(
        await _by_id(reader, _NUMBERS),
        await _by_id(reader, _CALLS),
        await _by_id(reader, _TEXTS),
        money,
        {row["workspace_id"]: row["seq"] for row in accounts},
    )


async def _by_id(reader: Reader, query: str) -> dict[str, Any]:
    return {row["id"]: row for row in await reader.rows(f"{query} order by 2")}


async def news_of_the_trail(reader: Reader, after: str) -> list[Any]:
    """What the audit trail says about consent since, in its order. `after`: a JSON object of sequence numbers by workspace."""
    return await reader.rows(_TRAIL, after)


async def consent_states(reader: Reader, pairs: str) -> dict[tuple[str, str, str], str]:
    """The gate's own answer for a JSON array of `{workspace_id, number_id, peer}`."""
    rows = await reader.rows(_STATES, pairs)
    return {(row["workspace_id"], row["number_id"], row["peer"]): row["state"] for row in rows}
