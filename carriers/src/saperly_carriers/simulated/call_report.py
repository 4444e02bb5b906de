"""What the network reports about one call."""

from __future__ import annotations

from datetime import datetime

from saperly_carriers.events import CallOutcome, EndedBy, EventKind
from saperly_carriers.simulated.call_plan import CallPlan
from saperly_carriers.simulated.environment import Environment, Subject
from saperly_carriers.simulated.faults import LATE_EVENT_SEC

VOICE_MICROS_PER_MINUTE = 7_000
SIP_CODES = {
    CallOutcome.BUSY: 486,
    CallOutcome.NO_ANSWER: 408,
    CallOutcome.REJECTED: 603,
    CallOutcome.INVALID_NUMBER: 404,
    CallOutcome.CANCELLED: 487,
    CallOutcome.FAILED: 500,
}


class CallReport:
    """Turns what happens on a call into events."""

    def __init__(self, env: Environment, plan: CallPlan) -> None:
        self._env = env
        self._plan = plan
        self._subject = Subject("call_id", plan.call_id, plan.ref)

    def incoming(self) -> None:
        self._emit(
            EventKind.CALL_INCOMING,
            **self._ends(),
            caller_name=self._plan.caller_name,
            attestation=self._plan.attestation.value,
        )

    def ringing(self) -> None:
        self._emit(EventKind.CALL_RINGING, **self._ends())

    def answered(self, at: datetime) -> None:
        self._env.emit(self._subject, EventKind.CALL_ANSWERED, self._ends(), faults=self._plan.faults, occurred_at=at)

    def machine(self, result: str, *, beep: bool) -> None:
        self._emit(EventKind.CALL_MACHINE, result=result, beep=beep)

    def dtmf(self, digit: str) -> None:
        self._emit(EventKind.CALL_DTMF, digit=digit)

    def bridged(self, to: str) -> None:
        self._emit(EventKind.CALL_BRIDGED, to=to)

    def transfer_failed(self, to: str, outcome: CallOutcome) -> None:
        self._emit(EventKind.CALL_TRANSFER_FAILED, to=to, outcome=outcome.value, sip_code=SIP_CODES.get(outcome))

    def ended(
        self,
        outcome: CallOutcome,
        by: EndedBy,
        sip_code: int | None,
        answered_at: datetime | None,
        ended_at: datetime,
    ) -> None:
        duration_ms = _milliseconds(answered_at, ended_at)
        data = {
            "outcome": outcome.value,
            "ended_by": by.value,
            "sip_code": sip_code,
            "answered_at": answered_at.isoformat() if answered_at else None,
            "duration_ms": duration_ms,
        }
        self._env.emit(self._subject, EventKind.CALL_ENDED, data, faults=self._plan.faults, occurred_at=ended_at)
        self._cost(duration_ms)
        if self._plan.faults.merged(self._env.faults).late_event:
            self._late_key()

    def _cost(self, duration_ms: int) -> None:
        cost = duration_ms * VOICE_MICROS_PER_MINUTE // 60_000
        self._env.log.add("call_cost", call_id=self._plan.call_id, cost_micros=cost, duration_ms=duration_ms)
        if self._env.settings.call_cost_events:
            self._emit(EventKind.CALL_COST, cost_micros=cost, duration_ms=duration_ms)

    def _late_key(self) -> None:
        self._env.emit(
            self._subject,
            EventKind.CALL_DTMF,
            {"digit": "1"},
            faults=self._plan.faults,
            after_sec=LATE_EVENT_SEC,
        )

    def _ends(self) -> dict[str, object]:
        return {"from": self._plan.from_number, "to": self._plan.to_number}

    def _emit(self, kind: EventKind, /, **data: object) -> None:
        self._env.emit(self._subject, kind, data, faults=self._plan.faults)


def _milliseconds(start: datetime | None, end: datetime) -> int:
    return 0 if start is None else round((end - start).total_seconds() * 1000)
