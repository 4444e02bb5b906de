"""Paid time: the hold is extended before it runs out; the network's limit follows the hold, never leads it.

All times are seconds from the answer. The call ends at the paid limit or at the longest allowed duration,
whichever comes first, with a short line before it.
"""

from .effects import ExtendHold, SetTimeLimit
from .ending import hang_up
from .inputs import HoldExtended
from .speaking import cut_in, say
from .state import EndReason, Hold, Phase, Role, TimerName, changed
from .step import Step

HANG_UP_EARLY_SEC = 0.5
"""The hang-up has to travel: sent a little early, the call does not run past what is paid."""


def arm(step: Step) -> None:
    """Set the network's limit and the timers for the time that is paid now."""
    state = step.state
    if state.answered_at is None or state.phase not in (Phase.DISCLOSING, Phase.TALKING, Phase.CLOSING):
        return
    limit = _limit(step)
    step.emit(SetTimeLimit(limit))
    passed = (step.now - state.answered_at).total_seconds()
    step.start_timer(TimerName.TIME_LIMIT, limit - HANG_UP_EARLY_SEC - passed)
    if not state.warned:
        step.start_timer(TimerName.LIMIT_WARNING, limit - step.plan.warn_before_sec - passed)
    if state.hold is not Hold.REFUSED and state.paid_sec < step.plan.max_duration_sec:
        step.start_timer(TimerName.EXTEND_HOLD, state.paid_sec - step.plan.extend_before_sec - passed)


def _limit(step: Step) -> int:
    return min(step.state.paid_sec, step.plan.max_duration_sec)


def extension_due(step: Step) -> None:
    """Paid time runs low: ask for another step of it."""
    state = step.state
    to_paid_sec = min(state.paid_sec + step.plan.hold_step_sec, step.plan.max_duration_sec)
    if state.hold is not Hold.ASKED and to_paid_sec > state.paid_sec:
        step.state = changed(state, hold=Hold.ASKED)
        step.emit(ExtendHold(to_paid_sec))


def hold_extended(step: Step, event: HoldExtended) -> None:
    """The money is held: only now may the network carry the call longer."""
    if event.paid_sec <= step.state.paid_sec:
        return
    reached_max = step.state.paid_sec >= step.plan.max_duration_sec
    step.state = changed(
        step.state,
        paid_sec=event.paid_sec,
        hold=Hold.SETTLED,
        warned=step.state.warned and reached_max,
    )
    arm(step)


def hold_refused(step: Step) -> None:
    """No more money: say so now, and end when what is paid is used up."""
    if step.state.hold is Hold.REFUSED:
        return
    step.state = changed(step.state, hold=Hold.REFUSED)
    step.cancel_timers(TimerName.EXTEND_HOLD)
    warn(step)


def warn(step: Step) -> None:
    """Tell the caller, once, that the call is about to end; the conversation goes on until it does.

    The brain's words make way: behind a long answer the line would come too late.
    """
    if step.state.warned or not (step.state.phase is Phase.DISCLOSING or step.is_conversing):
        return
    step.state = changed(step.state, warned=True)
    step.cancel_timers(TimerName.LIMIT_WARNING)
    lines = step.plan.lines
    cut_in(step)
    say(
        step,
        lines.out_of_funds if _is_short_of_money(step) else lines.max_duration,
        role=Role.SYSTEM,
        interruptible=False,
    )


def time_is_up(step: Step) -> None:
    hang_up(step, EndReason.OUT_OF_FUNDS if _is_short_of_money(step) else EndReason.MAX_DURATION)


def _is_short_of_money(step: Step) -> bool:
    return step.state.paid_sec < step.plan.max_duration_sec
