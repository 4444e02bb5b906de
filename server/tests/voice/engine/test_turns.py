"""One turn at a time: asked, answered once, nothing the caller said lost."""

from collections.abc import Callable

import pytest
from saperly_protocol import Hangup, SendDtmf, Speak, Turn, WaitForUser
from saperly_server.voice.engine import effects
from saperly_server.voice.engine.effects import AskBrain, RecordDirective, RecordTurn, Refusal, Say
from saperly_server.voice.engine.inputs import BrainReplied, Heard, Interrupted
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def asked(call: Rehearsal) -> str:
    """What the newest request told the brain."""
    event = call.last(AskBrain).event
    assert isinstance(event, Turn)
    return event.user_text


def test_what_the_caller_says_is_the_brains_turn(talking: Rehearsal) -> None:
    talking.feed(Heard(" What are your hours? "))
    assert asked(talking) == "What are your hours?"


def test_partial_words_are_not_a_turn(talking: Rehearsal) -> None:
    assert talking.feed(Heard("What are", final=False)) == ()


@pytest.mark.parametrize("nothing", ["", "   "])
def test_an_empty_recognition_is_not_a_turn(talking: Rehearsal, nothing: str) -> None:
    assert talking.feed(Heard(nothing)) == ()


def test_a_speak_directive_is_said_and_may_be_interrupted(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    line = talking.last(Say)
    assert (line.text, line.interruptible) == ("Nine to five.", True)


def test_words_said_while_the_brain_thinks_join_its_next_turn(talking: Rehearsal) -> None:
    talking.feed(Heard("I need an appointment"), Heard("for tomorrow"), Heard("if you can"))
    assert asked(talking) == "I need an appointment"
    talking.reply(Speak(text="Sure."))
    assert asked(talking) == "for tomorrow if you can"


def test_words_said_during_our_line_are_the_next_turn(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="We are open from nine to five."))
    talking.feed(Heard("And on Sunday?"))
    assert asked(talking) == "And on Sunday?"


def test_a_second_line_is_said_after_the_first(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"), Heard("And Sunday?"))
    talking.reply(Speak(text="Nine to five."))
    talking.reply(Speak(text="Closed on Sunday."))
    assert talking.last(Say).text == "Nine to five."
    talking.play()
    assert talking.last(Say).text == "Closed on Sunday."


def test_each_request_takes_one_directive(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    wanted = talking.reply(Speak(text="Ten to six."))
    assert wanted == (RecordDirective(talking.last(AskBrain).request_id, "speak", False, Refusal.ALREADY_ANSWERED),)


def test_a_directive_for_an_unknown_request_has_no_effect(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    wanted = talking.feed(BrainReplied("req_call_2_1", Speak(text="Hi")))
    assert wanted == (RecordDirective("req_call_2_1", "speak", False, Refusal.UNKNOWN_REQUEST),)


def test_a_directive_without_a_request_after_its_turn_has_no_effect(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    late = talking.last(AskBrain).request_id
    talking.wait(20)
    wanted = talking.feed(BrainReplied(late, Hangup()))
    assert wanted == (RecordDirective(late, "hangup", False, Refusal.TOO_LATE),)


def test_request_ids_are_never_used_twice(talking: Rehearsal) -> None:
    for words in ("one", "two", "three"):
        talking.feed(Heard(words))
        talking.reply(WaitForUser())
    ids = [request.request_id for request in talking.all(AskBrain)]
    assert len(ids) == len(set(ids)) == 4


def test_waiting_for_the_caller_says_nothing(talking: Rehearsal) -> None:
    talking.feed(Heard("Let me think"))
    wanted = talking.reply(WaitForUser())
    assert not [effect for effect in wanted if isinstance(effect, Say | AskBrain)]
    assert not [effect for effect in talking.wait(60) if isinstance(effect, Say | AskBrain)]


def test_a_pause_that_runs_out_gives_the_brain_a_turn_without_words(talking: Rehearsal) -> None:
    talking.feed(Heard("Let me think"))
    talking.reply(WaitForUser(timeout_ms=5000))
    talking.wait(4.9)
    assert asked(talking) == "Let me think"
    talking.wait(0.1)
    assert asked(talking) == ""


def test_a_caller_who_begins_to_speak_restarts_the_pause(talking: Rehearsal) -> None:
    talking.feed(Heard("Let me think"))
    talking.reply(WaitForUser(timeout_ms=5000))
    talking.wait(4)
    talking.feed(Heard("I", final=False))
    talking.wait(4)
    talking.feed(Heard("I know now"))
    assert asked(talking) == "I know now"
    talking.reply(Speak(text="Good."))
    assert not [effect for effect in talking.wait(10) if isinstance(effect, AskBrain)]


def test_the_pause_counts_from_the_end_of_our_own_line(talking: Rehearsal) -> None:
    talking.feed(Heard("Tell me a story"), Heard("please"))
    talking.reply(Speak(text="Once upon a time."))
    talking.reply(WaitForUser(timeout_ms=3000))
    talking.wait(4)
    assert asked(talking) == "please"
    talking.play()
    talking.wait(3)
    assert asked(talking) == ""


def test_keys_are_pressed_for_the_brain(talking: Rehearsal) -> None:
    talking.feed(Heard("Press two for sales"))
    assert effects.SendDtmf("2") in talking.reply(SendDtmf(digits="2"))


def test_a_caller_who_interrupts_cuts_the_line_and_the_transcript_keeps_what_was_heard(
    talking: Rehearsal,
) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="We are open from nine to five on weekdays."))
    began = talking.now
    talking.wait(1)
    line = talking.last(Say)
    talking.feed(Interrupted(line.utterance_id, "We are open"), Heard("And on Sunday?"))
    turns = talking.all(RecordTurn)
    assert turns[-2:] == [
        RecordTurn(4, turns[-2].role, line.text, "We are open", began, True, line.utterance_id),
        RecordTurn(5, turns[-1].role, "And on Sunday?", "And on Sunday?", talking.now, False, None),
    ]
    assert asked(talking) == "And on Sunday?"


def test_lines_waiting_behind_an_interrupted_one_are_not_said_and_noted_as_not_heard(
    talking: Rehearsal,
) -> None:
    talking.feed(Heard("Hours?"), Heard("And Sunday?"))
    talking.reply(Speak(text="Nine to five."))
    talking.reply(Speak(text="Closed on Sunday."))
    talking.feed(Interrupted(talking.last(Say).utterance_id, "Nine"))
    assert "Closed on Sunday." not in [line.text for line in talking.all(Say)]
    unsaid = talking.last(RecordTurn)
    assert (unsaid.text, unsaid.heard, unsaid.interrupted) == ("Closed on Sunday.", "", True)


def test_a_line_never_reported_as_played_does_not_block_the_next(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"), Heard("And Sunday?"))
    talking.reply(Speak(text="Nine to five."))
    talking.reply(Speak(text="Closed on Sunday."))
    talking.wait(15)
    assert talking.last(Say).text == "Closed on Sunday."


def test_the_transcript_is_numbered_without_gaps_and_names_each_speaker(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    talking.play()
    assert [(turn.seq, turn.role) for turn in talking.all(RecordTurn)] == [
        (1, "system"),
        (2, "assistant"),
        (3, "user"),
        (4, "assistant"),
    ]


def test_a_final_line_is_played_out_then_the_call_is_hung_up(talking: Rehearsal) -> None:
    talking.feed(Heard("That's all"))
    talking.reply(Speak(text="All set, goodbye!", end_call=True))
    assert not talking.last(Say).interruptible
    assert not talking.all(effects.Hangup)
    assert effects.Hangup("brain_hung_up") in talking.play()


def test_nothing_said_during_the_final_line_keeps_the_call_open(talking: Rehearsal) -> None:
    talking.feed(Heard("That's all"))
    talking.reply(Speak(text="Goodbye!", end_call=True))
    wanted = talking.feed(Heard("One more thing"))
    assert [type(effect) for effect in wanted] == [RecordTurn]
