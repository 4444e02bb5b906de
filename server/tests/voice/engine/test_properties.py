"""Whatever happens, in whatever order: what a call must never do, and what it must always be about to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saperly_protocol import Directive, Hangup, SendDtmf, Speak, Transfer, WaitForUser
from saperly_server.voice.engine import (
    CallPlan,
    Direction,
    Phase,
    input_from_dict,
    input_to_dict,
    replay,
)
from saperly_server.voice.engine import effects as wanted
from saperly_server.voice.engine import inputs as told
from saperly_server.voice.engine.effects import CARRIER_EFFECTS, AskBrain, Effect, Say, StartTimer
from saperly_server.voice.engine.rehearsal import Rehearsal
from saperly_server.voice.engine.state import Speech, TimerName, TransferProgress

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
DISCLOSURE = "This is an automated assistant."
BRAIN_TEXT = "Words of the brain."
often = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Move = Callable[[Rehearsal], Any]

plans = st.builds(
    CallPlan,
    call_id=st.just("call_1"),
    conversation_id=st.just("conv_1"),
    direction=st.sampled_from(Direction),
    from_number=st.just("+15555550123"),
    to_number=st.just("+15555550199"),
    compliance_enabled=st.booleans(),
    disclosure=st.sampled_from([DISCLOSURE] * 9 + [" "]),
    paid_sec=st.sampled_from([60, 120, 10, 0]),
    max_duration_sec=st.sampled_from([900, 150, 60]),
    opt_out_key=st.sampled_from([None, "9"]),
)
directives: st.SearchStrategy[Directive] = st.one_of(
    st.builds(Speak, text=st.just(BRAIN_TEXT), end_call=st.sampled_from([None, None, True])),
    st.builds(WaitForUser, timeout_ms=st.sampled_from([None, 3000])),
    st.builds(Hangup),
    st.builds(Transfer, to=st.just("+15555550100")),
    st.builds(SendDtmf, digits=st.just("12")),
)
instants = st.integers(0, 30).map(lambda seconds: START + timedelta(seconds=seconds))
events: st.SearchStrategy[told.Input] = st.one_of(
    st.builds(told.Ringing),
    st.builds(told.Answered, at=instants),
    st.builds(told.SpeechReady),
    st.builds(told.SpeechClosed),
    st.builds(
        told.Heard,
        text=st.sampled_from(["hello", "hours", " "]),
        final=st.booleans(),
        opt_out=st.sampled_from([False] * 9 + [True]),
    ),
    st.builds(told.DtmfReceived, digit=st.sampled_from("129#")),
    st.builds(told.HoldExtended, paid_sec=st.sampled_from([60, 180, 240, 900])),
    st.builds(told.HoldRefused),
    st.builds(told.TransferRequested, to=st.just("+15555550111")),
    st.builds(told.TransferCompleted),
    st.builds(told.TransferFailed, reason=st.just("busy")),
)
endings: st.SearchStrategy[told.Input] = st.one_of(
    st.builds(told.EndRequested, reason=st.just("api_end"), by=st.just("key_1")),
    st.builds(
        told.CarrierEnded,
        outcome=st.sampled_from(told.Outcome),
        at=instants,
        by=st.sampled_from([None, *told.EndedBy]),
        duration_sec=st.sampled_from([None, 0, 12]),
    ),
    st.builds(told.OwnerLost, at=instants),
)


def nth(call: Rehearsal, kind: type[Any], index: int) -> Any:
    """One of the effects of a kind, counted from the newest, or None."""
    found = call.all(kind)
    return found[-1 - index % len(found)] if found else None


def reply(index: int, directive: Directive) -> Move:
    def move(call: Rehearsal) -> None:
        request = nth(call, AskBrain, index)
        request_id = request.request_id if request else "req_nobody"
        call.feed(told.BrainReplied(request_id, directive))

    return move


def fail(index: int, reason: told.BrainFailure) -> Move:
    def move(call: Rehearsal) -> None:
        if request := nth(call, AskBrain, index):
            call.feed(told.BrainFailed(request.request_id, reason))

    return move


def line_over(index: int, interrupted: bool) -> Move:
    def move(call: Rehearsal) -> None:
        if line := nth(call, Say, index):
            over = told.Interrupted(line.utterance_id, "Wor") if interrupted else told.Spoken(line.utterance_id)
            call.feed(over)

    return move


def stale_timer(index: int) -> Move:
    def move(call: Rehearsal) -> None:
        if (timer := nth(call, StartTimer, index)) and call.due.get(timer.name, (None, 0))[1] != timer.token:
            assert call.feed(told.TimerFired(timer.name, timer.token)) == ()

    return move


recent = st.sampled_from([0, 0, 0, 1, 2])
moves: st.SearchStrategy[Move] = st.one_of(
    events.map(lambda event: lambda call: call.feed(event)),
    st.builds(reply, recent, directives),
    st.builds(reply, st.just(0), st.builds(Speak, text=st.just(BRAIN_TEXT))),
    st.builds(told.Heard, text=st.sampled_from(["hello", "hours"])).map(lambda event: lambda call: call.feed(event)),
    st.builds(fail, recent, st.sampled_from(told.BrainFailure)),
    st.builds(line_over, recent, st.booleans()),
    st.builds(line_over, st.just(0), st.just(False)),
    st.builds(stale_timer, st.integers(0, 9)),
    st.sampled_from([0.5, 2, 9, 21, 60]).map(lambda seconds: lambda call: call.wait(seconds)),
)
last_moves = st.lists(endings.map(lambda event: lambda call: call.feed(event)), max_size=2)


def answered(call: Rehearsal) -> None:
    call.feed(told.Answered(START), told.SpeechReady())


def disclosed(call: Rehearsal) -> None:
    answered(call)
    line_over(0, interrupted=False)(call)


def conversing(call: Rehearsal) -> None:
    disclosed(call)
    reply(0, WaitForUser())(call)
    call.feed(told.Heard("hello"))


beginnings = st.sampled_from([conversing, disclosed, answered, lambda call: None])


@st.composite
def calls(draw: st.DrawFn) -> Rehearsal:
    """A call to which anything may have happened; every instant is checked on the way."""
    call = Rehearsal(draw(plans), START)
    script = [draw(beginnings), *draw(st.lists(moves, max_size=25)), *draw(last_moves)]
    for move in [*script, *draw(st.lists(moves, max_size=4))]:
        move(call)
        is_about_to_go_on(call)
    return call


def is_about_to_go_on(call: Rehearsal) -> None:
    """In no state is a live call stuck: something that will move it is on its way."""
    state, running = call.state, set(call.due)
    talks = state.phase is Phase.TALKING and state.transfer is TransferProgress.NONE
    assert not (state.saying and TimerName.PLAYOUT not in running)
    assert not (talks and state.asked and TimerName.BRAIN not in running)
    assert not (state.phase is Phase.HANGING_UP and TimerName.HANGUP_CONFIRM not in running)
    assert not (state.phase is Phase.SETTLING and TimerName.LATE_ANSWER not in running)
    if state.phase in (Phase.DISCLOSING, Phase.TALKING, Phase.CLOSING):
        assert TimerName.TIME_LIMIT in running
    if state.phase in (Phase.DISCLOSING, Phase.CLOSING):
        assert running & {TimerName.PLAYOUT, TimerName.SPEECH_READY, TimerName.SPEECH_LOST}
    if talks and state.speech is Speech.OPENING:
        assert TimerName.SPEECH_READY in running
    if talks and state.speech is Speech.CLOSED:
        assert TimerName.SPEECH_LOST in running
    if talks and state.silent_turns and not state.asked and not state.saying and not state.waiting:
        assert running & {TimerName.RETRY, TimerName.SPEECH_LOST}
    if state.phase is Phase.ENDED:
        assert not running


def position(effects: list[Effect], found: Callable[[Effect], bool]) -> int:
    return next((index for index, effect in enumerate(effects) if found(effect)), len(effects))


def is_of_the_brain(effect: Effect) -> bool:
    if isinstance(effect, Say):
        return effect.text == BRAIN_TEXT
    return isinstance(effect, wanted.Transfer | wanted.SendDtmf)


def discloses(effect: Effect) -> bool:
    return isinstance(effect, wanted.RecordDisclosure) and effect.phase == "completed"


@given(calls())
@often
def test_nothing_of_the_brain_precedes_the_completed_disclosure(call: Rehearsal) -> None:
    if call.plan.compliance_enabled:
        completed = position(call.effects, discloses)
        assert not [effect for effect in call.effects[:completed] if is_of_the_brain(effect)]
        first = next(iter(call.all(Say)), None)
        assert first is None or (first.text == DISCLOSURE and not first.interruptible)


@given(calls())
@often
def test_a_call_finishes_at_most_once_and_the_network_hears_nothing_after_it(call: Rehearsal) -> None:
    finishes = call.all(wanted.Finish)
    assert len(finishes) == (1 if call.state.phase is Phase.ENDED else 0)
    after = call.effects[position(call.effects, lambda effect: isinstance(effect, wanted.Finish)) + 1 :]
    late = (wanted.RecordDirective, wanted.RecordOptOut)
    assert not [effect for effect in after if not isinstance(effect, late)]
    assert not [effect for effect in after if isinstance(effect, CARRIER_EFFECTS)]


@given(calls())
@often
def test_a_request_is_applied_at_most_once_and_the_brain_told_of_the_end_once(call: Rehearsal) -> None:
    applied = [record.request_id for record in call.all(wanted.RecordDirective) if record.accepted]
    assert len(applied) == len(set(applied))
    assert set(applied) <= {request.request_id for request in call.all(AskBrain)}
    told_of_it = call.state.phase is Phase.ENDED and bool(call.all(AskBrain))
    assert len(call.all(wanted.CloseBrain)) == int(told_of_it)


@given(plans, st.lists(moves, max_size=30))
@often
def test_the_networks_limit_is_never_more_than_is_paid(plan: CallPlan, script: list[Move]) -> None:
    call = Rehearsal(plan, START)
    answered(call)
    for move in script:
        seen = len(call.effects)
        move(call)
        holds = [event.paid_sec for _, event in call.log if isinstance(event, told.HoldExtended)]
        assert call.state.paid_sec == max([plan.paid_sec, *holds]) or call.state.phase is Phase.ENDED
        for effect in call.effects[seen:]:
            if isinstance(effect, wanted.SetTimeLimit):
                assert effect.seconds <= min(call.state.paid_sec, plan.max_duration_sec)


@given(calls())
@often
def test_every_log_can_be_stored_and_brings_the_call_back(call: Rehearsal) -> None:
    stored = [(now, input_to_dict(event)) for now, event in call.log]
    assert replay(call.plan, [(now, input_from_dict(event)) for now, event in stored]) == call.state


@given(calls())
@often
def test_the_transcript_is_gapless_and_no_words_of_the_caller_are_lost(call: Rehearsal) -> None:
    turns = call.all(wanted.RecordTurn)
    assert [turn.seq for turn in turns] == list(range(1, len(turns) + 1))
    lines = [turn.utterance_id for turn in turns if turn.utterance_id]
    assert len(lines) == len(set(lines))
    if call.state.phase is Phase.TALKING and call.state.transfer is not TransferProgress.DONE:
        asked = " ".join(request.event.to_wire().get("userText", "") for request in call.all(AskBrain))
        known = f"{asked} {' '.join(call.state.words)}"
        assert all(turn.text in known for turn in turns if turn.role == "user")


@given(calls())
@often
def test_after_an_opt_out_the_brain_says_and_does_nothing_more(call: Rehearsal) -> None:
    assert len(call.all(wanted.RecordOptOut)) <= 1
    since = position(call.effects, lambda effect: isinstance(effect, wanted.RecordOptOut))
    assert not [effect for effect in call.effects[since:] if is_of_the_brain(effect)]


@given(calls())
@often
def test_every_answered_call_ends_by_itself_when_nobody_does_anything_more(call: Rehearsal) -> None:
    if call.state.phase is not Phase.WAITING:
        call.wait(1000)
        assert call.state.phase is Phase.ENDED
