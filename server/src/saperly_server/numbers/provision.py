"""Buying a number: hold, order, activate and settle; or fail and release. A crash in between ends in one of the two."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saperly_carriers.clock import Clock
from saperly_carriers.port import (
    Carrier,
    CarrierError,
    CarrierRejected,
    NumberOrder,
    Numbers,
    Op,
    OrderStatus,
    RejectReason,
)
from sqlalchemy import Row, select, update

from saperly_server import idempotency, ledger, outbox
from saperly_server.audit import record
from saperly_server.core.db import Database, Tenant, Tx
from saperly_server.core.errors import UpstreamError
from saperly_server.core.ids import new_id
from saperly_server.gate import Admitted, Gate, Intent, NumberTaken, Repeated
from saperly_server.identity import Caller
from saperly_server.ledger import InsufficientFunds, NumberNotOffered, NumberQuote, RateCard, SpendLimitExceeded
from saperly_server.webhooks import emit

from .contracts import RENT_PERIOD, Number, NumberWish
from .errors import CountryNotAvailable, NoNumbersAvailable
from .models import numbers
from .offers import Kind, for_sale, kind_of, upstream
from .queries import to_number

ORDER = "number.order"
ROUTE = "number.route"
_ORDERS_LOST = 3
"""How many orders may be lost to other buyers before the answer is that there is no number."""


@dataclass(frozen=True, slots=True)
class Provisioner:
    """Finds, orders and activates numbers."""

    db: Database
    gate: Gate
    clock: Clock
    rates: RateCard
    carriers: Mapping[str, Carrier]
    wait_sec: float
    without_payment_method: int | None
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)

    def quote(self, country: str, number_type: str) -> NumberQuote:
        """The customer's price of a kind of number. CountryNotAvailable, or NoNumbersAvailable for the type."""
        try:
            return self.rates.quote(country, number_type)
        except NumberNotOffered as refused:
            if not refused.types_offered:
                raise CountryNotAvailable(country) from refused
            raise NoNumbersAvailable(country=country, number_type=number_type) from refused

    async def provision(self, caller: Caller, wish: NumberWish, scope: idempotency.Scope | None) -> Number | Repeated:
        """Find, hold, order, wait for the network: the number, active or (for a slow order) reserved.

        An offer that somebody else takes first is replaced by the next one. Raises the gate's refusals, NoNumbersAvailable,
        CountryNotAvailable, and UpstreamError when the network fails the order.
        """
        if scope is not None and (earlier := await self.gate.remembered(scope)) is not None:
            return earlier
        shop = self._shop(caller.tenant)
        kind = await kind_of(shop, wish)
        price = self.quote(*kind)
        lost = 0
        for e164 in await for_sale(shop, wish, kind):
            if lost == _ORDERS_LOST:
                break
            try:
                admission = await self.gate.admit(self._intent(caller, wish, e164, kind, price, scope))
            except NumberTaken:
                continue
            except SpendLimitExceeded as capped:
                raise _as_funds(capped) from capped
            if isinstance(admission, Repeated):
                return admission
            try:
                return await self._order(admission, e164)
            except _OfferGone:
                await self._forget(caller.tenant, scope)
                lost += 1
        raise NoNumbersAvailable(country=kind.country, number_type=kind.number_type)

    def _shop(self, tenant: Tenant) -> Numbers:
        shop = self.carriers[tenant.environment].numbers
        assert shop is not None
        return shop

    def _intent(
        self,
        caller: Caller,
        wish: NumberWish,
        e164: str,
        kind: Kind,
        price: NumberQuote,
        scope: idempotency.Scope | None,
    ) -> Intent:
        row = {
            "e164": e164,
            "country": kind.country,
            "numberType": kind.number_type,
            "carrier": self.carriers[caller.tenant.environment].name,
            "monthlyCents": price.monthly_cents,
            "upfrontCents": price.upfront_cents,
            "firstPeriodFree": self.rates.numbers.first_number_free,
            "expectedMonthlyCents": wish.expected_monthly_cents,
            "expectedUpfrontCents": wish.expected_upfront_cents,
            "approveHigherPrice": wish.approve_higher_price,
            "withoutPaymentMethod": self.without_payment_method,
        }
        return Intent(
            kind="number",
            tenant=caller.tenant,
            id=new_id("num"),
            caller=caller,
            number_id=None,
            to=e164,
            country=kind.country,
            refused=None,
            amount_cents=0,
            row=row,
            handoff=ORDER,
            idempotency=scope,
        )

    async def _order(self, admitted: Admitted, e164: str) -> Number:
        arrived = self.waiting.setdefault(admitted.intent.id, asyncio.Event())
        task = asyncio.ensure_future(self.carry_out(admitted.operation, e164))
        try:
            answered = await outbox.wait_at_most(self.clock, task, self.wait_sec)
            if answered and task.result() is OrderStatus.PENDING:
                delivery = asyncio.ensure_future(arrived.wait())
                await outbox.wait_at_most(self.clock, delivery, self.wait_sec)
                delivery.cancel()
            return to_number(await self._row(admitted.intent.tenant, admitted.intent.id))
        finally:
            self.waiting.pop(admitted.intent.id, None)

    async def outcome(self, tenant: Tenant, number_id: str) -> Number | None:
        """An ordered number once the network has answered; None while it has not. UpstreamError when it failed."""
        row = await self._row(tenant, number_id)
        return None if row.state == "reserved" else to_number(row)

    async def _row(self, tenant: Tenant, number_id: str) -> Row[Any]:
        async with self.db.tenant(tenant) as tx:
            row = await tx.one(select(numbers).where(numbers.c.id == number_id))
        assert row is not None
        if row.state == "failed":
            failed = UpstreamError(
                "The network could not deliver the number.", upstream_status=502, code="order_failed"
            )
            raise failed.about(number_id)
        return row

    async def carry_out(self, operation: outbox.Operation, e164: str) -> OrderStatus | None:
        """Order the number at the carrier and record the answer; None when the answer is not known yet.

        Raises UpstreamError when the carrier definitely failed it, after the hold is released.
        """
        carrier = self.carriers[operation.tenant.environment]
        shop = carrier.numbers
        assert shop is not None
        op = Op(operation.id, outbox.ref_of(operation.tenant, operation.resource_id))
        try:
            order = await outbox.carry_out(
                self.clock,
                operation,
                lambda: shop.order(e164, op),
                lambda: shop.find_order(op),
                repeatable=carrier.caps.command_idempotency_s > 0,
            )
        except outbox.Unresolved as unresolved:
            async with self.db.system() as tx:
                await outbox.postpone(tx, operation, unresolved.retry_after_sec)
            return None
        except CarrierError as refused:
            await self._refused(operation, refused)
            raise
        await self.ordered(operation, order)
        return order.status

    async def _refused(self, operation: outbox.Operation, refused: CarrierError) -> None:
        async with self.db.system() as tx:
            await self.fail(tx, operation.tenant, operation.resource_id, refused.code or "refused")
            await outbox.finish(tx, operation, {"refused": refused.code})
        if isinstance(refused, CarrierRejected) and refused.reason is RejectReason.NUMBER_UNAVAILABLE:
            raise _OfferGone
        raise upstream(refused).about(operation.resource_id) from refused

    async def ordered(self, operation: outbox.Operation, order: NumberOrder) -> None:
        async with self.db.system() as tx:
            await self.apply(tx, operation.tenant, operation.resource_id, order)
            await outbox.finish(tx, operation, {"orderId": order.order_id, "status": order.status.value})
        await self.applied(operation.tenant, operation.resource_id, order)

    async def applied(self, tenant: Tenant, number_id: str, order: NumberOrder) -> None:
        """To be called when `apply` is committed: wakes the request that waits for the number."""
        if order.status is not OrderStatus.PENDING and number_id in self.waiting:
            self.waiting[number_id].set()

    async def apply(self, tx: Tx, tenant: Tenant, number_id: str, order: NumberOrder) -> None:
        """Record how far an order has come; a number that is active, released or failed stays what it is."""
        if order.status is OrderStatus.ACTIVE:
            await self._activate(tx, tenant, number_id, order)
        elif order.status is OrderStatus.FAILED:
            await self.fail(tx, tenant, number_id, order.error or "order_failed")
        else:
            await tx.run(update(numbers).where(*_reserved(tenant, number_id)).values(carrier_order_id=order.order_id))

    async def _activate(self, tx: Tx, tenant: Tenant, number_id: str, order: NumberOrder) -> None:
        await ledger.lock(tx, tenant)
        row = await tx.one(
            update(numbers)
            .where(*_reserved(tenant, number_id))
            .values(
                state="active",
                carrier_order_id=order.order_id,
                carrier_number_id=order.number_id,
                provisioned_at=tx.now,
                next_charge_at=tx.now + RENT_PERIOD,
                rent_due_at=tx.now + RENT_PERIOD,
            )
            .returning(numbers)
        )
        if row is None:
            return
        # Its calls and texts are to come to us. That is owed from this commit on, whatever the carrier answers at first.
        await outbox.request(tx, tenant, ROUTE, number_id, owner="", lease_sec=0)
        held = await ledger.settle_in_full(tx, tenant.workspace_id, row.hold_id)
        data: dict[str, Any] = {"e164": row.e164, "chargedCents": held.settled_cents}
        await record(tx, tenant, "network", "number.provisioned", "number", number_id, data)
        await emit(tx, tenant, "number.provisioned", number_id, {"phoneNumber": row.e164})

    async def fail(self, tx: Tx, tenant: Tenant, number_id: str, reason: str) -> None:
        """The order failed: the hold is released, and a first number's free time is given back."""
        await ledger.lock(tx, tenant)
        row = await tx.one(
            update(numbers).where(*_reserved(tenant, number_id)).values(state="failed").returning(numbers)
        )
        if row is None:
            return
        held = await ledger.release(tx, tenant.workspace_id, row.hold_id)
        # Only a number whose first period was free was held at less than its price.
        if held.held_cents < row.monthly_price_cents + row.upfront_price_cents:
            await ledger.give_back_first_number(tx, tenant, row.created_at)
        await record(tx, tenant, "network", "number.failed", "number", number_id, {"reason": reason})

    async def _forget(self, tenant: Tenant, scope: idempotency.Scope | None) -> None:
        if scope is not None:
            async with self.db.tenant(tenant) as tx:
                await idempotency.forget(tx, scope)


class _OfferGone(Exception):
    """Somebody else bought the offered number first."""


def _reserved(tenant: Tenant, number_id: str) -> tuple[Any, ...]:
    c = numbers.c
    return (c.workspace_id == tenant.workspace_id, c.id == number_id, c.state == "reserved")


def _as_funds(capped: SpendLimitExceeded) -> InsufficientFunds:
    """A purchase over a key's cap is told in the words of a purchase: what is left, and what was asked."""
    left = max(0, capped.facts["limitCents"] - capped.facts["priorSpendCents"])
    return InsufficientFunds(balance_cents=left, requested_cents=capped.facts["requestedCents"])
