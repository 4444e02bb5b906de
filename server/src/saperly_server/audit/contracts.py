"""What others see of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the trail."""

    id: str
    seq: int
    environment: str
    event_type: str
    target_type: str
    target_id: str
    actor: str
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The state of one workspace's chain: how many rows hold, and the first that does not."""

    workspace_id: str
    verified: int
    broken_at: int | None
    problem: str | None
