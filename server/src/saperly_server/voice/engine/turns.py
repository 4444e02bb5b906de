"""Whose turn it is: asking the brain, the hold line while it is silent, the fallback when it fails.

One request is open at a time. Words the caller says meanwhile join the next one. Words of a request that got
no directive in time are repeated at the front of the next one, so nothing the caller said is lost.
"""

from saperly_protocol import InboundCall, OutboundCall, Turn

from .effects import AskBrain
from .inputs import BrainFailed, BrainFailure
from .speaking import say, say_and_hang_up
from .state import Asked, Direction, EndReason, NextChance, Phase, Role, TimerName, changed
from .step import Step

LET_REPEAT_SEC = 8.0
"""After a fallback line that asks the caller to repeat: how long words are waited for."""


def deliver(step: Step, words: str) -> None:
    """The caller said something: give it to the brain now, or with the next turn."""
    step.state = changed(step.state, words=(*step.state.words, words))
    ask_if_free(step)


def ask_if_free(step: Step) -> None:
    if step.is_conversing and step.state.asked is None and step.state.words:
        ask(step)


def ask(step: Step, already_waited_sec: float = 0.0) -> None:
    """Give the brain the word: with the opening event until it has had one, else with what was said."""
    step.cancel_timers(TimerName.RETRY, TimerName.USER_SILENCE)
    request_id = step.issue_request_id()
    state = step.state
    event: Turn | InboundCall | OutboundCall
    if state.opened:
        asked = Asked(request_id, state.words, opening=False)
        event = _turn(step, asked)
        step.state = changed(state, asked=asked, words=(), listen_sec=None, next_chance=None)
    else:
        event = _opening(step, request_id)
        step.state = changed(
            state, asked=Asked(request_id, (), opening=True), opened=True, listen_sec=None, next_chance=None
        )
    step.emit(AskBrain(event, request_id))
    if step.is_conversing:
        await_brain(step, already_waited_sec)


def await_brain(step: Step, already_waited_sec: float = 0.0) -> None:
    """The caller's patience starts: the hold line follows `brain_timeout_sec` of silence."""
    step.start_timer(TimerName.BRAIN, step.plan.brain_timeout_sec - already_waited_sec)


def _turn(step: Step, asked: Asked) -> Turn:
    return Turn(
        request_id=asked.request_id,
        conversation_id=step.plan.conversation_id,
        user_text=" ".join(asked.words),
    )


def _opening(step: Step, request_id: str) -> InboundCall | OutboundCall:
    plan = step.plan
    kind = InboundCall if plan.direction is Direction.INBOUND else OutboundCall
    return kind(
        request_id=request_id,
        conversation_id=plan.conversation_id,
        call_control_id=plan.conversation_id,
        from_number=plan.from_number,
        to_number=plan.to_number,
    )


def brain_is_silent(step: Step) -> None:
    """The brain's time is over: the caller hears the hold line and the brain gets another chance after it."""
    if step.is_conversing and step.state.asked is not None:
        fall_back(step, step.plan.lines.hold, NextChance.AT_ONCE)


def brain_failed(step: Step, event: BrainFailed) -> None:
    """A failing brain is covered for at once; one that nobody runs may still connect before the hold line."""
    asked = step.state.asked
    if asked is None or asked.request_id != event.request_id:
        return
    if asked.opening:
        step.state = changed(step.state, opened=False)
    if event.reason is BrainFailure.UNREACHABLE:
        return
    if step.state.phase is Phase.DISCLOSING:
        step.state = changed(step.state, deferred_failure=True)
    elif step.is_conversing:
        fall_back(step, step.plan.lines.trouble, NextChance.AFTER_REPEAT)


def fall_back(step: Step, line: str, chance: NextChance) -> None:
    """Close the open request unanswered and speak for the brain; too many times in a row, end politely."""
    state = step.state
    unanswered = state.asked.words if state.asked else ()
    silent_turns = state.silent_turns + 1
    step.state = changed(
        state,
        asked=None,
        deferred_failure=False,
        words=(*unanswered, *state.words),
        silent_turns=silent_turns,
        next_chance=chance,
    )
    step.cancel_timers(TimerName.BRAIN)
    if silent_turns >= step.plan.max_silent_turns:
        say_and_hang_up(step, step.plan.lines.brain_gone, EndReason.BRAIN_SILENT)
    else:
        say(step, line, role=Role.SYSTEM)


def nothing_left_to_say(step: Step, *, interrupted: bool) -> None:
    """Our lines are over: a brain that gave no directive gets its next chance, so that silence never stays.

    When the caller cut the line, or was asked to repeat, the words are waited for first.
    """
    chance = step.state.next_chance
    if chance is None or not step.is_conversing or step.state.asked:
        return
    if step.state.saying or step.state.waiting:
        return
    if chance is NextChance.AT_ONCE and not interrupted:
        ask(step)
    else:
        step.start_timer(TimerName.RETRY, LET_REPEAT_SEC)


def retry(step: Step) -> None:
    """The caller said nothing after the fallback line: ask the brain again, the silence so far counted in."""
    if step.is_conversing and step.state.asked is None:
        ask(step, already_waited_sec=LET_REPEAT_SEC)
