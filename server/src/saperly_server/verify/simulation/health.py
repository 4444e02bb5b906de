"""Asking the doctor about one workspace, often."""

from __future__ import annotations

from datetime import datetime, timedelta

from saperly_server import audit, doctor
from saperly_server.core.db import Database, Tenant
from saperly_server.verify.contracts import Broken

from .stepped import Reader

_STALE_AFTER = timedelta(minutes=15)
_BY_THE_NETWORK = "S-3"
"""Judged by when the network was asked to make contact: the tables know only when that was written down, perhaps by
another server, with another clock, after the first one died."""
_CHECKS = doctor.statement([name for name in doctor.INVARIANTS if name != _BY_THE_NETWORK], workspace="$1", stale="$2")


async def must_be_healthy(reader: Reader, workspace_id: str, now: datetime) -> None:
    """Every check but that of the audit chain, as one statement. Broken with what is wrong."""
    rows = await reader.rows(_CHECKS, workspace_id, now - _STALE_AFTER)
    if rows:
        raise Broken("\n".join(f"{row['invariant']} {row['row_id']}: {row['sentence']}" for row in rows))


async def must_be_chained(db: Database, tenant: Tenant) -> None:
    """The audit trail, recomputed from its first row. Broken when it does not hold together."""
    async with db.tenant(tenant) as tx:
        report = await audit.verify(tx, tenant.workspace_id)
    if report.problem is not None:
        raise Broken(f"A-1 {report.broken_at}: the audit trail is broken: {report.problem}.")
