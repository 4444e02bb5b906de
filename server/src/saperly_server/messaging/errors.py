"""What can go wrong with a message after the gate let it pass."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class MessageSendFailed(SaperlyError):
    """The network refused or failed to take the message. Its hold was released."""

    status = 502
    retryable = True
    fix = "Look at reason: a refusal needs another recipient or text, a failure may pass when sent again."
    shape: ClassVar = {"reason": "string"}

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)
