"""A silent, failing or absent brain: the caller is never left in silence, and the end is polite."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from saperly_protocol import InboundCall, Speak, Turn, WaitForUser
from saperly_server.voice.engine.effects import AskBrain, Hangup, RecordDirective, Refusal, Say
from saperly_server.voice.engine.inputs import (
    BrainFailed,
    BrainFailure,
    BrainReplied,
    Heard,
    HoldRefused,
    Interrupted,
    SpeechClosed,
    SpeechReady,
)
from saperly_server.voice.engine.rehearsal import Rehearsal
from saperly_server.voice.engine.state import Lines

Rehearse = Callable[..., Rehearsal]
LINES = Lines()


def said(call: Rehearsal) -> list[str]:
    return [line.text for line in call.all(Say)][2:]


def fail(call: Rehearsal, reason: BrainFailure = BrainFailure.ERROR) -> None:
    call.feed(BrainFailed(call.last(AskBrain).request_id, reason))


@pytest.mark.parametrize("seconds", [17.9, 18.1, 19.9])
def test_an_answer_within_twenty_seconds_is_spoken(talking: Rehearsal, seconds: float) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(seconds)
    talking.reply(Speak(text="Nine to five."))
    assert said(talking) == ["Nine to five."]


@pytest.mark.parametrize("seconds", [20.1, 35])
def test_an_answer_after_the_hold_line_is_refused(talking: Rehearsal, seconds: float) -> None:
    talking.feed(Heard("Hours?"))
    late = talking.last(AskBrain).request_id
    talking.wait(seconds)
    talking.feed(BrainReplied(late, Speak(text="Nine to five.")))
    assert said(talking) == [LINES.hold]
    assert talking.last(RecordDirective) == RecordDirective(late, "speak", False, Refusal.TOO_LATE)


def test_the_hold_line_comes_at_twenty_seconds_and_once_for_the_turn(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(19.99)
    assert said(talking) == []
    talking.wait(0.01)
    assert said(talking) == [LINES.hold]
    talking.wait(5)
    assert said(talking) == [LINES.hold]


def test_after_the_hold_line_the_brain_is_asked_again_with_the_unanswered_words(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(20)
    talking.play()
    event = talking.last(AskBrain).event
    assert isinstance(event, Turn)
    assert event.user_text == "Hours?"
    talking.reply(Speak(text="Nine to five."))
    assert said(talking) == [LINES.hold, "Nine to five."]


def test_words_said_during_the_hold_line_join_the_unanswered_ones(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(20)
    talking.feed(Interrupted(talking.last(Say).utterance_id, "One"), Heard("Are you there?"))
    event = talking.last(AskBrain).event
    assert isinstance(event, Turn)
    assert event.user_text == "Hours? Are you there?"


def test_a_hold_line_cut_by_a_noise_still_gives_the_brain_its_next_chance(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(20)
    requests = len(talking.all(AskBrain))
    talking.feed(Interrupted(talking.last(Say).utterance_id, "One"))
    talking.wait(8)
    assert len(talking.all(AskBrain)) == requests + 1


def test_the_third_silent_turn_in_a_row_ends_the_call_politely(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    for _ in range(2):
        talking.wait(20)
        talking.play()
    talking.wait(20)
    assert said(talking) == [LINES.hold, LINES.hold, LINES.brain_gone]
    assert not talking.last(Say).interruptible
    assert Hangup("brain_silent") in talking.play()


def test_one_answer_in_time_starts_the_count_anew(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    for _ in range(2):
        talking.wait(20)
        talking.play()
    talking.reply(WaitForUser())
    talking.feed(Heard("Hello?"))
    for _ in range(2):
        talking.wait(20)
        talking.play()
    assert said(talking) == [LINES.hold] * 4


def test_a_failing_brain_is_covered_for_at_once(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking)
    assert said(talking) == [LINES.trouble]


def test_after_the_fallback_line_the_caller_has_time_to_repeat(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking)
    talking.play()
    talking.wait(7)
    talking.feed(Heard("What are your hours?"))
    event = talking.last(AskBrain).event
    assert isinstance(event, Turn)
    assert event.user_text == "Hours? What are your hours?"


def test_a_caller_who_does_not_repeat_hears_from_us_within_twenty_seconds(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking)
    talking.play()
    talking.wait(20)
    assert said(talking) == [LINES.trouble, LINES.hold]


def test_failures_and_silences_count_together(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking)
    talking.feed(Heard("Hello?"))
    fail(talking, BrainFailure.TIMEOUT)
    talking.feed(Heard("Hello?"))
    talking.wait(20)
    assert talking.state.ending is not None
    assert talking.state.ending.reason == "brain_silent"


def test_a_failure_of_an_old_request_means_nothing(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    old = talking.last(AskBrain).request_id
    talking.reply(WaitForUser())
    talking.feed(Heard("Hello?"))
    assert talking.feed(BrainFailed(old, BrainFailure.ERROR)) == ()


def test_an_unreachable_brain_may_still_connect_until_the_hold_line(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking, BrainFailure.UNREACHABLE)
    assert said(talking) == []
    talking.wait(15)
    talking.reply(Speak(text="Nine to five."))
    assert said(talking) == ["Nine to five."]


def test_nobody_connected_means_the_hold_line_at_twenty_seconds(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking, BrainFailure.UNREACHABLE)
    talking.wait(20)
    assert said(talking) == [LINES.hold]


def test_the_time_for_the_opening_counts_from_the_end_of_the_disclosure(disclosing: Rehearsal) -> None:
    disclosing.wait(15)
    disclosing.play()
    disclosing.wait(19)
    assert len(disclosing.all(Say)) == 1
    disclosing.wait(1)
    assert disclosing.last(Say).text == LINES.hold


def test_a_brain_that_was_not_there_for_the_opening_gets_it_again(disclosing: Rehearsal) -> None:
    fail(disclosing, BrainFailure.UNREACHABLE)
    disclosing.play()
    disclosing.feed(Heard("Hello?"))
    disclosing.wait(20)
    disclosing.play()
    assert isinstance(disclosing.last(AskBrain).event, InboundCall)
    disclosing.reply(Speak(text="Acme, hello."))
    assert disclosing.last(Say).text == "Acme, hello."
    event = disclosing.last(AskBrain).event
    assert isinstance(event, Turn)
    assert event.user_text == "Hello?"


def test_a_brain_that_was_only_slow_at_the_opening_is_not_told_twice(disclosing: Rehearsal) -> None:
    disclosing.play()
    disclosing.wait(20)
    disclosing.play()
    event = disclosing.last(AskBrain).event
    assert isinstance(event, Turn)
    assert event.user_text == ""


def test_the_lines_are_those_of_the_plan(converse: Rehearse) -> None:
    call = converse(lines=replace(LINES, hold="Einen Moment, bitte."))
    call.feed(Heard("Hallo?"))
    call.wait(20)
    assert said(call) == ["Einen Moment, bitte."]


def test_a_fallback_line_that_another_line_displaced_still_leads_to_the_next_chance(
    talking: Rehearsal,
) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(1)
    talking.feed(HoldRefused())
    fail(talking)
    talking.feed(Interrupted(talking.last(Say).utterance_id, "This call"))
    requests = len(talking.all(AskBrain))
    talking.wait(8)
    assert len(talking.all(AskBrain)) == requests + 1


def test_a_fallback_line_lost_with_its_session_still_leads_to_the_next_chance(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    fail(talking)
    requests = len(talking.all(AskBrain))
    talking.feed(SpeechClosed(), SpeechReady())
    talking.wait(8)
    assert len(talking.all(AskBrain)) == requests + 1
