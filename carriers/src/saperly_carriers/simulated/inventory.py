"""The stock of numbers: what is for sale, what is in use, what was given back and rests for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.records import NumberOffer, NumberType
from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.numbering import (
    COUNTRIES,
    fictional_numbers,
    find_fictional,
    is_possible_area_code,
)

PRICES_CENTS: dict[tuple[str, NumberType], tuple[int, int]] = {
    ("US", NumberType.LOCAL): (100, 0),
    ("US", NumberType.TOLL_FREE): (200, 0),
    ("CA", NumberType.LOCAL): (100, 0),
    ("CA", NumberType.TOLL_FREE): (200, 0),
    ("GB", NumberType.LOCAL): (150, 0),
    ("GB", NumberType.MOBILE): (300, 0),
    ("GB", NumberType.NATIONAL): (150, 0),
    ("GB", NumberType.TOLL_FREE): (400, 0),
    ("DE", NumberType.LOCAL): (300, 100),
}
"""Per month and once, by country and type."""

_VOICE_ONLY = frozenset(
    {
        ("GB", NumberType.NATIONAL),
        ("GB", NumberType.TOLL_FREE),
        ("GB", NumberType.LOCAL),
        ("DE", NumberType.LOCAL),
    }
)


@dataclass(slots=True)
class NumberInUse:
    """A number that the platform rents. `voice` and `messaging` say where it leads; None: nowhere."""

    number_id: str
    e164: str
    voice: str | None = "platform"
    messaging: str | None = "platform"
    caller_name: str | None = None


class Inventory:
    """Every number of the network is in stock, on order, in use or held after its release."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._in_use: dict[str, NumberInUse] = {}
        self._on_order: set[str] = set()
        self._held_until: dict[str, datetime] = {}

    def search(
        self,
        *,
        country: str,
        number_type: NumberType,
        area_code: str | None,
        need: frozenset[str],
        limit: int,
    ) -> Sequence[NumberOffer]:
        """Numbers in stock, in the plan's order.

        Raises:
            CarrierRejected: geo (a country without numbers), invalid_value (an impossible area code).
        """
        if country not in COUNTRIES:
            raise CarrierRejected(RejectReason.GEO, "Numbers in this country are not available.")
        if area_code is not None and not is_possible_area_code(country, area_code):
            raise CarrierRejected(RejectReason.INVALID_VALUE, "No such area code can exist.")
        if limit < 1:
            raise CarrierRejected(RejectReason.INVALID_VALUE, "A search asks for at least one number.")
        if not need <= features(country, number_type):
            return []
        stock = self._stock(country, number_type, area_code)
        return [offer(e164, country, number_type) for e164 in islice(stock, limit)]

    def _stock(self, country: str, number_type: NumberType, area_code: str | None) -> Iterator[str]:
        return filter(self.is_in_stock, fictional_numbers(country, number_type, area_code))

    def offer_of(self, e164: str) -> NumberOffer | None:
        """One exact number, if it is in stock."""
        kind = find_fictional(e164)
        return offer(e164, *kind) if kind is not None and self.is_in_stock(e164) else None

    def rented(self) -> frozenset[str]:
        """Every number that is in use: what the platform pays for."""
        return frozenset(self._in_use)

    def is_in_stock(self, e164: str) -> bool:
        if find_fictional(e164) is None or e164 in self._in_use or e164 in self._on_order:
            return False
        held_until = self._held_until.get(e164)
        return held_until is None or held_until <= self._env.clock.now()

    def put_on_order(self, e164: str) -> None:
        self._on_order.add(e164)

    def order_failed(self, e164: str) -> None:
        self._on_order.discard(e164)

    def take(self, e164: str) -> NumberInUse:
        """Put a number into use."""
        self._on_order.discard(e164)
        self._held_until.pop(e164, None)
        number = self._in_use[e164] = NumberInUse(number_id(e164), e164)
        return number

    def seize(self, e164: str) -> str:
        """Mark a number as in use that was rented before this network started; gives its id.

        Raises:
            ValueError: the network has no such number.
        """
        if find_fictional(e164) is None:
            raise ValueError("the simulated network has no such number")
        return self._in_use[e164].number_id if e164 in self._in_use else self.take(e164).number_id

    def release(self, e164: str) -> None:
        """Take a number out of use; it rests before it is for sale again."""
        if self._in_use.pop(e164, None) is not None:
            rest = timedelta(seconds=self._env.settings.release_hold_sec)
            self._held_until[e164] = self._env.clock.now() + rest

    def in_use(self, e164: str) -> NumberInUse | None:
        return self._in_use.get(e164)

    def by_id(self, wanted: str) -> NumberInUse | None:
        return self._in_use.get("+" + wanted.removeprefix(_ID_PREFIX)) if wanted.startswith(_ID_PREFIX) else None


_ID_PREFIX = "sim-num-"


def number_id(e164: str) -> str:
    """The network's id of a number: the same in every run, because numbers outlive the network."""
    return _ID_PREFIX + e164.removeprefix("+")


def features(country: str, number_type: NumberType) -> frozenset[str]:
    return frozenset({"voice"}) if (country, number_type) in _VOICE_ONLY else frozenset({"voice", "sms"})


def offer(e164: str, country: str, number_type: NumberType) -> NumberOffer:
    monthly, upfront = PRICES_CENTS[country, number_type]
    return NumberOffer(e164, country, number_type, monthly, upfront, features(country, number_type))
