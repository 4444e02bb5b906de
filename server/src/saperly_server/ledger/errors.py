"""What can go wrong with money."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class InsufficientFunds(SaperlyError):
    """The balance (or, for a number, a key's cap) does not cover the hold."""

    status = 402
    fix = "Top up the balance, or wait for holds to be freed; GET /usage shows what is available."
    shape: ClassVar = {"balanceCents": "integer", "requestedCents": "integer"}

    def __init__(self, *, balance_cents: int, requested_cents: int) -> None:
        super().__init__(
            f"This needs {requested_cents} cents and {balance_cents} are available.",
            balanceCents=balance_cents,
            requestedCents=requested_cents,
        )


class SpendLimitExceeded(SaperlyError):
    """The spend cap of the key, or of one of its ancestors, does not cover the hold."""

    status = 402
    fix = "Use a key with a larger spend limit, or wait until a monthly limit resets at the start of the UTC month."
    shape: ClassVar = {"limitCents": "integer", "priorSpendCents": "integer", "requestedCents": "integer"}

    def __init__(self, *, limit_cents: int, prior_spend_cents: int, requested_cents: int) -> None:
        super().__init__(
            f"The spend limit is {limit_cents} cents, {prior_spend_cents} are spent or held, {requested_cents} more asked.",
            limitCents=limit_cents,
            priorSpendCents=prior_spend_cents,
            requestedCents=requested_cents,
        )


class PaymentMethodRequired(SaperlyError):
    """This deployment asks for a payment method before it hands out more numbers."""

    status = 402
    fix = "Add a payment method to the workspace."
    shape: ClassVar = {"activeNumbers": "integer", "message": "string"}

    def __init__(self, *, active_numbers: int) -> None:
        message = f"A payment method is needed for more than {active_numbers} numbers."
        super().__init__(message, activeNumbers=active_numbers, message=message)
