"""The world the benchmark runs in: workspaces with money, each with one number that a connection answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saperly_carriers.clock import SystemClock
from saperly_server import identity, ledger, numbers
from saperly_server.connections import ConnectionDraft, Mode, create_connection
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Database, Tenant
from saperly_server.core.ids import new_id
from saperly_server.identity import WorkspaceLimits
from sqlalchemy import text

AREA_CODES = ("212", "415", "305", "312", "206", "617", "512", "702", "404", "303")
_PLENTY_CENTS = 10**9
_NO_LIMIT = 1_000_000
_INSERT_NUMBER = text("""
    insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents,
                         upfront_price_cents, currency, hold_id, carrier, carrier_number_id, created_at, provisioned_at)
    values (:w, :n, 'test', :e, 'US', 'local', 'active', 250, 0, 'USD', 'hold_bench', 'simulated', :n, now(), now())
""")


@dataclass(frozen=True, slots=True)
class Line:
    """A number, and the connection that answers it. `secret` is a manual connection's."""

    e164: str
    connection_id: str
    secret: str | None


async def open_lines(dsn: str, count: int, mode: Mode = Mode.HOSTED) -> list[Line]:
    """`count` telephone numbers, each of a workspace of its own."""
    db = Database(dsn, SystemClock(), pool_size=4)
    try:
        return [await _line(db, e164, mode) for e164, _ in zip(_numbers(), range(count), strict=False)]
    finally:
        await db.close()


def _numbers() -> Iterator[str]:
    """Numbers that the simulated network has."""
    return (f"+1{code}55501{line:02d}" for code in AREA_CODES for line in range(100))


async def _line(db: Database, e164: str, mode: Mode) -> Line:
    async with db.system() as tx:
        workspace = await identity.create_workspace(
            tx, "Bench", new_id("bench").lower(), WorkspaceLimits(["US"], 10, _NO_LIMIT)
        )
        tenant = Tenant(workspace.id, "test")
        await ledger.open_account(tx, tenant)
        await ledger.promote(tx, tenant, _PLENTY_CENTS, "bench")
        number_id = new_id("num")
        await tx.run(_INSERT_NUMBER, {"w": workspace.id, "n": number_id, "e": e164})
    async with db.tenant(tenant) as tenant_tx:
        draft = ConnectionDraft(name="Front desk", mode=mode, instructions="Answer kindly.")
        connection = await create_connection(tenant_tx, draft, "bench", SecretBox("bench"))
        await numbers.bind(tenant_tx, number_id, connection.id, "bench")
    return Line(e164, connection.id, connection.manual_secret)
