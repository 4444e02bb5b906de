"""Reading numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, Select, select, update

from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.pagination import Page, newest_first
from saperly_server.gate import NumberNotFound

from .contracts import Number
from .models import numbers

_SHOWN = ("active", "releasing", "released", "reserved")


def to_number(row: Row[Any] | SimpleNamespace) -> Number:
    return Number(
        id=row.id,
        phone_number=row.e164,
        connection_id=row.connection_id,
        webhook_url=row.webhook_url,
        sms_sender_id=row.sms_sender_id,
        caller_id_name=row.caller_id_name,
        country=row.country,
        number_type=row.number_type,
        monthly_price_cents=row.monthly_price_cents,
        currency=row.currency,
        next_charge_at=row.next_charge_at,
        released_at=row.released_at,
        created_at=row.created_at,
        state=row.state,
    )


def _of(tenant: Tenant) -> Select[Any]:
    return select(numbers).where(
        numbers.c.workspace_id == tenant.workspace_id, numbers.c.environment == tenant.environment
    )


async def get_number(tx: TenantTx, number_id: str, *, lock: bool = False) -> Number:
    """One number of this environment, released ones included. NumberNotFound for any other id."""
    query = _of(tx.tenant).where(numbers.c.id == number_id, numbers.c.state.in_(_SHOWN))
    row = await tx.one(query.with_for_update() if lock else query)
    if row is None:
        raise NumberNotFound(number_id)
    return to_number(row)


async def usable_number(tx: TenantTx, number_id: str) -> Number:
    """A number that can be changed or used now. NumberNotFound when it was released or is only ordered."""
    number = await get_number(tx, number_id, lock=True)
    if number.state != "active":
        raise NumberNotFound(number_id)
    return number


async def list_numbers(tx: TenantTx, page: Page, allowed: frozenset[str] | None) -> list[Number]:
    """Numbers of this environment, newest first, released ones included; only those the caller may use."""
    query = _of(tx.tenant).where(numbers.c.state.in_(_SHOWN))
    if allowed is not None:
        query = query.where(numbers.c.id.in_(allowed))
    return [to_number(row) for row in await tx.all(newest_first(query, numbers.c.id, page))]


async def find_by_e164(tx: Tx, e164: str) -> tuple[Tenant, Number] | None:
    """The active number that answers an inbound call or text, in whichever workspace it is."""
    row = await tx.one(select(numbers).where(numbers.c.e164 == e164, numbers.c.state == "active"))
    return None if row is None else (Tenant(row.workspace_id, row.environment), to_number(row))


async def in_use(tx: Tx, carrier: str) -> list[str]:
    """Every number of this deployment that its carrier must know as taken."""
    rows = await tx.all(
        select(numbers.c.e164).where(
            numbers.c.carrier == carrier, numbers.c.state.in_(("reserved", "active", "releasing"))
        )
    )
    return [row.e164 for row in rows]


async def renamed_at_carrier(tx: Tx, e164: str, carrier_number_id: str) -> None:
    """The carrier knows the number under another id now."""
    await tx.run(
        update(numbers)
        .where(numbers.c.e164 == e164, numbers.c.state.in_(("active", "releasing")))
        .values(carrier_number_id=carrier_number_id)
    )
