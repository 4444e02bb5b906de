"""Changing a number: its handler, webhook, sender identity, and giving it back."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import update

from saperly_server import outbox
from saperly_server.audit import record
from saperly_server.connections import delete_connection, get_connection, lock_connection
from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.webhooks import emit

from .contracts import Number
from .errors import InvalidCallerIdName, InvalidSmsSenderId
from .models import numbers
from .queries import get_number, to_number, usable_number

RELEASE = "number.release"
CALLER_NAME = "number.caller_name"
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_CALLER_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]| (?! |$)){0,14}")


async def bind(tx: TenantTx, number_id: str, connection_id: str, actor: str) -> Number:
    """Make a connection the number's handler. NumberNotFound, or ConnectionNotFound for one of another workspace."""
    await get_connection(tx, connection_id, keep=True)
    await usable_number(tx, number_id)
    return await _change(tx, number_id, actor, connection_id=connection_id)


async def set_webhook(tx: TenantTx, number_id: str, url: str, actor: str) -> Number:
    await usable_number(tx, number_id)
    return await _change(tx, number_id, actor, webhook_url=url)


async def set_sms_sender(tx: TenantTx, number_id: str, sender_id: str | None, actor: str) -> Number:
    """The name that texts come from outside North America; None sends from the number again."""
    await usable_number(tx, number_id)
    if sender_id is not None and not _SENDER.fullmatch(sender_id):
        raise InvalidSmsSenderId("A sender id is 1 to 11 letters and digits with at least one letter.")
    return await _change(tx, number_id, actor, sms_sender_id=sender_id)


async def set_caller_id(tx: TenantTx, number_id: str, name: str | None, actor: str) -> Number:
    """The name shown to who is called (CNAM). It is registered with the network after this commit."""
    await usable_number(tx, number_id)
    if name is not None and not _CALLER_NAME.fullmatch(name):
        raise InvalidCallerIdName(
            "A caller-ID name is 1 to 15 letters, digits and single spaces, beginning with a letter."
        )
    await outbox.request(tx, tx.tenant, CALLER_NAME, number_id, owner="", lease_sec=0)
    return await _change(tx, number_id, actor, caller_id_name=name)


async def release(tx: TenantTx, number_id: str, actor: str) -> Number:
    """Give a number back: no sends, calls or rent from this commit on. Releasing again changes nothing."""
    number = await get_number(tx, number_id, lock=True)
    if number.released_at is not None:
        return number
    await outbox.request(tx, tx.tenant, RELEASE, number_id, owner="", lease_sec=0)
    row = await tx.one(
        update(numbers)
        .where(numbers.c.id == number_id)
        .values(state="releasing", released_at=tx.now, next_charge_at=None, rent_due_at=None, connection_id=None)
        .returning(numbers)
    )
    assert row is not None
    await record(tx, tx.tenant, actor, "number.released", "number", number_id, {"e164": row.e164})
    await emit(tx, tx.tenant, "number.released", number_id, {"phoneNumber": row.e164})
    return to_number(row)


async def released(tx: Tx, tenant: Tenant, number_id: str) -> None:
    """The network took the number back; somebody else may have it from now on."""
    await tx.run(
        update(numbers)
        .where(
            numbers.c.workspace_id == tenant.workspace_id,
            numbers.c.id == number_id,
            numbers.c.state == "releasing",
        )
        .values(state="released")
    )


async def retire_connection(tx: TenantTx, connection_id: str, actor: str) -> None:
    """Delete a connection; its numbers are left without a handler, in the same transaction."""
    await lock_connection(tx, connection_id)
    await tx.run(update(numbers).where(numbers.c.connection_id == connection_id).values(connection_id=None))
    await delete_connection(tx, connection_id, actor)


async def _change(tx: TenantTx, number_id: str, actor: str, **values: Any) -> Number:
    row = await tx.one(update(numbers).where(numbers.c.id == number_id).values(**values).returning(numbers))
    assert row is not None
    await record(tx, tx.tenant, actor, "number.changed", "number", number_id, values)
    return to_number(row)
