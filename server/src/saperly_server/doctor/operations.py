"""Running the checks. Each is one read-only SQL statement in `checks/`, so it sees all tables at one instant.

A check selects `workspace_id, row_id, sentence`, one row for each row of the database that breaks its invariant. The file's
name begins with the invariant's id. What work in progress may look like for a moment is no finding: it becomes one when it
is older than `:stale`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import TextClause, text

from saperly_server import audit
from saperly_server.core.db import Tx

from .contracts import Finding

_CHECKS = Path(__file__).with_name("checks")
_TRAIL = "A-1"
_STALE_AFTER = timedelta(minutes=15)
"""Longer than every lease and every pause between tries: by then somebody has taken up what was left behind."""


@cache
def _checks() -> Mapping[str, TextClause]:
    files = sorted(_CHECKS.glob("*.sql"))
    return MappingProxyType({file.name.partition("_")[0]: text(file.read_text("utf-8")) for file in files})


INVARIANTS: tuple[str, ...] = (*_checks(), _TRAIL)
"""The ids of everything that is examined."""


async def examine(tx: Tx, only: Collection[str] = INVARIANTS) -> list[Finding]:
    """Every row that breaks an invariant; an empty list when all is well. Reads only.

    A system transaction examines all workspaces, a tenant's transaction that one alone. `only` names the invariants to
    look at.
    """
    findings: list[Finding] = []
    for invariant, check in _checks().items():
        if invariant in only:
            findings += await _examine(tx, invariant, check)
    if _TRAIL in only:
        findings += await _trails(tx)
    return findings


async def _examine(tx: Tx, invariant: str, check: TextClause) -> list[Finding]:
    rows = await tx.all(check, {"stale": tx.now - _STALE_AFTER})
    return sorted(
        (Finding(invariant, row.workspace_id, row.row_id, row.sentence) for row in rows),
        key=lambda finding: (finding.workspace_id, finding.row_id, finding.sentence),
    )


async def _trails(tx: Tx) -> list[Finding]:
    """Every workspace's audit trail, recomputed from its first row."""
    rows = await tx.all(text("select workspace_id from audit_heads order by workspace_id"))
    reports = [await audit.verify(tx, row.workspace_id) for row in rows]
    return [
        Finding(_TRAIL, report.workspace_id, str(report.broken_at), f"The audit trail is broken: {report.problem}.")
        for report in reports
        if report.problem is not None
    ]
