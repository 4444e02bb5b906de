"""The caller's side of the talk: words and keys, written down, checked for an opt-out, given to the brain."""

from . import opt_out
from .effects import OptOutVia
from .inputs import DtmfReceived, Heard
from .state import Role, TimerName, TransferProgress, changed
from .step import Step
from .turns import ask, deliver


def heard(step: Step, event: Heard) -> None:
    """Final words are a turn; partial ones only show that the caller is not silent.

    After a completed transfer the talk is not ours: nothing of it is kept.
    """
    words = event.text.strip()
    if not words or step.state.transfer is TransferProgress.DONE:
        return
    if not event.final:
        _restart_silence(step)
        return
    _gather_digits(step)
    if event.opt_out:
        opt_out.noticed(step, OptOutVia.VOICE, words)
    _write_down(step, words)
    if not event.opt_out:
        deliver(step, words)


def pressed(step: Step, event: DtmfReceived) -> None:
    """Keys are collected into one turn, ended by `#` or a pause; the announced opt-out key acts alone."""
    if step.state.transfer is TransferProgress.DONE:
        return
    if event.digit == step.plan.opt_out_key:
        opt_out.noticed(step, OptOutVia.DTMF, event.digit)
        _write_down(step, _as_words(event.digit))
        return
    step.state = changed(step.state, digits=step.state.digits + event.digit)
    if event.digit == "#":
        digits_complete(step)
    else:
        step.cancel_timers(TimerName.USER_SILENCE)
        step.start_timer(TimerName.DIGITS, step.plan.digit_pause_sec)


def digits_complete(step: Step) -> None:
    if step.state.digits:
        words = _as_words(step.state.digits)
        _forget_digits(step)
        _write_down(step, words)
        deliver(step, words)


def _gather_digits(step: Step) -> None:
    """Keys pressed right before the caller spoke belong to the same turn."""
    if step.state.digits:
        words = _as_words(step.state.digits)
        _forget_digits(step)
        _write_down(step, words)
        step.state = changed(step.state, words=(*step.state.words, words))


def _forget_digits(step: Step) -> None:
    step.state = changed(step.state, digits="")
    step.cancel_timers(TimerName.DIGITS)


def _as_words(digits: str) -> str:
    return f"[pressed {digits}]"


def _write_down(step: Step, words: str) -> None:
    step.record_turn(Role.USER, words, heard=words, at=step.now)


def _restart_silence(step: Step) -> None:
    if step.state.listen_sec is not None:
        step.start_timer(TimerName.USER_SILENCE, step.state.listen_sec)


def silence_is_over(step: Step) -> None:
    """The pause the brain asked for passed without a word: its turn again.

    Silence is counted from the end of our own line.
    """
    if not step.is_conversing or step.state.asked is not None:
        return
    if step.state.saying or step.state.waiting:
        _restart_silence(step)
    else:
        ask(step)
