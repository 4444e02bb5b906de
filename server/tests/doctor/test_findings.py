"""Whatever one row says wrongly, the doctor names the row.

Each case is done by the owner of the tables with every guard off, as a bug of ours or a hand in the database could do it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from saperly_server.doctor import INVARIANTS, examine
from sqlalchemy import text

from .conftest import Month


@dataclass(frozen=True, slots=True)
class Harm:
    """Statements that do it, the invariant they break, and a query for the id of the row that must be named."""

    invariant: str
    done_by: tuple[str, ...]
    named: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.done_by[-1][:60]}"


def _harm(invariant: str, *done_by: str, named: str) -> Harm:
    return Harm(invariant, done_by, named)


ENTRY = "(select id from ledger_entries where entry_type = '{}' order by seq limit 1)"
SETTLE, RESERVE, TOPUP = (ENTRY.format(kind) for kind in ("settle", "reserve", "topup"))
CALL = "(select id from calls where status = 'completed' and direction = 'outbound' limit 1)"
SENT = "(select id from messages where status = 'delivered' and purpose = 'customer' limit 1)"
REFUSED = "(select id from messages where status = 'failed' limit 1)"
GATE_REFUSED = "(select target_id from audit_events where event_type = 'gate.refused' order by seq limit 1)"
NUMBER = "(select id from numbers where state = 'active' and connection_id is not null limit 1)"
GONE = "(select id from numbers where state = 'released' limit 1)"
SETTLED = "(select id from holds where state = 'settled' and purpose = 'call' limit 1)"
CHILD = "(select id from api_keys where cardinality(path) = 3)"
PARENT = "(select path[2] from api_keys where cardinality(path) = 3)"
STOPPED = "(select id from suppressions where origin = 'peer' and lifted_at is null)"
STARTED = "(select id from suppressions where lifted_at is not null)"
LAST = "(select max(seq) from audit_events)"

HARMS = (
    _harm("L-1", f"update ledger_entries set contra_delta = contra_delta + 1 where id = {SETTLE}", named=SETTLE),
    _harm("L-1", f"update ledger_entries set contra_account = 'promo' where id = {SETTLE}", named=SETTLE),
    _harm(
        "L-2", "update accounts set available_cents = available_cents + 1 where environment = 'live'", named="'live'"
    ),
    _harm("L-2", "delete from accounts where environment = 'live'", named="'live'"),
    _harm(
        "L-3",
        "update accounts set available_cents = -1 where environment = 'live'",
        named="'live'",
    ),
    _harm(
        "L-3",
        f"update ledger_entries set held_after = -1 where id = {RESERVE}",
        named=RESERVE,
    ),
    _harm("L-4", "update accounts set held_cents = held_cents + 1 where environment = 'test'", named="'test'"),
    _harm("L-5", f"update holds set state = 'open', closed_at = null where id = {SETTLED}", named=SETTLED),
    _harm("L-5", f"update holds set state = 'released' where id = {SETTLED}", named=SETTLED),
    _harm("L-6", f"update holds set amount_cents = amount_cents + 1 where id = {SETTLED}", named=SETTLED),
    _harm("L-6", f"update holds set settled_cents = settled_cents - 1 where id = {SETTLED}", named=SETTLED),
    _harm("L-7", f"update ledger_entries set available_after = available_after + 1 where id = {SETTLE}", named=SETTLE),
    _harm(
        "L-7",
        f"delete from ledger_entries where id = {RESERVE}",
        named=f"(select id from ledger_entries where seq = (select seq + 1 from ledger_entries where id = {RESERVE}))",
    ),
    _harm("L-7", "delete from ledger_entries where seq = (select max(seq) from ledger_entries)", named="'live'"),
    _harm("L-7", f"update ledger_entries set cause = 'payment:other' where id = {TOPUP}", named=TOPUP),
    _harm("L-8", f"update key_spend set settled_cents = settled_cents + 1 where key_id = {CHILD}", named=CHILD),
    _harm("L-8", f"delete from key_spend where key_id = {PARENT}", named=PARENT),
    _harm("L-8", f"update api_keys set limit_cents = 1 where id = {CHILD}", named=CHILD),
    _harm("L-8", f"update holds set key_id = 'key_nobody' where id = {SETTLED}", named=SETTLED),
    _harm(
        "L-9",
        "alter table ledger_entries drop constraint uq_ledger_entries_workspace_id_environment_cause",
        f"update ledger_entries set cause = (select cause from ledger_entries where id = {TOPUP}) where id = {SETTLE}",
        named=f"least({TOPUP}, {SETTLE})",
    ),
    _harm(
        "L-9",
        "alter table holds drop constraint uq_holds_workspace_id_resource_id",
        "update holds set resource_id = 'twice' where purpose = 'number'",
        named="(select min(id) from holds where purpose = 'number')",
    ),
    _harm("L-9", f"update ledger_entries set hold_id = 'hold_none' where id = {SETTLE}", named=SETTLE),
    _harm(
        "L-10",
        f"update calls set status = 'initiated', ended_at = null, lease_until = now() where id = {CALL}",
        named=CALL,
    ),
    _harm("L-10", f"update holds set state = 'open', closed_at = null where id = {SETTLED}", named=SETTLED),
    _harm("L-10", f"update messages set handed_off_at = null, status = 'queued' where id = {SENT}", named=SENT),
    _harm(
        "L-10",
        "update carrier_operations set state = 'open', due_at = '2026-06-18' "
        "where id = (select min(id) from carrier_operations)",
        named="(select min(id) from carrier_operations)",
    ),
    _harm("L-11", f"update calls set cost_cents = cost_cents - 1 where id = {CALL}", named=CALL),
    _harm("L-11", f"update calls set duration_sec = duration_sec + 60 where id = {CALL}", named=CALL),
    _harm("L-11", f"update messages set handed_off_at = now() where id = {REFUSED}", named=REFUSED),
    _harm("L-11", f"update numbers set state = 'failed' where id = {GONE}", named=GONE),
    _harm("L-12", f"update messages set cost_cents = 1 where id = {SENT}", named=SENT),
    _harm("L-12", f"update ledger_entries set resource_id = {CALL} where entry_type = 'settle'", named=CALL),
    _harm(
        "L-14",
        f"update numbers set next_charge_at = next_charge_at + interval '30 days' where id = {NUMBER}",
        named=NUMBER,
    ),
    _harm(
        "L-14", f"update numbers set released_at = provisioned_at, state = 'released' where id = {NUMBER}", named=NUMBER
    ),
    _harm("L-14", f"update numbers set rent_due_at = created_at where id = {NUMBER}", named=NUMBER),
    _harm("L-14", f"update numbers set next_charge_at = now() where id = {GONE}", named=GONE),
    _harm(
        "L-14",
        "update holds set amount_cents = 0 where purpose = 'number'",
        named="(select min(id) from numbers where state in ('active', 'released'))",
    ),
    _harm("L-16", f"update holds set resource_id = {GATE_REFUSED} where id = {SETTLED}", named=GATE_REFUSED),
    _harm("L-16", f"update ledger_entries set resource_id = {GATE_REFUSED} where id = {SETTLE}", named=GATE_REFUSED),
    _harm("L-17", f"update calls set duration_sec = reported_duration_sec where id = {CALL}", named=CALL),
    _harm("L-18", "delete from ledger_entries where seq = 2 and environment = 'live'", named="'live'"),
    _harm("L-18", f"update ledger_entries set id = {SETTLE} where id = {RESERVE}", named="'live'"),
    _harm("L-19", f"update calls set environment = 'test' where id = {CALL}", named=CALL),
    _harm("L-19", f"update ledger_entries set environment = 'test', seq = 900 where id = {SETTLE}", named=SETTLE),
    _harm(
        "I-5",
        "update idempotency_records set state = 'in_progress', resource_id = 'msg_none'",
        named="'POST /messages once'",
    ),
    _harm(
        "I-5",
        f"update idempotency_records set state = 'in_progress', resource_id = {SENT}",
        f"update messages set handed_off_at = null where id = {SENT}",
        named="'POST /messages once'",
    ),
    _harm("C-1", f"update calls set ended_at = null where id = {CALL}", named=CALL),
    _harm("C-1", f"update calls set owner = 'proc_other' where id = {CALL}", named=CALL),
    _harm(
        "C-3",
        "update carrier_operations set resource_id = 'call_1' where kind = 'call.dial'",
        named="'call_1'",
    ),
    _harm("C-3", f"delete from audit_events where event_type = 'call.accepted' and target_id = {CALL}", named=CALL),
    _harm("C-3", f"update calls set hold_id = null where id = {CALL}", named=CALL),
    _harm("M-2", "update carrier_operations set resource_id = 'msg_1' where kind = 'message.send'", named="'msg_1'"),
    _harm("M-2", f"delete from audit_events where event_type = 'message.accepted' and target_id = {SENT}", named=SENT),
    _harm("M-2", f"update messages set handed_off_at = null where id = {SENT}", named=SENT),
    _harm("M-4", f"update messages set cost_cents = 100 where id = {SENT}", named=SENT),
    _harm("M-4", f"update messages set hold_id = null, cost_cents = null where id = {SENT}", named=SENT),
    _harm(
        "N-1",
        "drop index uq_numbers_in_use",
        f"update numbers set e164 = (select e164 from numbers where id = {GONE}), state = 'active'",
        named=NUMBER,
    ),
    _harm("N-1", f"update numbers set carrier_number_id = null where id = {NUMBER}", named=NUMBER),
    _harm("N-3", f"update numbers set released_at = null where id = {GONE}", named=GONE),
    _harm("N-3", f"update numbers set connection_id = (select min(id) from connections) where id = {GONE}", named=GONE),
    _harm(
        "N-3",
        "insert into audit_events select workspace_id, seq + 100000, id, environment, event_type, target_type, 'msg_late', "
        f"actor, jsonb_build_object('numberId', {GONE}), created_at, hash from audit_events "
        f"where event_type = 'message.accepted' and target_id = {SENT}",
        named="'msg_late'",
    ),
    _harm("N-4", "update connections set deleted_at = now()", named=NUMBER),
    _harm("N-4", f"update numbers set connection_id = 'conn_none' where id = {NUMBER}", named=NUMBER),
    _harm("N-4", "update connections set environment = 'test'", named=NUMBER),
    _harm("N-6", "update workspaces set number_quota = 1", named="'live'"),
    _harm("S-1", f"update suppressions set lifted_at = now() where id = {STOPPED}", named=STOPPED),
    _harm("S-1", f"update suppressions set lifted_at = null, origin = 'workspace' where id = {STARTED}", named=STARTED),
    _harm("S-1", f"delete from audit_events where target_id = {STARTED}", named=STARTED),
    _harm(
        "S-1",
        "delete from consents where id = (select max(id) from consents)",
        named="(select max(id) from consents)",
    ),
    _harm(
        "S-3",
        "update audit_events set seq = seq + 100000 where event_type = 'message.accepted' and target_id = "
        "(select max(id) from messages where to_number = '+14155557001')",
        named="(select max(id) from messages where to_number = '+14155557001')",
    ),
    _harm(
        "S-3",
        "update messages set handed_off_at = (select max(created_at) from suppressions) + interval '1 day' "
        "where id = (select max(id) from messages where to_number = '+14155557001')",
        named="(select max(id) from messages where to_number = '+14155557001')",
    ),
    _harm("K-1", f"update key_spend set settled_cents = 0, held_cents = 0 where key_id = {PARENT}", named=CHILD),
    _harm("K-1", f"update api_keys set environment = 'test' where id = {CHILD}", named=CHILD),
    _harm("K-1", f"update api_keys set path = path[2:] where id = {CHILD}", named=CHILD),
    _harm("K-1", f"update api_keys set path = path[:2] where id = {CHILD}", named=CHILD),
    _harm("K-2", f"update api_keys set revoked_at = now() where id = {PARENT}", named=CHILD),
    _harm(
        "K-2",
        "update audit_events set actor = (select 'key:' || target_id from audit_events where event_type = 'key.revoked') "
        f"where event_type = 'message.accepted' and target_id = {SENT}",
        named=SENT,
    ),
    _harm("W-1", f"delete from events where payload->>'callId' = {CALL}", named=CALL),
    _harm(
        "W-1",
        "insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at) "
        "select workspace_id, id || '_again', environment, event_type, number_id, payload, created_at from events "
        f"where event_type = 'call.completed' and payload->>'callId' = {CALL}",
        named=CALL,
    ),
    _harm("A-1", "update audit_events set actor = 'key:other' where seq = 5", named="'5'"),
    _harm("A-1", "delete from audit_events where seq = 5", named="'6'"),
    _harm("A-1", f"delete from audit_events where seq = {LAST}", named=f"{LAST}::text"),
)


@pytest.mark.parametrize("harm", HARMS, ids=str)
async def test_the_row_that_breaks_an_invariant_is_named(month: Month, harm: Harm) -> None:
    async with month.stage.process.services.db.system() as tx:
        named = await tx.scalar(text(f"select {harm.named}"))
    async with month.broken_by(*harm.done_by) as tx:
        findings = await examine(tx, {harm.invariant})
    assert named in {finding.row_id for finding in findings}, findings
    assert {finding.workspace_id for finding in findings} == {month.workspace_id}
    assert all(finding.sentence.endswith(".") for finding in findings)


def test_every_invariant_is_broken_by_some_test() -> None:
    assert {harm.invariant for harm in HARMS} == set(INVARIANTS)
