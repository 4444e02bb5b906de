"""A speech session that is lost in the middle of a call is opened once more, with an apology."""

from collections.abc import Callable

import pytest
from saperly_protocol import Speak
from saperly_server.voice.engine.effects import AskBrain, Finish, Hangup, OpenSpeech, RecordTurn, Say
from saperly_server.voice.engine.inputs import (
    Answered,
    CarrierEnded,
    EndedBy,
    Heard,
    Outcome,
    SpeechClosed,
    SpeechReady,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def lose(call: Rehearsal) -> None:
    call.feed(SpeechClosed())
    call.wait(1)


def test_a_session_that_closes_because_the_caller_hung_up_is_no_failure(talking: Rehearsal) -> None:
    talking.feed(SpeechClosed())
    talking.wait(0.5)
    talking.feed(CarrierEnded(Outcome.COMPLETED, talking.now, EndedBy.PEER))
    assert talking.last(Finish).reason == "peer_hung_up"
    assert len(talking.all(OpenSpeech)) == 1


def test_a_lost_session_is_opened_again_with_an_apology(talking: Rehearsal) -> None:
    lose(talking)
    assert len(talking.all(OpenSpeech)) == 2
    talking.feed(SpeechReady())
    assert talking.last(Say).text == talking.plan.lines.reconnected


def test_an_answer_that_came_meanwhile_is_said_after_the_apology(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    lose(talking)
    talking.reply(Speak(text="Nine to five."))
    talking.feed(SpeechReady())
    talking.play()
    assert talking.last(Say).text == "Nine to five."


def test_the_line_that_was_lost_is_noted_once_the_call_is_over(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    lose(talking)
    talking.feed(SpeechReady(), CarrierEnded(Outcome.COMPLETED, talking.now, EndedBy.PEER))
    lost = [turn for turn in talking.all(RecordTurn) if turn.text == "Nine to five."]
    assert [(turn.heard, turn.interrupted) for turn in lost] == [(None, True)]


def test_the_second_loss_ends_the_call(talking: Rehearsal) -> None:
    lose(talking)
    talking.feed(SpeechReady())
    lose(talking)
    assert talking.last(Hangup).reason == "speech_failed"


def test_a_session_that_does_not_come_back_ends_the_call(talking: Rehearsal) -> None:
    lose(talking)
    talking.wait(8)
    assert talking.last(Hangup).reason == "speech_failed"


def test_a_session_lost_during_the_final_line_ends_the_call(talking: Rehearsal) -> None:
    talking.feed(Heard("Bye"))
    talking.reply(Speak(text="Goodbye!", end_call=True))
    talking.feed(SpeechClosed())
    assert talking.last(Hangup).reason == "brain_hung_up"


@pytest.mark.parametrize("compliance_enabled", [True, False])
def test_a_session_reported_ready_twice_says_nothing_twice(rehearse: Rehearse, compliance_enabled: bool) -> None:
    call = rehearse(compliance_enabled=compliance_enabled)
    call.feed(Answered(call.now), SpeechReady())
    call.reply(Speak(text="Hello"))
    assert call.feed(SpeechReady()) == ()


def test_without_compliance_a_session_that_never_comes_up_ends_the_call(rehearse: Rehearse) -> None:
    call = rehearse(compliance_enabled=False)
    call.feed(Answered(call.now))
    call.wait(8)
    assert call.last(Hangup).reason == "speech_failed"
    assert len(call.all(AskBrain)) == 1
