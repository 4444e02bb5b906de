"""Consent and suppression over random histories, beside a model of what each step means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from saperly_server import compliance
from saperly_server.compliance import ConsentType, RecipientOptedOut
from saperly_server.core.db import TenantTx
from sqlalchemy import text

from ..ledger.bank import Bank

NUMBERS = ("num_1", "num_2")
PEERS = ("+14155557001", "+14155557002")
STEPS = 60

_STATES = text("""
    select n, p, compliance_state(:w, :e, n, p) as state
    from unnest(cast(:ns as text[])) n cross join unnest(cast(:ps as text[])) p
""")
_KEPT = text("""
    select (select count(*) from suppressions where workspace_id = :w),
           (select count(*) from suppressions where workspace_id = :w and lifted_at is not null),
           (select count(*) from consents where workspace_id = :w)
""")


@dataclass(slots=True)
class Model:
    """Who asked us to stop, whom the workspace shut off, and each pair's last record: its type, or `revoked`."""

    asked: set[str] = field(default_factory=set)
    shut: set[str] = field(default_factory=set)
    last: dict[tuple[str, str], str] = field(default_factory=dict)
    added: int = 0
    lifted: int = 0
    records: int = 0

    def state(self, number: str, peer: str) -> str:
        last = self.last.get((number, peer), "none")
        return "opted_out" if peer in self.asked | self.shut or last == "revoked" else last

    def suppress(self, who: set[str], number: str, peer: str) -> bool:
        fresh = peer not in who
        who.add(peer)
        self.added += fresh
        if (number, peer) in self.last:
            self.last[number, peer] = "revoked"
        return fresh

    def lift(self, who: set[str], peer: str) -> bool:
        found = peer in who
        who.discard(peer)
        self.lifted += found
        return found

    def give(self, number: str, peer: str, kind: str) -> None:
        before = self.last.get((number, peer), "revoked")
        self.records += before == "revoked"
        if before == "revoked" or kind == "explicit_outbound":
            self.last[number, peer] = kind

    def grant(self, number: str, peer: str, kind: str) -> bool:
        if peer in self.asked or (peer in self.shut and kind == "implied_inbound"):
            return False
        self.lift(self.shut, peer)
        self.give(number, peer, kind)
        return True

    def start(self, number: str, peer: str) -> bool:
        lifted = self.lift(self.asked, peer) | self.lift(self.shut, peer)
        if self.last.get((number, peer), "revoked") != "revoked":
            return lifted
        self.give(number, peer, "explicit_outbound")
        return True


Step = Callable[[TenantTx, Model, str, str], Awaitable[None]]


def _grant(kind: ConsentType) -> Step:
    async def step(tx: TenantTx, model: Model, number: str, peer: str) -> None:
        if model.grant(number, peer, kind.value):
            await compliance.grant(tx, tx.tenant, number, peer, kind, "form", "key:1")
            return
        with pytest.raises(RecipientOptedOut):
            async with tx.conn.begin_nested():
                await compliance.grant(tx, tx.tenant, number, peer, kind, "form", "key:1")

    return step


async def _revoke(tx: TenantTx, model: Model, number: str, peer: str) -> None:
    model.suppress(model.shut, number, peer)
    await compliance.revoke(tx, tx.tenant, number, peer, "key:1")


async def _stop(tx: TenantTx, model: Model, number: str, peer: str) -> None:
    fresh = model.suppress(model.asked, number, peer)
    assert await compliance.opt_out(tx, tx.tenant, number, peer, "sms_keyword", {}) is fresh


async def _start(tx: TenantTx, model: Model, number: str, peer: str) -> None:
    changed = model.start(number, peer)
    assert await compliance.opt_in(tx, tx.tenant, number, peer, "sms_keyword", {}) is changed


async def _write(tx: TenantTx, model: Model, number: str, peer: str) -> None:
    if model.state(number, peer) == "none":
        model.give(number, peer, "implied_inbound")
    await compliance.imply(tx, tx.tenant, number, peer, "inbound_sms", {})


MOVES: list[Step] = [
    _grant(ConsentType.IMPLIED_INBOUND),
    _grant(ConsentType.EXPLICIT_OUTBOUND),
    _grant(ConsentType.EXPLICIT_OUTBOUND),
    _revoke,
    _stop,
    _start,
    _write,
    _write,
]


async def _walk(bank: Bank, seed: int) -> None:
    random, model = Random(seed), Model()
    customer = await bank.customer()
    where = {"w": customer.tenant.workspace_id, "e": "live", "ns": list(NUMBERS), "ps": list(PEERS)}
    async with bank.db.tenant(customer.tenant) as tx:
        for step in range(STEPS):
            move, number, peer = random.choice(MOVES), random.choice(NUMBERS), random.choice(PEERS)
            await move(tx, model, number, peer)
            found = {(row.n, row.p): row.state for row in await tx.all(_STATES, where)}
            assert found == {(n, p): model.state(n, p) for n in NUMBERS for p in PEERS}, (seed, step)
            kept = await tx.one(_KEPT, {"w": customer.tenant.workspace_id})
            assert kept == (model.added, model.lifted, model.records), (seed, step)
    assert await bank.examine(customer.tenant, ("S-1", "S-3", "A-1")) == []


@pytest.mark.parametrize("seed", range(0, 30, 5))
async def test_the_state_is_that_of_the_model_after_every_step_and_no_opt_out_is_lost(bank: Bank, seed: int) -> None:
    for walk in range(seed, seed + 5):
        await _walk(bank, walk)
