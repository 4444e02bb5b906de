"""What can go wrong between us and a carrier, told by what the caller may do next.

Every error carries what the carrier said (`status`, `code`), with `message` fit for a customer: it names
no carrier and holds no carrier id.
"""

from __future__ import annotations

from enum import StrEnum


class RejectReason(StrEnum):
    """Why a carrier definitely said no."""

    INVALID_NUMBER = "invalid_number"
    NUMBER_UNAVAILABLE = "number_unavailable"
    OPTED_OUT = "opted_out"
    NOT_REGISTERED = "not_registered"
    SENDER = "sender"
    GEO = "geo"
    CANNOT_ROUTE = "cannot_route"
    BLOCKED = "blocked"
    CONTENT = "content"
    CALL_ENDED = "call_ended"
    NOT_ANSWERED = "not_answered"
    CAPACITY = "capacity"
    STATE = "state"
    NOT_FOUND = "not_found"
    ACCOUNT_LEVEL = "account_level"
    CARRIER_SPEND_LIMIT = "carrier_spend_limit"
    INVALID_VALUE = "invalid_value"


class CarrierError(Exception):
    """Something went wrong at the carrier. Never raised as such."""

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


class Unsupported(CarrierError):
    """The carrier cannot do this: choose another way, never send the request."""

    def __init__(self, capability: str) -> None:
        super().__init__(f"The carrier does not support {capability}.", code="unsupported")
        self.capability = capability


class CarrierRejected(CarrierError):
    """A definite no. Repeating does not help; nothing happened."""

    def __init__(
        self, reason: RejectReason, message: str | None = None, *, status: int = 422, code: str | None = None
    ) -> None:
        super().__init__(
            message or f"The carrier refused: {reason.replace('_', ' ')}.",
            status=status,
            code=code or reason.value,
        )
        self.reason = reason


class CarrierAuth(CarrierError):
    """The carrier does not accept our account's credentials. An operator must act."""


class CarrierRateLimited(CarrierError):
    """Too many requests; nothing happened. Repeat with the same operation id after `retry_after_sec`."""

    def __init__(self, retry_after_sec: float) -> None:
        super().__init__("The carrier asks to slow down.", status=429, code="rate_limited")
        self.retry_after_sec = retry_after_sec


class CarrierUnavailable(CarrierError):
    """The request certainly had no effect: repeat it with the same operation id."""


class CarrierOutcomeUnknown(CarrierError):
    """It may have happened. Repeat only where the carrier is idempotent; else look it up, else wait for
    the event."""


class CarrierProtocol(CarrierOutcomeUnknown):
    """The carrier's answer cannot be read. The outcome is unknown."""


class IntakeRefused(CarrierError):
    """An incoming request is not the carrier's, or not fresh.

    `reason` is missing_signature, bad_signature or stale.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The request was refused: {reason.replace('_', ' ')}.", status=401, code=reason)
        self.reason = reason
