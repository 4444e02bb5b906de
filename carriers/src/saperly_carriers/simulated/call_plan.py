"""What is known about a call when it begins."""

from __future__ import annotations

from dataclasses import dataclass

from saperly_carriers.events import Attestation
from saperly_carriers.records import CallDirection
from saperly_carriers.simulated.faults import NO_FAULTS, Faults

ANONYMOUS = "anonymous"
"""The number of a caller who withholds it; the platform is told null."""


@dataclass(frozen=True, slots=True)
class CallPlan:
    """The two ends of a call, how long it may ring and last, and the faults that come with its peer."""

    call_id: str
    direction: CallDirection
    platform_number: str
    peer_number: str
    ring_timeout_sec: float
    ref: str | None = None
    caller_name: str | None = None
    attestation: Attestation = Attestation.FULL
    time_limit_sec: float | None = None
    detect_machine: bool = False
    faults: Faults = NO_FAULTS

    @property
    def outbound(self) -> bool:
        return self.direction is CallDirection.OUTBOUND

    @property
    def from_number(self) -> str | None:
        caller = self.platform_number if self.outbound else self.peer_number
        return None if caller == ANONYMOUS else caller

    @property
    def to_number(self) -> str:
        return self.peer_number if self.outbound else self.platform_number
