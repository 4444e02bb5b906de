"""What other features see of consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConsentType(StrEnum):
    """How consent came about: the peer contacted us first, or opted in to being contacted."""

    IMPLIED_INBOUND = "implied_inbound"
    EXPLICIT_OUTBOUND = "explicit_outbound"


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One of our numbers may contact one peer, from `granted_at` until `revoked_at`."""

    id: str
    number_id: str
    peer_number: str
    consent_type: str
    source: str
    granted_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What the gate would say now: contact allowed, and by which kind of consent."""

    has_consent: bool
    type: str | None
    opted_out: bool
