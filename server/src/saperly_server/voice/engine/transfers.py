"""Putting the caller through, blind and silently; when it fails, the caller is told and the brain goes on."""

from .effects import OpenSpeech, Transfer
from .ending import hang_up
from .inputs import TransferRequested
from .speaking import say, set_aside, silence
from .state import Phase, Role, Speech, TimerName, TransferProgress, changed
from .step import Step
from .turns import ask

SPEECH_READY_SEC = 8.0
FAILED_NOTE = "[transfer failed]"


def open_speech(step: Step) -> None:
    """Ask for a speech session and give it a limited time to come up."""
    step.cancel_timers(TimerName.SPEECH_LOST)
    step.state = changed(step.state, speech=Speech.OPENING)
    step.emit(OpenSpeech())
    step.start_timer(TimerName.SPEECH_READY, SPEECH_READY_SEC)


def requested(step: Step, event: TransferRequested) -> None:
    """The API's transfer: now, or as soon as the disclosure is completed. One at a time."""
    if step.is_conversing:
        start(step, event.to)
    elif step.state.phase in (Phase.WAITING, Phase.DISCLOSING):
        step.state = changed(step.state, deferred_transfer=event.to)


def start(step: Step, to: str) -> None:
    """Stop talking and put the caller through. Words without an answer stay for the case that it fails."""
    silence(step)
    asked = step.state.asked
    unanswered = asked.words if asked else ()
    step.state = changed(
        step.state,
        transfer=TransferProgress.TRYING,
        asked=None,
        words=(*unanswered, *step.state.words),
        deferred_transfer=None,
    )
    step.cancel_timers(TimerName.BRAIN, TimerName.RETRY, TimerName.USER_SILENCE)
    step.emit(Transfer(to))


def completed(step: Step) -> None:
    """The caller is with somebody else: we neither speak nor listen; the call is paid for until it ends.

    One that connects while the call is being ended is ended with it.
    """
    if step.state.transfer is not TransferProgress.TRYING:
        return
    if step.state.ending is not None:
        hang_up(step, step.state.ending.reason)
        return
    set_aside(step)
    step.state = changed(step.state, transfer=TransferProgress.DONE, waiting=(), words=(), digits="")
    step.cancel_timers(
        TimerName.DIGITS,
        TimerName.PLAYOUT,
        TimerName.SPEECH_READY,
        TimerName.SPEECH_LOST,
        TimerName.LIMIT_WARNING,
    )


def failed(step: Step) -> None:
    """The caller is still there: say so, and give the brain a turn that tells it."""
    if step.state.transfer is not TransferProgress.TRYING or step.state.phase is not Phase.TALKING:
        return
    step.state = changed(step.state, transfer=TransferProgress.NONE, words=(FAILED_NOTE, *step.state.words))
    if step.state.speech is Speech.CLOSED:
        open_speech(step)
    say(step, step.plan.lines.transfer_failed, role=Role.SYSTEM)
    ask(step)
