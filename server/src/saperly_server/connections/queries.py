"""Reading connections."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select

from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.pagination import Page, newest_first

from .contracts import Connection, ManualDoor, Mode
from .errors import ConnectionNotFound
from .models import connections
from .stored import opened, to_connection


def _of(tenant: Tenant) -> Select[Any]:
    return select(connections).where(
        connections.c.workspace_id == tenant.workspace_id,
        connections.c.environment == tenant.environment,
        connections.c.deleted_at.is_(None),
    )


async def find_connection(
    tx: Tx, tenant: Tenant, connection_id: str, *, secrets: SecretBox | None = None
) -> Connection | None:
    """For code that acts for a tenant it already knows (a call, a brain's socket); None for an unknown or deleted one."""
    row = await tx.one(_of(tenant).where(connections.c.id == connection_id))
    return None if row is None else to_connection(row, secrets)


async def get_connection(
    tx: TenantTx, connection_id: str, *, secrets: SecretBox | None = None, keep: bool = False
) -> Connection:
    """One connection of this environment. ConnectionNotFound for any other id, a deleted one's too.

    `keep` holds off its change and deletion until this transaction ends; take it before any lock on a number. With
    `secrets` the manual secret and the MCP tokens are opened.
    """
    query = _of(tx.tenant).where(connections.c.id == connection_id)
    row = await tx.one(query.with_for_update(read=True) if keep else query)
    if row is None:
        raise ConnectionNotFound(connection_id)
    return to_connection(row, secrets)


async def manual_door(tx: Tx, connection_id: str, secrets: SecretBox) -> ManualDoor | None:
    """What a program must show to be a connection's brain, whosever it is. None for an unknown one, a deleted one, and one
    that
    never was manual or whose secret was sealed with another key."""
    row = await tx.one(
        select(connections.c.mode, connections.c.manual_secret).where(
            connections.c.id == connection_id, connections.c.deleted_at.is_(None)
        )
    )
    secret = None if row is None else opened(connection_id, row.manual_secret, secrets)
    return None if row is None or secret is None else ManualDoor(Mode(row.mode), secret)


async def list_connections(tx: TenantTx, page: Page, *, secrets: SecretBox | None = None) -> list[Connection]:
    """Connections of this environment, newest first."""
    rows = await tx.all(newest_first(_of(tx.tenant), connections.c.id, page))
    return [to_connection(row, secrets) for row in rows]


async def locked_row(tx: TenantTx, connection_id: str) -> Row[Any]:
    """The row, held for a change. ConnectionNotFound as above."""
    row = await tx.one(_of(tx.tenant).where(connections.c.id == connection_id).with_for_update())
    if row is None:
        raise ConnectionNotFound(connection_id)
    return row


async def lock_connection(tx: TenantTx, connection_id: str) -> None:
    """Keep others from binding, changing or deleting it until the commit. ConnectionNotFound when it is gone."""
    await locked_row(tx, connection_id)
