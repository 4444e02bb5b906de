"""The caller wants no more contact.

The revocation is written before anything else is done; then one short confirmation, then the end: no offer,
no transfer, and nothing of the brain (47 CFR 64.1200(b)(3): the automated opt-out ends the call). During the
disclosure it is written at once and acted on when the disclosure is over. Words that are understood only
after the call ended are still written.
"""

from .effects import OptOutVia, RecordOptOut
from .speaking import say_and_hang_up
from .state import EndReason, Phase, changed
from .step import Step


def noticed(step: Step, via: OptOutVia, evidence: str) -> None:
    """Write it down once, take the word from the brain, and confirm as soon as the disclosure allows."""
    if step.state.opted_out:
        return
    step.state = changed(step.state, opted_out=True, asked=None, deferred=None, deferred_transfer=None)
    step.emit(RecordOptOut(via, evidence))
    if step.state.phase in (Phase.TALKING, Phase.CLOSING):
        confirm(step)


def confirm(step: Step) -> None:
    """Say the one confirmation and hang up. It outranks any other ending that was under way."""
    step.state = changed(step.state, ending=None)
    say_and_hang_up(step, step.plan.lines.opt_out_confirmed, EndReason.OPT_OUT)
