"""What other features and surfaces see of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

RENT_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number of a workspace. `released_at` marks one that is kept for history only."""

    id: str
    phone_number: str
    connection_id: str | None
    webhook_url: str | None
    sms_sender_id: str | None
    caller_id_name: str | None
    country: str
    number_type: str
    monthly_price_cents: int
    currency: str
    next_charge_at: datetime | None
    released_at: datetime | None
    created_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class NumberWish:
    """What a customer asks for: any number of a kind (left open: local, in the US), or one exact number; at up to a price."""

    country: str | None = None
    number_type: str | None = None
    area_code: str | None = None
    phone_number: str | None = None
    expected_monthly_cents: float | None = None
    expected_upfront_cents: float | None = None
    approve_higher_price: bool = False
