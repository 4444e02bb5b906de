"""Ordering numbers: at once as a rule; by area code also pending, failing, or snatched away by others."""

from __future__ import annotations

import re

from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.events import EventKind, OrderStatus
from saperly_carriers.records import NumberOrder
from saperly_carriers.simulated.environment import Environment, Subject
from saperly_carriers.simulated.inventory import Inventory, NumberInUse
from saperly_carriers.simulated.numbering import find_fictional

PENDING_CODE, FAILING_CODE, TAKEN_CODE = "544", "566", "577"
PENDING_SEC = 5.0
REGULATED_COUNTRIES = frozenset({"DE"})
REGULATED_SEC = 3600.0
"""Regulated countries want papers checked first; here that takes an hour."""

_CALLER_NAME = re.compile(r"[A-Za-z0-9 ]{1,15}", re.ASCII)


class OrderBook:
    """Orders and what is set on the numbers they brought."""

    def __init__(self, env: Environment, inventory: Inventory) -> None:
        self._env = env
        self._inventory = inventory
        self._orders: dict[str, NumberOrder] = {}
        self._by_op: dict[str, str] = {}

    def order(self, e164: str, op_id: str, ref: str | None) -> NumberOrder:
        """Order a number; the outcome also comes as an event.

        Raises:
            CarrierRejected: number_unavailable.
        """
        if _area_code(e164) == TAKEN_CODE or not self._inventory.is_in_stock(e164):
            raise CarrierRejected(RejectReason.NUMBER_UNAVAILABLE, "This number is no longer available.")
        order_id = self._env.ids.order()
        self._by_op[op_id] = order_id
        self._inventory.put_on_order(e164)
        pending = self._orders[order_id] = NumberOrder(order_id, e164, OrderStatus.PENDING)
        wait = _pending_sec(e164)
        if wait > 0:
            self._env.later(wait, lambda: self._settle(pending, ref))
        else:
            self._settle(pending, ref)
        return self._orders[order_id]

    def status(self, order_id: str) -> NumberOrder:
        if order_id not in self._orders:
            raise CarrierRejected(RejectReason.NOT_FOUND, "There is no such order.", status=404)
        return self._orders[order_id]

    def find(self, op_id: str) -> NumberOrder | None:
        order_id = self._by_op.get(op_id)
        return self._orders[order_id] if order_id else None

    def route(self, number_id: str, voice: str | None, messaging: str | None) -> None:
        number = self._number(number_id)
        number.voice, number.messaging = voice, messaging

    def set_caller_name(self, number_id: str, name: str | None) -> None:
        if name is not None and not _CALLER_NAME.fullmatch(name):
            raise CarrierRejected(RejectReason.INVALID_VALUE, "A caller name has 1 to 15 letters, digits and spaces.")
        self._number(number_id).caller_name = name

    def release(self, number_id: str) -> None:
        number = self._inventory.by_id(number_id)
        if number is not None:
            self._inventory.release(number.e164)

    def _number(self, number_id: str) -> NumberInUse:
        number = self._inventory.by_id(number_id)
        if number is None:
            raise CarrierRejected(RejectReason.NOT_FOUND, "There is no such number.", status=404)
        return number

    def _settle(self, pending: NumberOrder, ref: str | None) -> None:
        if _area_code(pending.e164) == FAILING_CODE:
            self._inventory.order_failed(pending.e164)
            order = NumberOrder(pending.order_id, pending.e164, OrderStatus.FAILED, error="order_failed")
        else:
            number = self._inventory.take(pending.e164)
            order = NumberOrder(pending.order_id, pending.e164, OrderStatus.ACTIVE, number.number_id)
        self._orders[order.order_id] = order
        self._report(order, ref)

    def _report(self, order: NumberOrder, ref: str | None) -> None:
        data = {
            "e164": order.e164,
            "status": order.status.value,
            "number_id": order.number_id,
            "error": order.error,
        }
        self._env.emit(Subject("order_id", order.order_id, ref), EventKind.NUMBER_ORDER, data)


def _area_code(e164: str) -> str | None:
    return e164[2:5] if e164.startswith("+1") else None


def _pending_sec(e164: str) -> float:
    kind = find_fictional(e164)
    if kind is not None and kind[0] in REGULATED_COUNTRIES:
        return REGULATED_SEC
    return PENDING_SEC if _area_code(e164) in {PENDING_CODE, FAILING_CODE} else 0.0
