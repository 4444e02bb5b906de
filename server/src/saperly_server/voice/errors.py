"""What can go wrong with a call."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class CallNotFound(SaperlyError):
    """No such call in this workspace and environment."""

    status = 404
    fix = "Use the id of one of your calls; GET /calls lists them."
    shape: ClassVar = {"callId": "string"}

    def __init__(self, call_id: str) -> None:
        super().__init__(f"There is no call {call_id}.", callId=call_id)


class NumberHasNoConnection(SaperlyError):
    """Nobody would speak: the number has no handler and the request names none."""

    status = 422
    fix = "Bind a connection with POST /numbers/{id}/connection, or pass connectionId."
    shape: ClassVar = {"numberId": "string"}

    def __init__(self, number_id: str) -> None:
        super().__init__(f"The number {number_id} has no connection.", numberId=number_id)


class CallStartFailed(SaperlyError):
    """The network could not start the call, or could not put it through. A call that never started costs nothing."""

    status = 502
    retryable = True
    fix = "Look at reason: a refusal needs another destination, a failure may pass when tried again."
    shape: ClassVar = {"reason": "string"}

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)
