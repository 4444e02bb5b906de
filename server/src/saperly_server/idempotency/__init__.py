"""Safe retries: one effect for each `Idempotency-Key`. See README.md."""

from .errors import IdempotencyConflict, IdempotencyKeyMismatch
from .operations import Scope, Stored, claim, finish, forget, forget_expired, scope_of

__all__ = [
    "IdempotencyConflict",
    "IdempotencyKeyMismatch",
    "Scope",
    "Stored",
    "claim",
    "finish",
    "forget",
    "forget_expired",
    "scope_of",
]
