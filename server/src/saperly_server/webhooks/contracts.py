"""What others see of events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `seq` orders the events of a deployment; those that overlap in time may appear out of order."""

    id: str
    seq: int
    environment: str
    event_type: str
    number_id: str | None
    payload: dict[str, Any]
    created_at: datetime
