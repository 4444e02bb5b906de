"""The speech session: it comes up, plays lines, is interrupted, and may be lost and opened once more."""

from . import disclosure
from .ending import hang_up
from .inputs import Interrupted, Spoken
from .speaking import (
    drop_interruptible,
    say,
    say_next,
    set_aside,
    take_cut_line,
    take_line,
)
from .state import EndReason, Phase, Role, Speech, Then, TimerName, TransferProgress, Utterance, changed
from .step import Step
from .transfers import open_speech
from .turns import nothing_left_to_say

SPEECH_LOST_SEC = 1.0
"""A session that closes is mostly the first sign of a hang-up: the carrier's word is waited for this long."""


def ready(step: Step) -> None:
    if step.state.speech is Speech.READY:
        return
    step.state = changed(step.state, speech=Speech.READY)
    step.cancel_timers(TimerName.SPEECH_READY, TimerName.SPEECH_LOST)
    disclosure.start_when_ready(step)
    say_next(step)
    nothing_left_to_say(step, interrupted=False)


def never_ready(step: Step) -> None:
    """The session did not come up in time."""
    if step.state.phase is Phase.DISCLOSING:
        disclosure.failed(step)
    elif step.state.transfer is TransferProgress.TRYING:
        step.state = changed(step.state, speech=Speech.CLOSED)
    else:
        hang_up(step, EndReason.SPEECH_FAILED)


def spoken(step: Step, event: Spoken) -> None:
    line = take_line(step, event.utterance_id)
    if line is not None:
        step.record_line(line, heard=line.text, interrupted=False)
        _go_on_after(step, line, interrupted=False)
        return
    cancelled = take_cut_line(step, event.utterance_id)
    if cancelled is not None:
        step.record_line(cancelled, heard=cancelled.text, interrupted=False)


def interrupted(step: Step, event: Interrupted) -> None:
    """The caller cut our line: what was heard of it is kept, and lines waiting behind it are not said."""
    line = take_line(step, event.utterance_id)
    if line is not None:
        step.record_line(line, heard=event.said, interrupted=True)
        drop_interruptible(step)
        _go_on_after(step, line, interrupted=True)
        return
    cancelled = take_cut_line(step, event.utterance_id)
    if cancelled is not None:
        step.record_line(cancelled, heard=event.said, interrupted=True)


def stalled(step: Step) -> None:
    """Nobody said that the line was played, long after it should have been: a disclosure has failed then."""
    saying = step.state.saying
    line = take_line(step, saying.utterance_id) if saying else None
    if line is not None:
        step.record_line(line, heard=None, interrupted=False)
        _go_on_after(step, line, interrupted=line.then is Then.DISCLOSED)


def _go_on_after(step: Step, line: Utterance, *, interrupted: bool) -> None:
    match line.then:
        case Then.DISCLOSED:
            disclosure.failed(step) if interrupted else disclosure.completed(step)
        case Then.HANG_UP:
            hang_up(step, EndReason.BRAIN_HUNG_UP)
        case Then.LISTEN:
            pass
    say_next(step)
    nothing_left_to_say(step, interrupted=interrupted)


def closed(step: Step) -> None:
    """The session is gone. Before the disclosure is complete, or with the last line, that is the end."""
    if step.state.speech in (Speech.NONE, Speech.CLOSED):
        return
    step.state = changed(step.state, speech=Speech.CLOSED)
    step.cancel_timers(TimerName.SPEECH_READY)
    if step.state.phase is Phase.DISCLOSING:
        hang_up(step, EndReason.DISCLOSURE_FAILED)
    elif step.state.phase is Phase.CLOSING:
        hang_up(step, EndReason.SPEECH_FAILED)
    elif step.state.phase is Phase.TALKING:
        set_aside(step)
        if step.is_conversing:
            step.start_timer(TimerName.SPEECH_LOST, SPEECH_LOST_SEC)


def lost(step: Step) -> None:
    """The call goes on without its session: open it once more, with an apology; the second time, give up."""
    if step.state.transfer is TransferProgress.TRYING:
        return
    if step.state.speech_reopened:
        hang_up(step, EndReason.SPEECH_FAILED)
        return
    step.state = changed(step.state, speech_reopened=True)
    open_speech(step)
    say(step, step.plan.lines.reconnected, role=Role.SYSTEM, first=True)
