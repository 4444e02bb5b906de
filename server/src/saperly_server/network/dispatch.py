"""Carrying out what is due at the carriers: left behind by a crash, asked to wait, or written to be done later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from saperly_carriers.clock import Clock

from saperly_server import messaging, numbers, outbox, voice
from saperly_server.core.db import Database
from saperly_server.outbox import Operation

_logger = structlog.get_logger(__name__)
_LEASE_SEC = 30.0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Takes over due operations and gives each to its feature."""

    db: Database
    clock: Clock
    owner: str
    provisioner: numbers.Provisioner
    messaging: messaging.Messaging
    calls: voice.Switchboard

    async def carry_out_due(self, limit: int) -> int:
        """Work on at most `limit` operations; how many there were."""
        async with self.db.system() as tx:
            due = await outbox.claim_due(tx, self.owner, _LEASE_SEC, limit)
        for operation in due:
            try:
                await self._handler(operation)()
            except Exception:
                _logger.exception("operation failed", operation_id=operation.id, kind=operation.kind)
        return len(due)

    def _handler(self, operation: Operation) -> Callable[[], Awaitable[None]]:
        feature = operation.kind.partition(".")[0]
        if feature == "message":
            return lambda: messaging.carry_out(self.messaging, operation)
        if feature == "call":
            return lambda: voice.carry_out(self.calls, operation)
        return lambda: numbers.carry_out(self.provisioner, operation)
