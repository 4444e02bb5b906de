"""What can go wrong with an idempotency key."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class IdempotencyConflict(SaperlyError):
    """The first request with this key is still running."""

    status = 409
    retryable = True
    fix = "Wait a moment and send the same request again with the same key."
    shape: ClassVar = {"message": "string"}

    def __init__(self) -> None:
        message = "A request with this Idempotency-Key is still being worked on."
        super().__init__(message, message=message)


class IdempotencyKeyMismatch(SaperlyError):
    """The key was used for another request, or is not a usable key."""

    status = 422
    fix = "Use a new Idempotency-Key (a UUID is a good one) for each different request."
    shape: ClassVar = {"message": "string"}

    def __init__(self, message: str) -> None:
        super().__init__(message, message=message)
