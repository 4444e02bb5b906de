"""Carriers' call events in the engine's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from saperly_carriers.port import CallSnapshot, CallState, EventKind

from saperly_server.outbox import StoredEvent

from .engine import inputs
from .engine.inputs import Input


def to_input(event: StoredEvent) -> Input | None:
    """The engine's input for a carrier's event; None for one that says nothing new to the engine."""
    match event.kind:
        case EventKind.CALL_RINGING:
            return inputs.Ringing()
        case EventKind.CALL_ANSWERED:
            return inputs.Answered(event.occurred_at)
        case EventKind.CALL_BRIDGED:
            return inputs.TransferCompleted()
        case EventKind.CALL_TRANSFER_FAILED:
            return inputs.TransferFailed(str(event.data.get("outcome") or "failed"))
        case EventKind.CALL_ENDED:
            return _ended(event.occurred_at, event.data)
    return None


def from_snapshot(snapshot: CallSnapshot) -> list[Input]:
    """What a carrier's account of a call tells the engine; nothing while the call rings, or when the carrier does not
    know it."""
    if snapshot.state is CallState.ENDED and snapshot.ended_at is not None and snapshot.outcome is not None:
        outcome = inputs.Outcome(snapshot.outcome.value)
        return [inputs.CarrierEnded(outcome, snapshot.ended_at, None, snapshot.answered_at)]
    return [inputs.Answered(snapshot.answered_at)] if snapshot.answered_at is not None else []


def _ended(at: datetime, data: dict[str, Any]) -> inputs.CarrierEnded:
    answered, milliseconds = data.get("answered_at"), data.get("duration_ms")
    by = data.get("ended_by")
    return inputs.CarrierEnded(
        outcome=inputs.Outcome(data["outcome"]),
        at=at,
        by=inputs.EndedBy(by) if by else None,
        answered_at=datetime.fromisoformat(answered) if answered else None,
        duration_sec=None if milliseconds is None else -(-int(milliseconds) // 1000),
    )
