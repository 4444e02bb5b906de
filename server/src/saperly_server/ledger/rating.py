"""The rate card: what a minute, a segment and a number cost, read from one file the operator edits.

All arithmetic is in whole numbers. Rates are micro-cents (1,000,000 to the cent) per minute or per segment.
Each charge is rounded exactly once, up to the next cent, over its whole quantity: 60 s at 13 cents a minute
are 13 cents, 1 s is 1 cent.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import index
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

BUILT_IN = Path(__file__).with_name("rates.toml")
MICROS_PER_CENT = 1_000_000
SEC_PER_MIN = 60
UNLIMITED_SEC = 2**31 - 1
"""What any amount pays for at a rate of zero: 68 years."""

NumberType = Literal["local", "toll_free", "mobile", "national"]
Brain = Literal["manual", "hosted"]

Cents = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Micros = Annotated[int, Field(strict=True, ge=0, le=10**12)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=86_400)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


@dataclass(frozen=True, slots=True)
class RateProblem:
    """One thing wrong with a rate file: the full key (`sms.zones.A.countries`) and what is wrong with it."""

    key: str
    reason: str


class RateFileInvalid(ValueError):
    """The rate file cannot be used. `problems` names every key that is wrong."""

    def __init__(self, path: Path, problems: tuple[RateProblem, ...]) -> None:
        listed = "; ".join(f"{problem.key}: {problem.reason}" for problem in problems)
        super().__init__(f"{path}: {listed}")
        self.path = path
        self.problems = problems


class NumberNotOffered(LookupError):
    """No price for numbers of this country and type. `types_offered` is empty if the country has none."""

    def __init__(self, country: str, number_type: str, types_offered: tuple[str, ...]) -> None:
        super().__init__(f"No {number_type} numbers are offered in {country}.")
        self.country = country
        self.number_type = number_type
        self.types_offered = types_offered


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberQuote(_Section):
    """The rent of a number per period, and what is charged once when it is ordered."""

    monthly_cents: Cents
    upfront_cents: Cents


class VoiceRates(_Section):
    """Per minute of connected time, and how far ahead a call is paid for."""

    manual_micros_per_min: Micros
    hosted_micros_per_min: Micros
    first_hold_sec: Seconds
    hold_step_sec: Seconds
    max_outbound_call_sec: Seconds


class SmsZone(_Section):
    """Countries that cost the same to text."""

    micros_per_segment: Micros
    countries: tuple[Country, ...]


class SmsRates(_Section):
    """Texts out, by zone. Texts in are free."""

    zones: dict[str, SmsZone]


class NumberRates(_Section):
    """Rent of 30 days by country and number type; whether a workspace's first number has its first 30 days free."""

    first_number_free: Annotated[bool, Field(strict=True)]
    rent: dict[Country, dict[NumberType, NumberQuote]]


class RateCard(_Section):
    """Every price of a deployment. Load one with `RateCard.load`; it never changes afterwards."""

    signup_credit_cents: Cents
    voice: VoiceRates
    sms: SmsRates
    numbers: NumberRates

    @classmethod
    def load(cls, path: Path | None = None) -> RateCard:
        """The card in the TOML file at `path`, or the built-in one.

        Raises `RateFileInvalid` for a file that is missing, not TOML, or has a missing, unknown, fractional,
        negative or doubly given value.
        """
        source = path or BUILT_IN
        try:
            card = cls.model_validate(_read(source))
        except ValidationError as invalid:
            raise RateFileInvalid(source, tuple(_problems(invalid))) from None
        repeated = tuple(_repeated_countries(card.sms.zones))
        if repeated:
            raise RateFileInvalid(source, repeated)
        return card

    def voice_rate(self, brain: Brain) -> int:
        """Micro-cents per minute of a call whose brain is the customer's (`manual`) or ours (`hosted`)."""
        return self.voice.hosted_micros_per_min if brain == "hosted" else self.voice.manual_micros_per_min

    @staticmethod
    def voice_cents(rate_micros_per_min: int, seconds: int) -> int:
        """The price of `seconds` of connected time, rounded up to the next cent."""
        return _round_up(_whole(rate_micros_per_min) * _whole(seconds), SEC_PER_MIN * MICROS_PER_CENT)

    @staticmethod
    def seconds_paid_by(cents: int, rate_micros_per_min: int) -> int:
        """The most seconds whose price is at most `cents`."""
        amount, rate = _whole(cents) * MICROS_PER_CENT * SEC_PER_MIN, _whole(rate_micros_per_min)
        return min(UNLIMITED_SEC, amount // rate) if rate else UNLIMITED_SEC

    def sms_cents(self, country: str, segments: int) -> int | None:
        """The price of an outbound text of so many segments; None where texts are not offered."""
        rate = self._sms_rates.get(country)
        return None if rate is None else _round_up(rate * _whole(segments), MICROS_PER_CENT)

    def quote(self, country: str, number_type: str) -> NumberQuote:
        """What a number costs. Raises `NumberNotOffered`."""
        offered = self.numbers.rent.get(country, {})
        for offered_type, price in offered.items():
            if offered_type == number_type:
                return price
        raise NumberNotOffered(country, number_type, tuple(offered))

    @cached_property
    def _sms_rates(self) -> dict[str, int]:
        zones = self.sms.zones.values()
        return {country: zone.micros_per_segment for zone in zones for country in zone.countries}


def _round_up(amount: int, unit: int) -> int:
    """The only place where money is rounded."""
    return -(-amount // unit)


def _whole(quantity: int) -> int:
    """`quantity`, which has to be a whole number and not negative: a fraction must never reach a price."""
    number = index(quantity)
    if number < 0:
        raise ValueError(f"A price cannot be worked out for {number}.")
    return number


def _read(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as unreadable:
        raise RateFileInvalid(source, (RateProblem("file", str(unreadable)),)) from None


def _problems(invalid: ValidationError) -> Iterator[RateProblem]:
    reasons = {"extra_forbidden": "is not a known key", "missing": "is missing"}
    for error in invalid.errors(include_url=False):
        key = ".".join(str(part) for part in error["loc"] if part != "[key]")
        reason = reasons.get(error["type"]) or re.sub(r"^Input s", "s", error["msg"])
        yield RateProblem(key, reason)


def _repeated_countries(zones: Mapping[str, SmsZone]) -> Iterator[RateProblem]:
    seen: dict[str, str] = {}
    for name, zone in zones.items():
        for country in zone.countries:
            if country in seen:
                reason = f"{country} is in zone {seen[country]} already"
                yield RateProblem(f"sms.zones.{name}.countries", reason)
            seen[country] = name
