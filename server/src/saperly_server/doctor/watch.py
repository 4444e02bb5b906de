"""The cheap checks in production: accounts that moved money are looked at soon after, beside the work and never in its way.

Whoever moves money says so (`touched`), which costs the adding to a set. `examine` runs from time to time, as a task of the
worker: so an account is looked at once between two runs, however often it was touched, and never twice at once. An
account that holds money stays under watch until it holds none, so that what settles and releases its holds is seen, too.

An account that does not add up: an error in the log, a line in the audit trail, and nothing more is admitted of that
workspace until an operator resumes it. All others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from saperly_server import identity, ledger
from saperly_server.core.db import Database, Tenant, Tx

from .cheap import cheap, holding
from .contracts import Finding

_logger = structlog.get_logger(__name__)
_AT_ONCE = 64
_LOOK_AGAIN_AFTER = timedelta(seconds=10)
_ENVIRONMENTS = ("live", "test")


class Watch:
    """Looks after the accounts that this process moves money of."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._touched: set[Tenant] = set()
        self._again: dict[Tenant, datetime] = {}

    def touched(self, *tenants: Tenant) -> None:
        """Money of these accounts was moved, in a transaction that has committed."""
        self._touched.update(tenants)

    async def examine(self) -> list[Finding]:
        """Look at what was touched since the last time, and at what holds money. What it finds stops the spending."""
        due = self._due()
        found: list[Finding] = []
        for part in _parts(due):
            found += await self._look_at(part)
        return found

    def _due(self) -> list[Tenant]:
        now = self._db.now()
        due = self._touched | {tenant for tenant, at in self._again.items() if at <= now}
        return sorted(due, key=lambda tenant: (tenant.workspace_id, tenant.environment))

    async def _look_at(self, tenants: Sequence[Tenant]) -> list[Finding]:
        """Accounts that could not be looked at, or stopped, are looked at next time."""
        self._touched.difference_update(tenants)
        try:
            return await self._looked_at(tenants)
        except Exception:
            self._touched.update(tenants)
            raise

    async def _looked_at(self, tenants: Sequence[Tenant]) -> list[Finding]:
        async with self._db.system() as tx:
            findings, more_to_come = await cheap(tx, tenants), await holding(tx, tenants)
        for workspace_id in sorted({finding.workspace_id for finding in findings}):
            await self._stop(workspace_id, [one for one in findings if one.workspace_id == workspace_id])
        self._keep_in_sight(tenants, more_to_come)
        return findings

    def _keep_in_sight(self, tenants: Sequence[Tenant], more_to_come: set[Tenant]) -> None:
        later = self._db.now() + _LOOK_AGAIN_AFTER
        for tenant in tenants:
            self._again.pop(tenant, None)
        self._again.update(dict.fromkeys(more_to_come, later))

    async def _stop(self, workspace_id: str, findings: Sequence[Finding]) -> None:
        """Once, and before the next admission: the accounts are locked first, as the gate does while it decides."""
        worst = findings[0]
        async with self._db.system() as tx:
            stopped = await _stop_spending(tx, workspace_id, worst)
        if stopped:
            for finding in findings:
                _logger.error(
                    "spending stopped: the books do not add up",
                    workspace_id=workspace_id,
                    invariant=finding.invariant,
                    row_id=finding.row_id,
                    sentence=finding.sentence,
                )


async def _stop_spending(tx: Tx, workspace_id: str, finding: Finding) -> bool:
    for environment in _ENVIRONMENTS:
        await ledger.lock(tx, Tenant(workspace_id, environment))
    reason = {"invariant": finding.invariant, "rowId": finding.row_id, "sentence": finding.sentence}
    return await identity.stop_spending(tx, workspace_id, "system", reason)


def _parts(tenants: Sequence[Tenant]) -> Iterator[Sequence[Tenant]]:
    for start in range(0, len(tenants), _AT_ONCE):
        yield tenants[start : start + _AT_ONCE]
