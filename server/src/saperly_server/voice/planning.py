"""What is decided about a call before it begins: who speaks, what is disclosed, what it costs, how long it may last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saperly_server.connections import Connection, disclosure_for, get_connection
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import TenantTx
from saperly_server.core.ids import new_id
from saperly_server.identity import workspace_of
from saperly_server.ledger import RateCard
from saperly_server.numbers import Number, usable_number

from .engine import CallPlan, Direction, plan_to_dict
from .errors import NumberHasNoConnection

MAX_INBOUND_SEC = 4 * 3600
_OPT_OUT_KEY = "9"
"""The key that the disclosure of an outbound call announces; without that it is a key like any other."""


@dataclass(frozen=True, slots=True)
class CallSetup:
    """A call that could begin now: its plan, the number and connection behind it, and its price."""

    number: Number
    connection: Connection
    plan: CallPlan
    rate_micros_per_min: int
    first_hold_cents: int


async def outbound_setup(
    tx: TenantTx, rates: RateCard, secrets: SecretBox, number_id: str, to: str, connection_id: str | None
) -> CallSetup:
    """NumberNotFound, ConnectionNotFound (for an override) or NumberHasNoConnection when nobody would speak."""
    number = await usable_number(tx, number_id)
    chosen = connection_id or number.connection_id
    if chosen is None:
        raise NumberHasNoConnection(number_id)
    connection = await get_connection(tx, chosen, secrets=secrets)
    return await _setup(tx, rates, number, connection, Direction.OUTBOUND, number.phone_number, to)


async def inbound_setup(
    tx: TenantTx, rates: RateCard, secrets: SecretBox, number: Number, caller: str
) -> CallSetup | None:
    """None when the number has no handler."""
    if number.connection_id is None:
        return None
    connection = await get_connection(tx, number.connection_id, secrets=secrets)
    return await _setup(tx, rates, number, connection, Direction.INBOUND, caller, number.phone_number)


async def _setup(
    tx: TenantTx,
    rates: RateCard,
    number: Number,
    connection: Connection,
    direction: Direction,
    from_number: str,
    to_number: str,
) -> CallSetup:
    rate = rates.voice_rate("manual" if connection.mode == "manual" else "hosted")
    outbound = direction is Direction.OUTBOUND
    workspace = await workspace_of(tx, tx.tenant.workspace_id)
    disclosure = disclosure_for(
        connection, workspace_name=workspace.name, callback_number=number.phone_number, outbound=outbound
    )
    call_id = new_id("call")
    plan = CallPlan(
        call_id=call_id,
        conversation_id=call_id,
        direction=direction,
        from_number=from_number,
        to_number=to_number,
        compliance_enabled=disclosure is not None,
        disclosure=disclosure or "",
        paid_sec=rates.voice.first_hold_sec,
        max_duration_sec=rates.voice.max_outbound_call_sec if outbound else MAX_INBOUND_SEC,
        hold_step_sec=rates.voice.hold_step_sec,
        opt_out_key=_OPT_OUT_KEY if outbound and disclosure is not None else None,
    )
    held = rates.voice_cents(rate, rates.voice.first_hold_sec)
    return CallSetup(number, connection, plan, rate, held)


def stored_setup(
    setup: CallSetup, *, instructions: str | None = None, carrier_call_id: str | None = None
) -> dict[str, Any]:
    """The call's row, in the form the gate stores it."""
    return {
        "plan": plan_to_dict(setup.plan),
        "connectionId": setup.connection.id,
        "direction": setup.plan.direction.value,
        "from": setup.plan.from_number,
        "to": setup.plan.to_number,
        "instructions": instructions,
        "rateMicrosPerMin": setup.rate_micros_per_min,
        "carrierCallId": carrier_call_id,
    }
