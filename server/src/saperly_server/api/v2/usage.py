"""`/usage` and `/pricing/quote`: what was used, what is left, what a number costs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from saperly_server import ledger, messaging, voice
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import ResponseBody
from saperly_server.api.http.openapi import errors
from saperly_server.api.services import services_of
from saperly_server.identity import Caller, Scope
from saperly_server.numbers import CountryNotAvailable, NoNumbersAvailable

router = APIRouter(tags=["billing"])


class CallUsage(ResponseBody):
    """Calls of a time."""

    count: int
    total_cost_cents: int
    total_duration_sec: int


class MessageUsage(ResponseBody):
    """Texts of a time."""

    count: int


class Usage(ResponseBody):
    """Calls and messages since an instant; the balance as it is now."""

    calls: CallUsage
    messages: MessageUsage
    balance_cents: int


class Quote(ResponseBody):
    """The customer's price of a kind of number."""

    customer_monthly_cents: int
    customer_upfront_cents: int
    country: str
    number_type: str
    currency: str = "USD"


_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _iso(value: Any) -> Any:
    if isinstance(value, str) and _WRITTEN.match(value) is None:
        raise ValueError("must be an ISO 8601 instant with its time zone, such as 2026-01-01T00:00:00Z")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be an instant of the years 1 to 9999 in UTC") from error


Since = Annotated[
    Annotated[AwareDatetime, BeforeValidator(_iso), AfterValidator(_utc)] | None,
    Query(description="Inclusive; absent: all time."),
]


@router.get("/usage", operation_id="usage.summary", summary="Counts, cost and balance", responses=errors())
async def usage(
    request: Request,
    caller: Annotated[Caller, needs(Scope.BILLING_READ)],
    since: Since = None,
) -> Usage:
    start = since or datetime(2000, 1, 1, tzinfo=UTC)
    async with services_of(request).db.tenant(caller.tenant) as tx:
        calls = await voice.usage_since(tx, start)
        count = await messaging.count_since(tx, start)
        balance = await ledger.balance(tx, caller.tenant)
    return Usage(
        calls=CallUsage.model_validate(calls, from_attributes=True),
        messages=MessageUsage(count=count),
        balance_cents=balance.available_cents,
    )


@router.get(
    "/pricing/quote",
    operation_id="pricing.quote",
    summary="Price a kind of number",
    responses=errors(CountryNotAvailable, NoNumbersAvailable),
)
async def quote(
    request: Request,
    caller: Annotated[Caller, needs()],
    country: Annotated[str, Query(pattern=r"^[A-Z]{2}$")],
    number_type: Annotated[str, Query(alias="numberType", pattern=r"^[a-z_]{1,20}$")],
) -> Quote:
    price = services_of(request).provisioner.quote(country, number_type)
    return Quote(
        customer_monthly_cents=price.monthly_cents,
        customer_upfront_cents=price.upfront_cents,
        country=country,
        number_type=number_type,
    )
