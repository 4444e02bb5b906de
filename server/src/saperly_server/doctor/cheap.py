"""What can be told of accounts while they work: the checks that need a handful of rows, as one call for many accounts."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text

from saperly_server.core.db import Tenant, Tx

from .contracts import Finding

_CHEAP = text("select * from doctor_cheap(:workspaces, :environments)")
_HOLDING = text("""
    select a.workspace_id, a.environment
    from unnest(cast(:workspaces as text[]), cast(:environments as text[])) asked(workspace_id, environment)
    join accounts a using (workspace_id, environment)
    where a.held_cents <> 0
""")


async def cheap(tx: Tx, tenants: Collection[Tenant]) -> list[Finding]:
    """What is wrong with these accounts, by their last moves, open holds and their last spenders' counters.

    L-1, L-2, L-3, L-4, L-6, L-7 and L-8, each as far as those rows tell; `examine` looks at everything. About a tenth of a
    millisecond for each account, however many entries there are. Reads only, at one instant.
    """
    rows = await tx.all(_CHEAP, _columns(tenants))
    return [Finding(row.invariant, row.workspace_id, row.row_id, row.sentence) for row in rows]


async def holding(tx: Tx, tenants: Collection[Tenant]) -> set[Tenant]:
    """Which of these accounts hold money for something under way: more moves will come."""
    rows = await tx.all(_HOLDING, _columns(tenants))
    return {Tenant(row.workspace_id, row.environment) for row in rows}


def _columns(tenants: Collection[Tenant]) -> dict[str, list[str]]:
    return {
        "workspaces": [tenant.workspace_id for tenant in tenants],
        "environments": [tenant.environment for tenant in tenants],
    }
