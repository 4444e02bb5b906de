"""What surfaces see of calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is billed. `duration_sec` and `cost_cents` are None until it is settled."""

    id: str
    number_id: str
    direction: str
    to: str
    from_: str
    status: str
    rate_cents_per_min: float
    duration_sec: int | None
    cost_cents: int | None
    has_recording: bool
    has_transcript: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TranscriptTurn:
    """One turn: `text` is what was said, `heard` what reached the other side of it (None: nobody knows)."""

    role: str
    text: str
    heard: str | None
    interrupted: bool
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class CallUsage:
    """Calls of a time, and what they came to."""

    count: int
    total_cost_cents: int
    total_duration_sec: int
