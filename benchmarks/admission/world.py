"""The world every part of the benchmark runs in: workspaces with money, a key, a number and a consenting peer each."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from saperly_carriers.clock import SystemClock
from saperly_server import compliance, identity, ledger
from saperly_server.compliance import ConsentType
from saperly_server.core.db import Database, Tenant
from saperly_server.core.ids import new_id
from saperly_server.identity import ALL, Grant, WorkspaceLimits
from sqlalchemy import text

PEER = "+15555550123"
_INSERT_NUMBER = text("""
    insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents,
                         upfront_price_cents, currency, hold_id, carrier, carrier_number_id, created_at, provisioned_at)
    values (:w, :n, 'test', :e, 'US', 'local', 'active', 250, 0, 'USD', 'hold_bench', 'simulated', '', now(), now())
""")
_PLENTY_CENTS = 10**9


@dataclass(frozen=True, slots=True)
class Account:
    """One workspace that can send."""

    workspace_id: str
    key_id: str
    secret: str
    number_id: str
    e164: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


async def people(dsn: str, count: int) -> list[Account]:
    """`count` workspaces, each able to send texts to one peer."""
    db = Database(dsn, SystemClock(), pool_size=4)
    try:
        return [await _account(db, place) for place in range(count)]
    finally:
        await db.close()


async def _account(db: Database, place: int) -> Account:
    limits = WorkspaceLimits(["US"], 10, 1000)
    e164 = f"+1{212 + place // 100 % 700}555{100 + place % 100:04d}"
    async with db.system() as tx:
        workspace = await identity.create_workspace(tx, "Bench", new_id("bench").lower(), limits)
        tenant = Tenant(workspace.id, "test")
        await ledger.open_account(tx, tenant)
        await ledger.promote(tx, tenant, _PLENTY_CENTS, "bench")
        minted = await identity.mint_root(tx, tenant, "bench", Grant(ALL), "system")
        number_id = new_id("num")
        await tx.run(_INSERT_NUMBER, {"w": workspace.id, "n": number_id, "e": e164})
        await compliance.grant(tx, tenant, number_id, PEER, ConsentType.EXPLICIT_OUTBOUND, "bench", "system")
    return Account(workspace.id, minted.key.id, minted.plaintext, number_id, e164)
