"""Our side of the talk: one line at a time, kept until it was played or cut, written down as it was heard."""

from dataclasses import replace

from .effects import CancelSpeech, Say
from .ending import hang_up
from .state import Ending, Phase, Role, Speech, Then, TimerName, Utterance, changed
from .step import Step

PLAYOUT_GRACE_SEC = 10.0
SLOWEST_CHARS_PER_SEC = 8.0
"""Speech runs at about 15 characters a second; a line of twice the time and ten seconds more has stalled."""


def say(
    step: Step,
    text: str,
    *,
    role: Role,
    interruptible: bool = True,
    then: Then = Then.LISTEN,
    first: bool = False,
) -> None:
    """Say a line when the speech session is ready and those before it are over; `first`: before all that wait."""
    line = Utterance(step.issue_utterance_id(), text, role, interruptible, then)
    waiting = step.state.waiting
    step.state = changed(step.state, waiting=(line, *waiting) if first else (*waiting, line))
    say_next(step)


def say_next(step: Step) -> None:
    state = step.state
    if state.saying or not state.waiting or state.speech is not Speech.READY:
        return
    line = replace(state.waiting[0], started_at=step.now)
    step.state = changed(state, saying=line, waiting=state.waiting[1:])
    step.emit(Say(line.utterance_id, line.text, line.interruptible))
    step.start_timer(TimerName.PLAYOUT, PLAYOUT_GRACE_SEC + len(line.text) / SLOWEST_CHARS_PER_SEC)


def say_and_hang_up(step: Step, text: str, reason: str) -> None:
    """The platform's last word: it replaces whatever was being said, cannot be cut, and ends the call."""
    silence(step)
    close_conversation(step, reason)
    if step.state.speech is not Speech.READY:
        hang_up(step, reason)
        return
    say(step, text, role=Role.SYSTEM, interruptible=False, then=Then.HANG_UP)


def close_conversation(step: Step, reason: str) -> None:
    """No more turns: what is still to be said is the last thing."""
    ending = step.state.ending or Ending(reason)
    step.state = changed(step.state, phase=Phase.CLOSING, ending=ending, asked=None, deferred=None)
    step.cancel_timers(TimerName.BRAIN, TimerName.RETRY, TimerName.USER_SILENCE, TimerName.DIGITS)


def silence(step: Step) -> None:
    """Say nothing more: not the lines that wait, and not the rest of the one being said."""
    _drop(step, step.state.waiting)
    if step.state.saying is not None:
        set_aside(step)
        step.emit(CancelSpeech())


def cut_in(step: Step) -> None:
    """Take the word for a line of the platform: what may be interrupted is, what may not is heard to its end."""
    drop_interruptible(step)
    if step.state.saying is not None and step.state.saying.interruptible:
        set_aside(step)
        step.emit(CancelSpeech())


def set_aside(step: Step) -> None:
    """The line being said is over for us; how far the caller heard it may still be told."""
    line = step.state.saying
    if line is not None:
        step.state = changed(step.state, saying=None, cut=(*step.state.cut, line))
        step.cancel_timers(TimerName.PLAYOUT)


def drop_interruptible(step: Step) -> None:
    """The caller took the word: lines that wait behind the cut one are not said, unless they must be."""
    _drop(step, tuple(line for line in step.state.waiting if line.interruptible))


def _drop(step: Step, lines: tuple[Utterance, ...]) -> None:
    """Take lines out unsaid. The brain believes that its own were said: they are noted as not heard."""
    step.state = changed(step.state, waiting=tuple(line for line in step.state.waiting if line not in lines))
    for line in lines:
        if line.role is Role.ASSISTANT:
            step.record_line(line, heard="", interrupted=True)


def take_line(step: Step, utterance_id: str) -> Utterance | None:
    """The line being said, if it has this id; it is no longer being said."""
    line = step.state.saying
    if line is None or line.utterance_id != utterance_id:
        return None
    step.state = changed(step.state, saying=None)
    step.cancel_timers(TimerName.PLAYOUT)
    return line


def take_cut_line(step: Step, utterance_id: str) -> Utterance | None:
    """A line that was cancelled and not written down yet."""
    for line in step.state.cut:
        if line.utterance_id == utterance_id:
            step.state = changed(step.state, cut=tuple(other for other in step.state.cut if other is not line))
            return line
    return None
