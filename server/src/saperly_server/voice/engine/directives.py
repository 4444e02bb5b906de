"""What a brain asks for: accepted once per request, applied when it may be heard, else refused by name."""

from saperly_protocol import Directive, Hangup, SendDtmf, Speak, Transfer, WaitForUser

from . import effects, transfers
from .effects import RecordDirective, Refusal
from .ending import hang_up
from .inputs import BrainReplied
from .speaking import close_conversation, say
from .state import EndReason, Phase, Role, Then, TimerName, changed
from .step import Step
from .turns import ask_if_free


def brain_replied(step: Step, event: BrainReplied) -> None:
    """Accept the directive of the open request; anything else is recorded and has no effect."""
    refusal = _refusal(step, event.request_id)
    step.emit(RecordDirective(event.request_id, event.directive.type, refusal is None, refusal))
    if refusal is None:
        _accept(step, event)


def _refusal(step: Step, request_id: str) -> Refusal | None:
    state = step.state
    if request_id == state.goodbye_id:
        return Refusal.ACKNOWLEDGED
    place = step.place_of(request_id)
    if place is None:
        return Refusal.UNKNOWN_REQUEST
    if state.replied >> place & 1:
        return Refusal.ALREADY_ANSWERED
    if state.asked is not None and state.asked.request_id == request_id:
        return None
    is_live = state.phase in (Phase.DISCLOSING, Phase.TALKING)
    return Refusal.TOO_LATE if is_live else Refusal.CALL_ENDED


def _accept(step: Step, event: BrainReplied) -> None:
    state = step.state
    step.state = changed(
        state,
        asked=None,
        opened=True,
        replied=state.replied | 1 << (step.place_of(event.request_id) or 0),
        silent_turns=0,
        deferred_failure=False,
    )
    step.cancel_timers(TimerName.BRAIN)
    if isinstance(event.directive, Hangup) or step.state.phase is not Phase.DISCLOSING:
        apply(step, event.directive)
    else:
        step.state = changed(step.state, deferred=event.directive)


def apply(step: Step, directive: Directive) -> None:
    """Carry out a directive; words that came while the brain was thinking are its next turn."""
    match directive:
        case Speak():
            _speak(step, directive)
        case WaitForUser():
            _listen(step, directive)
        case Hangup():
            hang_up(step, EndReason.BRAIN_HUNG_UP)
        case Transfer():
            transfers.start(step, directive.to)
        case SendDtmf():
            step.emit(effects.SendDtmf(directive.digits))
    ask_if_free(step)


def _speak(step: Step, directive: Speak) -> None:
    if directive.end_call:
        close_conversation(step, EndReason.BRAIN_HUNG_UP)
        say(step, directive.text, role=Role.ASSISTANT, interruptible=False, then=Then.HANG_UP)
    else:
        say(step, directive.text, role=Role.ASSISTANT)


def _listen(step: Step, directive: WaitForUser) -> None:
    if directive.timeout_ms is not None:
        seconds = directive.timeout_ms / 1000
        step.state = changed(step.state, listen_sec=seconds)
        step.start_timer(TimerName.USER_SILENCE, seconds)
