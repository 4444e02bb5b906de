"""The carrier's events: ringing, answered, ended. Late, double or out of order, they lead to the same end."""

from datetime import datetime, timedelta

from . import disclosure, money, transfers
from .effects import CallStatus, Hangup
from .ending import finish
from .inputs import Answered, CarrierEnded, EndedBy, Outcome, OwnerLost
from .state import CallState, EndReason, Phase, Speech, TimerName, changed
from .step import Step
from .turns import ask

LATE_ANSWER_SEC = 5.0
_UNANSWERED = {
    Outcome.REJECTED: CallStatus.FAILED,
    Outcome.INVALID_NUMBER: CallStatus.FAILED,
    Outcome.FAILED: CallStatus.FAILED,
}


def ringing(step: Step) -> None:
    step.state = changed(step.state, ringing=True)


def answered(step: Step, event: Answered) -> None:
    """The carrier's own instant; it corrects one that was only inferred."""
    if step.state.answer_is_exact:
        return
    is_news = step.state.answered_at is None
    step.state = changed(step.state, answered_at=event.at, answer_is_exact=True)
    if step.state.carrier_end is not None:
        _close(step, step.state.carrier_end)
    elif is_news:
        _pick_up(step)
    else:
        money.arm(step)


def infer_answer(step: Step, *, speech_is_up: bool) -> None:
    """Speech on a call that is not known to be answered: it was, and that event is late or lost."""
    if step.state.phase is Phase.WAITING:
        speech = Speech.OPENING if speech_is_up else step.state.speech
        step.state = changed(step.state, answered_at=step.now, speech=speech)
        _pick_up(step)


def _pick_up(step: Step) -> None:
    """Speech first (the disclosure must be heard within two seconds), then the brain so that it can think."""
    if step.state.phase is not Phase.WAITING:
        return
    must_disclose = step.plan.compliance_enabled
    step.state = changed(step.state, phase=Phase.DISCLOSING if must_disclose else Phase.TALKING)
    if must_disclose and not step.plan.disclosure.strip():
        disclosure.failed(step)
        return
    if step.state.speech is Speech.NONE:
        transfers.open_speech(step)
    money.arm(step)
    ask(step)
    if step.is_conversing and step.state.deferred_transfer is not None:
        transfers.start(step, step.state.deferred_transfer)


def carrier_ended(step: Step, event: CarrierEnded) -> None:
    """The end; when it is open whether the call was answered, that event is waited for a moment."""
    if step.state.phase is Phase.SETTLING:
        return
    since = _connected_since(step.state, event)
    step.state = changed(step.state, answered_at=since)
    if since is None and _may_have_been_answered(event):
        step.cancel_all_timers()
        step.state = changed(step.state, phase=Phase.SETTLING, carrier_end=event, asked=None)
        step.start_timer(TimerName.LATE_ANSWER, LATE_ANSWER_SEC)
    else:
        _close(step, event)


def _connected_since(state: CallState, event: CarrierEnded) -> datetime | None:
    if event.answered_at is not None:
        return event.answered_at
    if event.duration_sec is not None and event.duration_sec > 0:
        return event.at - timedelta(seconds=event.duration_sec)
    return state.answered_at


def _may_have_been_answered(event: CarrierEnded) -> bool:
    if event.outcome is Outcome.FAILED:
        return event.duration_sec is None
    return event.outcome in (Outcome.COMPLETED, Outcome.TIME_LIMIT)


def answer_never_came(step: Step) -> None:
    if step.state.carrier_end is not None:
        _close(step, step.state.carrier_end)


def _close(step: Step, event: CarrierEnded) -> None:
    by_peer = _is_by_peer(step.state, event)
    finish(
        step,
        ended_at=event.at,
        reason=_reason(step.state, event, by_peer=by_peer),
        unanswered=_UNANSWERED.get(event.outcome, CallStatus.NO_ANSWER),
        by_peer=by_peer,
    )


def _is_by_peer(state: CallState, event: CarrierEnded) -> bool:
    """Where the carrier does not say who ended a connected call, it was the peer unless we asked for it."""
    if event.by is not None:
        return event.by is EndedBy.PEER
    return state.ending is None and event.outcome is Outcome.COMPLETED


def _reason(state: CallState, event: CarrierEnded, *, by_peer: bool) -> str:
    """Our own reason first; a lost speech session is none when it was the peer's hang-up that closed it."""
    if state.ending is not None and not (by_peer and _is_a_lost_session(state)):
        return state.ending.reason
    if by_peer and state.answered_at is not None:
        return EndReason.PEER_HUNG_UP
    return event.outcome


def _is_a_lost_session(state: CallState) -> bool:
    lost = (EndReason.SPEECH_FAILED, EndReason.DISCLOSURE_FAILED)
    return state.ending is not None and state.ending.reason in lost and state.speech is Speech.CLOSED


def owner_lost(step: Step, event: OwnerLost) -> None:
    """Nobody holds the call any more: end it wherever it is, and file what is known."""
    if step.state.carrier_end is not None:
        _close(step, step.state.carrier_end)
        return
    reason = step.state.ending.reason if step.state.ending else EndReason.OWNER_LOST
    step.emit(Hangup(reason))
    finish(step, ended_at=event.at, reason=reason, unanswered=CallStatus.FAILED, by_peer=False)
