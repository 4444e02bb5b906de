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
from .statement import combined

_CHECKS = Path(__file__).with_name("checks")
_TRAIL = "A-1"
_STALE_AFTER = timedelta(minutes=15)
"""Longer than every lease and every pause between tries: by then somebody has taken up what was left behind."""


@cache
def _texts() -> Mapping[str, str]:
    files = sorted(_CHECKS.glob("*.sql"))
    return MappingProxyType({file.name.partition("_")[0]: file.read_text("utf-8") for file in files})


@cache
def _checks() -> Mapping[str, TextClause]:
    return MappingProxyType({invariant: text(check) for invariant, check in _texts().items()})


INVARIANTS: tuple[str, ...] = (*_texts(), _TRAIL)
"""The ids of everything that is examined."""


MONEY: tuple[str, ...] = ("L-1", "L-2", "L-3", "L-4", "L-5", "L-6", "L-7", "L-8", "L-9", "L-19")
"""What must hold after every single move of money, whatever else is under way."""


def statement(only: Collection[str], *, workspace: str, stale: str) -> str:
    """The checks of `only` as one select of `invariant, row_id, sentence`, over one workspace; without the audit chain.

    `workspace` (an id) and `stale` (an instant) are SQL expressions, such as placeholders.
    """
    return combined({name: check for name, check in _texts().items() if name in only}, workspace, stale)


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


async def examine_money(tx: Tx, workspace_id: str) -> list[Finding]:
    """Every row of one workspace that breaks an invariant of `MONEY`, and its audit trail's first broken row."""
    check = text(statement(MONEY, workspace=":workspace", stale=":stale"))
    rows = await tx.all(check.bindparams(workspace=workspace_id))
    findings = [Finding(row.invariant, workspace_id, row.row_id, row.sentence) for row in rows]
    return findings + await _trail(tx, workspace_id)


async def _examine(tx: Tx, invariant: str, check: TextClause) -> list[Finding]:
    rows = await tx.all(check, {"stale": tx.now - _STALE_AFTER})
    return sorted(
        (Finding(invariant, row.workspace_id, row.row_id, row.sentence) for row in rows),
        key=lambda finding: (finding.workspace_id, finding.row_id, finding.sentence),
    )


async def _trails(tx: Tx) -> list[Finding]:
    """Every workspace's audit trail, recomputed from its first row."""
    rows = await tx.all(text("select workspace_id from audit_heads order by workspace_id"))
    return [finding for row in rows for finding in await _trail(tx, row.workspace_id)]


async def _trail(tx: Tx, workspace_id: str) -> list[Finding]:
    report = await audit.verify(tx, workspace_id)
    if report.problem is None:
        return []
    sentence = f"The audit trail is broken: {report.problem}."
    return [Finding(_TRAIL, workspace_id, str(report.broken_at), sentence)]
