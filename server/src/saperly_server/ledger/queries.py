"""Reading the books."""

from __future__ import annotations

from sqlalchemy import select

from saperly_server.core.db import TenantTx
from saperly_server.core.pagination import Page

from .contracts import Entry
from .models import ledger_entries


async def entries(tx: TenantTx, page: Page) -> list[Entry]:
    """The moves of the tenant's account, newest first. The cursor is the `seq` of the last one that was seen: what is
    added while somebody walks is above all pages, so each move that was there is met exactly once."""
    query = select(ledger_entries).where(
        ledger_entries.c.workspace_id == tx.tenant.workspace_id,
        ledger_entries.c.environment == tx.tenant.environment,
    )
    if page.cursor is not None:
        query = query.where(ledger_entries.c.seq < int(page.cursor))
    rows = await tx.all(query.order_by(ledger_entries.c.seq.desc()).limit(page.limit))
    return [Entry(**{name: row._mapping[name] for name in Entry.__dataclass_fields__}) for row in rows]
