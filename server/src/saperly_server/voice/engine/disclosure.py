"""The disclosure: said first, in full and uninterruptible; nothing of the brain is heard before its end.

When it cannot be said, the call ends without the brain.
"""

from . import opt_out, transfers
from .directives import apply
from .effects import DisclosurePhase, RecordDisclosure
from .ending import hang_up
from .speaking import say
from .state import Disclosure, EndReason, NextChance, Phase, Role, Speech, Then, changed
from .step import Step
from .turns import ask_if_free, await_brain, fall_back


def start_when_ready(step: Step) -> None:
    state = step.state
    is_due = state.phase is Phase.DISCLOSING and state.disclosure is Disclosure.DUE
    if is_due and state.speech is Speech.READY:
        step.state = changed(state, disclosure=Disclosure.STARTED)
        _record(step, DisclosurePhase.STARTED)
        text = step.plan.disclosure
        say(step, text, role=Role.SYSTEM, interruptible=False, then=Then.DISCLOSED, first=True)


def completed(step: Step) -> None:
    """What waited for the end of the disclosure happens now, the caller's opt-out before everything else."""
    if step.state.phase is not Phase.DISCLOSING:
        return
    step.state = changed(step.state, disclosure=Disclosure.COMPLETED, phase=Phase.TALKING)
    _record(step, DisclosurePhase.COMPLETED)
    if step.state.opted_out:
        opt_out.confirm(step)
    elif step.state.deferred_transfer is not None:
        step.state = changed(step.state, deferred=None)
        transfers.start(step, step.state.deferred_transfer or "")
    else:
        _give_the_brain_the_word(step)


def _give_the_brain_the_word(step: Step) -> None:
    directive = step.state.deferred
    step.state = changed(step.state, deferred=None)
    if directive is not None:
        apply(step, directive)
    elif step.state.deferred_failure:
        fall_back(step, step.plan.lines.trouble, NextChance.AFTER_REPEAT)
    elif step.state.asked is not None:
        await_brain(step)
    else:
        ask_if_free(step)


def failed(step: Step) -> None:
    """It could not be said in full: no brain on this call."""
    if step.state.phase is Phase.DISCLOSING:
        step.state = changed(step.state, disclosure=Disclosure.FAILED)
        _record(step, DisclosurePhase.FAILED)
        hang_up(step, EndReason.DISCLOSURE_FAILED)


def _record(step: Step, phase: DisclosurePhase) -> None:
    step.emit(RecordDisclosure(phase, step.plan.disclosure, step.now))
