"""What surfaces see of messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """How far a message has come. The last three are final; `received` is an inbound message's only status."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    RECEIVED = "received"


FINAL = frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.FAILED})


@dataclass(frozen=True, slots=True)
class Message:
    """A text message of a workspace."""

    id: str
    number_id: str
    direction: str
    to: str
    from_: str
    body: str
    segments: int
    status: str
    created_at: datetime
