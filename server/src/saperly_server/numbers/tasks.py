"""What numbers need done outside a request: orders and releases at the carrier, rent."""

from __future__ import annotations

from typing import Any

from saperly_carriers.port import CarrierError, Numbers, Op
from sqlalchemy import Row, select

from saperly_server import outbox
from saperly_server.core.db import Tx
from saperly_server.outbox import Operation

from .contracts import RENT_PERIOD
from .models import numbers
from .operations import CALLER_NAME, RELEASE, released
from .provision import ORDER, ROUTE, Provisioner

_RENT_BATCH = 500


async def carry_out(provisioner: Provisioner, operation: Operation) -> None:
    """Carry out one of this feature's operations at the carrier, or postpone it."""
    async with provisioner.db.system() as tx:
        row = await _row(tx, operation)
    if operation.kind == ORDER:
        await _order(provisioner, operation, row)
        return
    shop = provisioner.carriers[operation.tenant.environment].numbers
    assert shop is not None
    try:
        await _tell(shop, operation, row)
    except CarrierError as error:
        async with provisioner.db.system() as tx:
            await outbox.postpone(tx, operation, min(600.0, 2.0 ** min(operation.attempts, 9)))
        raise error
    async with provisioner.db.system() as tx:
        if operation.kind == RELEASE:
            await released(tx, operation.tenant, operation.resource_id)
        await outbox.finish(tx, operation, {"done": True})


async def _order(provisioner: Provisioner, operation: Operation, row: Row[Any]) -> None:
    if row.state == "reserved":
        await provisioner.carry_out(operation, row.e164)
    else:
        async with provisioner.db.system() as tx:
            await outbox.finish(tx, operation, {"state": row.state})


async def _tell(shop: Numbers, operation: Operation, row: Row[Any]) -> None:
    op = Op(operation.id, outbox.ref_of(operation.tenant, row.id))
    if operation.kind == RELEASE:
        await shop.release(row.carrier_number_id, op)
    elif operation.kind == ROUTE and row.state == "active":
        await shop.route(row.carrier_number_id, voice="saperly", messaging="saperly", op=op)
    elif operation.kind == CALLER_NAME and row.state == "active":
        await shop.set_caller_name(row.carrier_number_id, row.caller_id_name, op)


async def _row(tx: Tx, operation: Operation) -> Row[Any]:
    row = await tx.one(
        select(numbers).where(
            numbers.c.workspace_id == operation.tenant.workspace_id, numbers.c.id == operation.resource_id
        )
    )
    assert row is not None
    return row


async def sweep_rent(tx: Tx) -> tuple[int, int]:
    """Charge the rent that is due, at most one batch: (charged, left unpaid). Twice at once is as good as once."""
    swept = await tx.call("numbers_sweep_rent", now=tx.now, limit=_RENT_BATCH, period=RENT_PERIOD)
    return swept["charged"], swept["unpaid"]
