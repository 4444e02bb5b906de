"""The network never carries a call for longer than is paid, and the caller is told before the end."""

from collections.abc import Callable

import pytest
from saperly_protocol import Speak
from saperly_server.voice.engine import effects
from saperly_server.voice.engine.effects import CancelSpeech, ExtendHold, Hangup, Say, SetTimeLimit
from saperly_server.voice.engine.inputs import Answered, Heard, HoldExtended, HoldRefused, SpeechReady
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def seconds_since_answer(call: Rehearsal) -> float:
    assert call.state.answered_at is not None
    return (call.now - call.state.answered_at).total_seconds()


def test_the_networks_limit_is_set_at_the_answer(waiting: Rehearsal) -> None:
    waiting.feed(Answered(waiting.now))
    assert waiting.last(SetTimeLimit).seconds == 120


def test_the_limit_is_the_longest_duration_where_more_is_paid(rehearse: Rehearse) -> None:
    call = rehearse(max_duration_sec=60)
    call.feed(Answered(call.now))
    assert call.last(SetTimeLimit).seconds == 60
    assert not [effect for effect in call.wait(40) if isinstance(effect, ExtendHold)]


def test_more_money_is_held_twenty_seconds_before_the_paid_time_ends(talking: Rehearsal) -> None:
    talking.wait(99)
    assert not talking.all(ExtendHold)
    talking.wait(1)
    assert talking.all(ExtendHold) == [ExtendHold(180)]


def test_the_networks_limit_moves_only_after_the_hold_did(talking: Rehearsal) -> None:
    talking.wait(101)
    assert [limit.seconds for limit in talking.all(SetTimeLimit)] == [120]
    talking.feed(HoldExtended(180))
    assert talking.state.paid_sec == 180
    assert talking.last(SetTimeLimit).seconds == 180


def test_the_hold_grows_minute_by_minute_up_to_the_longest_duration(converse: Rehearse) -> None:
    call = converse(max_duration_sec=200)
    for _ in range(19):
        call.wait(10)
        if call.all(ExtendHold):
            call.feed(HoldExtended(call.last(ExtendHold).to_paid_sec))
    assert [hold.to_paid_sec for hold in call.all(ExtendHold)] == [180, 200]
    assert [limit.seconds for limit in call.all(SetTimeLimit)] == [120, 180, 200]


def test_an_extension_told_twice_or_late_changes_nothing(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(HoldExtended(180))
    assert talking.feed(HoldExtended(180), HoldExtended(120)) == ()


def test_without_more_money_the_caller_is_told_and_the_call_ends_at_the_paid_limit(
    talking: Rehearsal,
) -> None:
    talking.wait(100)
    talking.feed(HoldRefused())
    assert talking.last(Say).text == talking.plan.lines.out_of_funds
    talking.play()
    talking.wait(30)
    assert talking.last(Hangup).reason == "out_of_funds"


def test_the_line_that_tells_of_the_end_takes_the_word_from_the_brain(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Well, that is a long story. " * 20))
    assert CancelSpeech() in talking.feed(HoldRefused())
    assert talking.last(Say).text == talking.plan.lines.out_of_funds


def test_the_line_that_tells_of_the_end_waits_for_the_disclosure(disclosing: Rehearsal) -> None:
    disclosing.feed(HoldRefused())
    assert not disclosing.all(CancelSpeech)
    disclosing.play()
    assert disclosing.last(Say).text == disclosing.plan.lines.out_of_funds


def test_the_hang_up_leaves_in_time_to_arrive_before_the_paid_limit(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(HoldRefused())
    talking.play()
    talking.wait(19.4)
    assert not talking.all(Hangup)
    talking.wait(0.1)
    assert talking.all(Hangup) == [Hangup("out_of_funds")]
    assert seconds_since_answer(talking) < 120


def test_the_conversation_goes_on_between_the_line_and_the_end(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(HoldRefused(), Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    talking.play()
    assert talking.last(Say).text == "Nine to five."


def test_a_refusal_told_twice_is_said_once(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(HoldRefused(), HoldRefused())
    talking.play()
    talking.wait(15)
    assert [line.text for line in talking.all(Say)].count(talking.plan.lines.out_of_funds) == 1


def test_the_line_never_precedes_or_cuts_the_disclosure(answer: Rehearse) -> None:
    call = answer(paid_sec=20)
    call.wait(0)
    call.feed(HoldRefused())
    assert [line.text for line in call.all(Say)] == [call.plan.disclosure]
    call.play()
    assert call.last(Say).text == call.plan.lines.out_of_funds


def test_an_extension_nobody_answers_ends_like_a_refused_one(talking: Rehearsal) -> None:
    talking.wait(120)
    assert talking.last(Say).text == talking.plan.lines.out_of_funds
    assert talking.last(Hangup).reason == "out_of_funds"


def test_money_that_comes_after_a_refusal_keeps_the_call_alive(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(HoldRefused())
    talking.play()
    talking.wait(10)
    talking.feed(HoldExtended(180))
    talking.wait(20)
    assert not talking.all(Hangup)


def test_the_longest_duration_ends_the_call_with_its_own_line(converse: Rehearse) -> None:
    call = converse(max_duration_sec=60)
    call.wait(52)
    assert call.last(Say).text == call.plan.lines.max_duration
    call.play()
    call.wait(8)
    assert call.last(Hangup).reason == "max_duration"


def test_the_limit_ends_a_call_that_is_still_in_its_disclosure(rehearse: Rehearse) -> None:
    call = rehearse(paid_sec=3)
    call.feed(Answered(call.now), SpeechReady())
    call.wait(3)
    assert call.last(Hangup).reason == "out_of_funds"


@pytest.mark.parametrize("late_by", [0, 1, 30])
def test_paid_time_counts_from_the_carriers_answer_however_late_the_event(waiting: Rehearsal, late_by: float) -> None:
    answered_at = waiting.now
    waiting.wait(late_by)
    waiting.feed(Answered(answered_at), SpeechReady())
    waiting.play()
    waiting.wait(100 - late_by)
    assert waiting.all(ExtendHold) == [ExtendHold(180)]


def test_money_held_before_the_answer_counts_from_the_answer(waiting: Rehearsal) -> None:
    assert waiting.feed(HoldExtended(300)) == ()
    waiting.feed(Answered(waiting.now))
    assert waiting.last(SetTimeLimit) == effects.SetTimeLimit(300)


def test_a_line_about_money_waits_for_a_disclosure_that_has_not_begun(waiting: Rehearsal) -> None:
    waiting.feed(Answered(waiting.now), HoldRefused(), SpeechReady())
    assert waiting.last(Say).text == waiting.plan.disclosure


def test_paid_time_follows_the_carriers_instant_once_it_is_known(waiting: Rehearsal) -> None:
    answered_at = waiting.now
    waiting.wait(10)
    waiting.feed(SpeechReady(), Answered(answered_at))
    waiting.play()
    waiting.wait(90)
    assert waiting.all(ExtendHold) == [ExtendHold(180)]


def test_a_call_that_was_saved_once_is_warned_again_before_its_next_end(talking: Rehearsal) -> None:
    talking.wait(100)
    talking.feed(HoldRefused())
    talking.play()
    talking.feed(HoldExtended(180))
    talking.wait(60)
    talking.feed(HoldRefused())
    assert [line.text for line in talking.all(Say)].count(talking.plan.lines.out_of_funds) == 2
