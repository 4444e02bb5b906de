"""What can go wrong with a credential."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class Unauthorized(SaperlyError):
    """No key, an unknown key, or one that was revoked or has expired."""

    status = 401
    fix = "Send Authorization: Bearer <key> with a key that is not revoked; `saperly keys list` shows yours."
    shape: ClassVar = {"message": "string"}

    def __init__(self, message: str = "This request needs a valid API key.") -> None:
        super().__init__(message, message=message)


class AuthorizationDenied(SaperlyError):
    """The key is valid but its grant does not cover the action."""

    status = 403
    fix = "Use a key whose grant covers this action, or mint one with POST /api-tokens."
    shape: ClassVar = {"reason": "string"}

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)
