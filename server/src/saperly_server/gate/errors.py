"""The gate's verdicts as the errors of the features whose rules refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from saperly_server.compliance import ConsentRequired, DestinationNotSupported, RecipientOptedOut
from saperly_server.core.errors import RateLimited, SaperlyError
from saperly_server.identity import AuthorizationDenied, Unauthorized
from saperly_server.ledger import InsufficientFunds, PaymentMethodRequired, SpendLimitExceeded


class NumberNotFound(SaperlyError):
    """No such number in this workspace and environment, or it was released."""

    status = 404
    fix = "Use the id of one of your numbers; GET /numbers lists them."
    shape: ClassVar = {"numberId": "string"}

    def __init__(self, number_id: str) -> None:
        super().__init__(f"There is no number {number_id}.", numberId=number_id)


class NumberQuotaExceeded(SaperlyError):
    """The workspace holds as many numbers as it may."""

    status = 409
    fix = "Release a number you no longer need, or ask the operator for a higher quota."
    shape: ClassVar = {"limit": "integer", "current": "integer"}

    def __init__(self, *, limit: int, current: int) -> None:
        super().__init__(f"This workspace holds {current} of {limit} numbers.", limit=limit, current=current)


class PriceChanged(SaperlyError):
    """The price is above the one the request expected. Nothing was charged."""

    status = 409
    fix = "Send the request again with the actual prices, or with approveHigherPrice, under a new Idempotency-Key."
    shape: ClassVar = {
        "phoneNumber": "string",
        "actualMonthlyPriceCents": "number",
        "actualUpfrontPriceCents": "number",
        "expectedMonthlyPriceCents": "number",
        "expectedUpfrontPriceCents": "number",
        "currency": "string",
    }

    def __init__(self, **facts: Any) -> None:
        super().__init__(f"The price of {facts['phoneNumber']} is higher than expected.", **facts)


class NumberTaken(Exception):
    """The offered number is in use in this deployment already: take the next offer."""


_ERRORS: dict[str, Callable[[Any], Exception]] = {
    "Unauthorized": lambda _: Unauthorized(),
    "SpendingStopped": lambda _: AuthorizationDenied("Spending of this workspace was stopped by a consistency check."),
    "NumberNotFound": lambda facts: NumberNotFound(facts["numberId"]),
    "DestinationNotSupported": lambda facts: DestinationNotSupported(to=facts["to"]),
    "RecipientOptedOut": lambda facts: RecipientOptedOut(to=facts["to"]),
    "ConsentRequired": lambda facts: ConsentRequired(number_id=facts["numberId"], to=facts["to"]),
    "InsufficientFunds": lambda facts: InsufficientFunds(
        balance_cents=facts["balanceCents"], requested_cents=facts["requestedCents"]
    ),
    "SpendLimitExceeded": lambda facts: SpendLimitExceeded(
        limit_cents=facts["limitCents"],
        prior_spend_cents=facts["priorSpendCents"],
        requested_cents=facts["requestedCents"],
    ),
    "PaymentMethodRequired": lambda facts: PaymentMethodRequired(active_numbers=facts["activeNumbers"]),
    "NumberQuotaExceeded": lambda facts: NumberQuotaExceeded(**facts),
    "PriceChanged": lambda facts: PriceChanged(**facts),
    "NumberTaken": lambda _: NumberTaken(),
    "RateLimited": lambda facts: RateLimited(facts["bucket"], retry_after_sec=5),
}


def refusal(tag: str, facts: dict[str, Any]) -> Exception:
    """The error for a refusing verdict."""
    return _ERRORS[tag](facts)
