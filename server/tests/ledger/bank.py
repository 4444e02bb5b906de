"""One database for many examples, each with a workspace of its own, and the writes that every test of the foundation makes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import pytest
from saperly_carriers.port import NumberOrder, OrderStatus
from saperly_server import doctor, identity, ledger, outbox
from saperly_server.compliance import ConsentType, grant
from saperly_server.core.db import Database, Tenant, Tx
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.ids import new_id
from saperly_server.doctor import Finding, examine
from saperly_server.gate import Admitted, Gate, Intent
from saperly_server.idempotency import Scope
from saperly_server.identity import ALL, Caller, Grant, SpendLimit
from saperly_server.ledger import RateCard
from saperly_server.numbers import Provisioner
from saperly_server.verify.ledger.desk import Calendar
from sqlalchemy import text

from ..customers import START, Customer, new_customer

MONEY = (*doctor.MONEY, "A-1")
"""What must hold after every single move."""

_databases = count()
_digits = count(4_150_000_000)


class Watch(Calendar):
    """A clock that shows what the test sets, backwards too. Nothing waits on it."""

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(slots=True)
class Bank:
    """The database, its clock, and what changes it as the server would. `dsn` opens more connections to it."""

    dsn: str
    watch: Watch
    db: Database
    gate: Gate
    provisioner: Provisioner
    extra: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def customer(self, **wish: Any) -> Customer:
        self.watch.at = START
        return await new_customer(self.db, **wish)

    @asynccontextmanager
    async def gates(self, how_many: int) -> AsyncIterator[list[Gate]]:
        """Gates of as many processes, each with connections of its own."""
        databases = [Database(self.dsn, self.watch, pool_size=2) for _ in range(how_many)]
        try:
            yield [Gate(db, owner=new_id("proc"), consent_policy="strict") for db in databases]
        finally:
            for db in databases:
                await db.close()

    async def key(
        self, parent: Caller, cents: int | None = None, reset: Any = "monthly", scopes: Any = ALL, **grant: Any
    ) -> Caller:
        """A child key with a cap of its own, as a caller."""
        limit = None if cents is None else SpendLimit(cents, reset)
        async with self.db.tenant(parent.tenant) as tx:
            minted = await identity.mint_child(tx, parent, "child", Grant(frozenset(scopes), limit=limit, **grant))
        key = minted.key
        return Caller(parent.tenant, key.id, (*parent.path, key.id), key.grant)

    async def number(self, customer: Customer, **row: Any) -> str:
        """An active number: ordered through the gate, delivered, settled."""
        admitted = await self.gate.admit(self.order(customer, **row))
        assert isinstance(admitted, Admitted)
        await self.deliver(admitted)
        return admitted.intent.id

    def order(self, customer: Customer, e164: str | None = None, **row: Any) -> Intent:
        price = {"monthlyCents": 250, "upfrontCents": 0, "firstPeriodFree": True, "approveHigherPrice": True}
        kind = {"country": "US", "numberType": "local", "carrier": "simulated"}
        e164 = e164 or f"+1{next(_digits)}"
        facts = {"e164": e164, **kind, **price, "expectedMonthlyCents": None, "expectedUpfrontCents": None, **row}
        return _intent("number", customer.caller, new_id("num"), facts, to=facts["e164"], handoff="number.order")

    async def deliver(self, admitted: Admitted) -> None:
        """The carrier delivers an ordered number."""
        intent = admitted.intent
        order = NumberOrder(new_id("ord"), intent.to or "", OrderStatus.ACTIVE, new_id("cn"), None)
        async with self.db.system() as tx:
            await self.provisioner.apply(tx, intent.tenant, intent.id, order)
            await outbox.finish(tx, admitted.operation, {})

    async def consent(self, customer: Customer, number_id: str, peer: str) -> None:
        kind = ConsentType.EXPLICIT_OUTBOUND
        async with self.db.tenant(customer.tenant) as tx:
            await grant(tx, customer.tenant, number_id, peer, kind, "test", customer.caller.actor)

    @staticmethod
    def text(caller: Caller, number_id: str, peer: str, cents: int = 2, scope: Scope | None = None) -> Intent:
        row = {"body": "Hello", "encoding": "GSM-7", "segments": 1}
        name = new_id("msg")
        return _intent(
            "message", caller, name, row, to=peer, handoff="message.send", cents=cents, number_id=number_id, scope=scope
        )

    async def examine(self, tenant: Tenant, only: Sequence[str] = MONEY) -> list[Finding]:
        """What the doctor finds in one workspace."""
        async with self.db.tenant(tenant) as tx:
            return await examine(tx, only)

    async def rows(self, statement: str, **params: Any) -> list[Any]:
        async with self.db.system() as tx:
            return list(await tx.all(text(statement), params))

    async def in_system(self, work: Callable[[Tx], Any]) -> Any:
        async with self.db.system() as tx:
            return await work(tx)


def _intent(
    kind: Any,
    caller: Caller,
    resource_id: str,
    row: dict[str, Any],
    *,
    to: str,
    handoff: str,
    cents: int = 0,
    number_id: str | None = None,
    scope: Scope | None = None,
) -> Intent:
    return Intent(
        kind=kind,
        tenant=caller.tenant,
        id=resource_id,
        caller=caller,
        number_id=number_id,
        to=to,
        country="US",
        refused=None,
        amount_cents=cents,
        row=row,
        handoff=handoff,
        idempotency=scope,
    )


@pytest.fixture(scope="session")
async def bank(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Bank]:
    """A database shared by the tests of one folder: they keep apart by using a new customer each."""
    name = f"bank_{next(_databases)}"
    await run_as_owner(postgres.url("postgres"), f"create database {name} template {template}")
    watch, dsn = Watch(START), postgres.url(name)
    db = Database(dsn, watch, pool_size=8)
    gate = Gate(db, owner="proc_test", consent_policy="strict")
    yield Bank(dsn, watch, db, gate, Provisioner(db, gate, watch, RateCard.load(), {}, 0, None))
    await db.close()


async def run_as_owner(dsn: str, *statements: str) -> None:
    """Execute as the owner of the tables, each statement in a transaction of its own."""
    conn = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        await conn.close()


async def balance(bank: Bank, tenant: Tenant) -> tuple[int, int]:
    """(available, held)."""
    async with bank.db.tenant(tenant) as tx:
        found = await ledger.balance(tx, tenant)
    return found.available_cents, found.held_cents
