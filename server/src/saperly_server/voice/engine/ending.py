"""How a call ends: hanging up, waiting for the network to confirm it, and the one `Finish`."""

from dataclasses import replace
from datetime import datetime, timedelta

from saperly_protocol import CallEnded

from .effects import (
    AskCarrier,
    CallStatus,
    CloseBrain,
    DisclosurePhase,
    Finish,
    Hangup,
    RecordDisclosure,
)
from .state import Disclosure, Ending, Phase, TimerName, changed
from .step import Step

HANGUP_CONFIRM_SEC = 10.0
MAX_HANGUP_ATTEMPTS = 2
_OVER = (Phase.HANGING_UP, Phase.SETTLING, Phase.ENDED)


def hang_up(step: Step, reason: str) -> None:
    """End the call at the carrier now. The first reason given for the ending is the one that is kept."""
    state = step.state
    if state.phase in _OVER:
        return
    ending = Ending(state.ending.reason if state.ending else reason)
    unfinished = (state.saying,) if state.saying else ()
    step.state = changed(
        state,
        phase=Phase.HANGING_UP,
        ending=ending,
        asked=None,
        saying=None,
        waiting=(),
        cut=state.cut + unfinished,
    )
    step.cancel_all_timers()
    _tell_the_carrier(step, ending)


def _tell_the_carrier(step: Step, ending: Ending) -> None:
    hung_up_at = ending.hung_up_at or step.now
    step.state = changed(step.state, ending=replace(ending, hung_up_at=hung_up_at, attempts=ending.attempts + 1))
    step.emit(Hangup(ending.reason))
    step.start_timer(TimerName.HANGUP_CONFIRM, HANGUP_CONFIRM_SEC)


def hangup_unconfirmed(step: Step) -> None:
    """The carrier did not confirm: tell it again, and ask how the call stands, as the news of its end may be lost. When
    there is no answer either, close the books at the instant of the first request."""
    ending = step.state.ending
    if ending is None or ending.hung_up_at is None:
        return
    if ending.attempts < MAX_HANGUP_ATTEMPTS:
        _tell_the_carrier(step, ending)
        step.emit(AskCarrier())
        return
    finish(
        step,
        ended_at=ending.hung_up_at,
        reason=ending.reason,
        unanswered=CallStatus.NO_ANSWER,
        by_peer=False,
    )


def finish(step: Step, *, ended_at: datetime, reason: str, unanswered: CallStatus, by_peer: bool) -> None:
    """Close the books: open transcript lines, the disclosure's outcome, the brain, the timers, the call.

    `unanswered` is the status when the call never was answered. The duration is whole seconds from the
    answer, rounded up.
    """
    _record_broken_off_lines(step)
    _record_undisclosed(step, by_peer=by_peer)
    _close_brain(step, reason)
    step.cancel_all_timers()
    step.state = changed(step.state, phase=Phase.ENDED, asked=None, deferred=None, waiting=())
    answered_at = step.state.answered_at
    status = unanswered if answered_at is None else CallStatus.COMPLETED
    duration_sec = 0 if answered_at is None else whole_seconds(ended_at - answered_at)
    step.emit(Finish(status, duration_sec, reason, ended_at))


def whole_seconds(span: timedelta) -> int:
    """Seconds rounded up, never negative; computed on whole microseconds, without floating point."""
    return max(0, -(-span // timedelta(seconds=1)))


def _record_broken_off_lines(step: Step) -> None:
    saying = (step.state.saying,) if step.state.saying else ()
    for line in (*step.state.cut, *saying):
        step.record_line(line, heard=None, interrupted=True)
    step.state = changed(step.state, saying=None, cut=())


def _record_undisclosed(step: Step, *, by_peer: bool) -> None:
    if step.state.answered_at is None or step.state.disclosure not in (Disclosure.DUE, Disclosure.STARTED):
        return
    phase = DisclosurePhase.PEER_HUNG_UP if by_peer else DisclosurePhase.FAILED
    step.state = changed(step.state, disclosure=Disclosure.FAILED)
    step.emit(RecordDisclosure(phase, step.plan.disclosure, step.now))


def _close_brain(step: Step, reason: str) -> None:
    if not step.state.issued:
        return
    request_id = step.issue_request_id()
    step.state = changed(step.state, goodbye_id=request_id)
    step.emit(CloseBrain(CallEnded(request_id=request_id, conversation_id=step.plan.conversation_id, reason=reason)))
