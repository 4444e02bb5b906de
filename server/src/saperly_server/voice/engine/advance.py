"""The conversation engine's one function: `advance(state, input, now) -> (state, effects)`.

Pure: no I/O, no clock, no randomness. `now` is the instant of the input; the same plan and the same inputs at
the same instants give the same state and effects, which is how a call is rebuilt after a crash.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from . import (
    directives,
    ending,
    hearing,
    inputs,
    money,
    opt_out,
    signalling,
    speech,
    transfers,
    turns,
)
from .effects import Effect, OptOutVia
from .state import CallState, Phase, TimerName, TransferProgress
from .step import Step


def advance(state: CallState, event: inputs.Input, now: datetime) -> tuple[CallState, tuple[Effect, ...]]:
    """What `event` at `now` makes of a call. Never raises on late, double or unexpected inputs."""
    step = Step(state, now)
    if state.phase in (Phase.SETTLING, Phase.ENDED):
        _after_the_end(step, event)
    else:
        if isinstance(event, _SHOWS_AN_ANSWER):
            signalling.infer_answer(step, speech_is_up=isinstance(event, inputs.SpeechReady))
        _RULES[type(event)](step, event)
    return step.state, tuple(step.effects)


def _after_the_end(step: Step, event: inputs.Input) -> None:
    """Nothing reaches the network any more; late directives are refused, a late opt-out still counts."""
    if isinstance(event, inputs.BrainReplied):
        directives.brain_replied(step, event)
    elif _is_opt_out(step, event):
        _note_opt_out(step, event)
    elif step.state.phase is Phase.SETTLING and isinstance(event, _SETTLES):
        _RULES[type(event)](step, event)


def _is_opt_out(step: Step, event: inputs.Input) -> bool:
    if step.state.transfer is TransferProgress.DONE:
        return False
    if isinstance(event, inputs.Heard):
        return event.final and event.opt_out
    return isinstance(event, inputs.DtmfReceived) and event.digit == step.plan.opt_out_key


def _note_opt_out(step: Step, event: inputs.Input) -> None:
    if isinstance(event, inputs.Heard):
        opt_out.noticed(step, OptOutVia.VOICE, event.text.strip())
    elif isinstance(event, inputs.DtmfReceived):
        opt_out.noticed(step, OptOutVia.DTMF, event.digit)


def _timer_fired(step: Step, event: inputs.TimerFired) -> None:
    """A timer that was cancelled or started anew in the meantime is stale and means nothing."""
    current = {name.value: token for name, token in step.state.timers}
    if current.get(event.name) == event.token:
        name = TimerName(event.name)
        step.has_fired(name)
        _TIMERS[name](step)


def _end_requested(step: Step, event: inputs.EndRequested) -> None:
    ending.hang_up(step, event.reason)


_SHOWS_AN_ANSWER = (
    inputs.SpeechReady,
    inputs.Heard,
    inputs.Spoken,
    inputs.Interrupted,
    inputs.DtmfReceived,
)
_SETTLES = (inputs.Answered, inputs.TimerFired, inputs.OwnerLost)

_TIMERS: dict[TimerName, Callable[[Step], None]] = {
    TimerName.BRAIN: turns.brain_is_silent,
    TimerName.RETRY: turns.retry,
    TimerName.USER_SILENCE: hearing.silence_is_over,
    TimerName.DIGITS: hearing.digits_complete,
    TimerName.PLAYOUT: speech.stalled,
    TimerName.SPEECH_READY: speech.never_ready,
    TimerName.SPEECH_LOST: speech.lost,
    TimerName.EXTEND_HOLD: money.extension_due,
    TimerName.LIMIT_WARNING: money.warn,
    TimerName.TIME_LIMIT: money.time_is_up,
    TimerName.HANGUP_CONFIRM: ending.hangup_unconfirmed,
    TimerName.LATE_ANSWER: signalling.answer_never_came,
}

_RULES: dict[type, Callable[[Step, Any], None]] = {
    inputs.Ringing: lambda step, _: signalling.ringing(step),
    inputs.Answered: signalling.answered,
    inputs.CarrierEnded: signalling.carrier_ended,
    inputs.OwnerLost: signalling.owner_lost,
    inputs.SpeechReady: lambda step, _: speech.ready(step),
    inputs.SpeechClosed: lambda step, _: speech.closed(step),
    inputs.Spoken: speech.spoken,
    inputs.Interrupted: speech.interrupted,
    inputs.Heard: hearing.heard,
    inputs.DtmfReceived: hearing.pressed,
    inputs.BrainReplied: directives.brain_replied,
    inputs.BrainFailed: turns.brain_failed,
    inputs.TimerFired: _timer_fired,
    inputs.HoldExtended: money.hold_extended,
    inputs.HoldRefused: lambda step, _: money.hold_refused(step),
    inputs.TransferRequested: transfers.requested,
    inputs.TransferCompleted: lambda step, _: transfers.completed(step),
    inputs.TransferFailed: lambda step, _: transfers.failed(step),
    inputs.EndRequested: _end_requested,
}
