"""Putting the caller through, and coming back when it does not connect."""

from collections.abc import Callable

import pytest
from saperly_protocol import Speak, Transfer, Turn, WaitForUser
from saperly_server.voice.engine import effects
from saperly_server.voice.engine.effects import (
    AskBrain,
    CancelSpeech,
    CloseBrain,
    ExtendHold,
    Finish,
    OpenSpeech,
    RecordTurn,
    Say,
    SetTimeLimit,
)
from saperly_server.voice.engine.inputs import (
    Answered,
    CarrierEnded,
    EndedBy,
    Heard,
    HoldExtended,
    Interrupted,
    Outcome,
    SpeechClosed,
    SpeechReady,
    TransferCompleted,
    TransferFailed,
    TransferRequested,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]
DESK = "+15555550100"


@pytest.fixture
def trying(talking: Rehearsal) -> Rehearsal:
    talking.feed(Heard("A human please"))
    talking.reply(Transfer(to=DESK))
    return talking


def told(call: Rehearsal) -> str:
    event = call.last(AskBrain).event
    assert isinstance(event, Turn)
    return event.user_text


def test_the_caller_is_put_through_without_a_word(talking: Rehearsal) -> None:
    talking.feed(Heard("A human please"))
    wanted = talking.reply(Transfer(to=DESK))
    assert effects.Transfer(DESK) in wanted
    assert not [effect for effect in wanted if isinstance(effect, Say)]


def test_a_failed_transfer_is_told_to_the_caller_and_to_the_brain(trying: Rehearsal) -> None:
    trying.feed(TransferFailed("busy"))
    assert trying.last(Say).text == trying.plan.lines.transfer_failed
    assert told(trying) == "[transfer failed]"
    trying.reply(Speak(text="Can I take a message?"))
    trying.play()
    assert trying.last(Say).text == "Can I take a message?"


def test_words_said_while_it_rings_come_with_the_failure(trying: Rehearsal) -> None:
    trying.feed(Heard("Hello?"), TransferFailed("no_answer"))
    assert told(trying) == "[transfer failed] Hello?"


def test_a_failed_transfer_opens_the_speech_session_again_where_the_carrier_closed_it(
    trying: Rehearsal,
) -> None:
    trying.feed(SpeechClosed())
    trying.wait(5)
    wanted = trying.feed(TransferFailed("busy"))
    assert OpenSpeech() in wanted
    assert not [effect for effect in wanted if isinstance(effect, Say)]
    trying.feed(SpeechReady())
    assert trying.last(Say).text == trying.plan.lines.transfer_failed


def test_a_connected_transfer_takes_the_brain_and_us_out_of_the_talk(trying: Rehearsal) -> None:
    trying.feed(TransferCompleted(), SpeechClosed())
    assert trying.feed(Heard("Nice to meet you")) == ()
    assert not [effect for effect in trying.wait(60) if isinstance(effect, Say | AskBrain)]


def test_a_connected_transfer_is_paid_for_until_the_call_ends(trying: Rehearsal) -> None:
    trying.feed(TransferCompleted())
    trying.wait(100)
    assert trying.last(ExtendHold).to_paid_sec == 180
    trying.feed(HoldExtended(180))
    assert trying.last(SetTimeLimit).seconds == 180
    trying.wait(30)
    trying.feed(CarrierEnded(Outcome.COMPLETED, trying.now, EndedBy.PEER))
    assert trying.last(Finish).duration_sec == 130
    assert len(trying.all(CloseBrain)) == 1


def test_a_connected_transfer_ends_at_the_paid_limit_without_a_line(trying: Rehearsal) -> None:
    trying.feed(TransferCompleted())
    lines = len(trying.all(Say))
    trying.wait(120)
    assert trying.last(effects.Hangup).reason == "out_of_funds"
    assert len(trying.all(Say)) == lines


def test_the_api_may_transfer_while_we_speak(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    line = talking.last(Say).utterance_id
    wanted = talking.feed(TransferRequested(DESK))
    assert wanted.index(CancelSpeech()) < wanted.index(effects.Transfer(DESK))
    talking.feed(Interrupted(line, "Nine to"))
    cut = talking.last(RecordTurn)
    assert (cut.text, cut.heard, cut.interrupted) == ("Nine to five.", "Nine to", True)


def test_the_api_transfer_takes_the_word_from_the_brain_and_keeps_the_callers_words(
    talking: Rehearsal,
) -> None:
    talking.feed(Heard("Hours?"), TransferRequested(DESK))
    talking.reply(Speak(text="Nine to five."))
    assert talking.last(Say).text != "Nine to five."
    talking.feed(TransferFailed("busy"))
    assert told(talking) == "[transfer failed] Hours?"


@pytest.mark.parametrize("answered_first", [True, False])
def test_the_api_transfer_waits_for_the_end_of_the_disclosure(waiting: Rehearsal, answered_first: bool) -> None:
    if not answered_first:
        waiting.feed(TransferRequested(DESK))
    waiting.feed(Answered(waiting.now), SpeechReady())
    if answered_first:
        waiting.feed(TransferRequested(DESK))
    waiting.reply(Speak(text="Hello"))
    assert not waiting.all(effects.Transfer)
    assert effects.Transfer(DESK) in waiting.play()
    assert [line.text for line in waiting.all(Say)] == [waiting.plan.disclosure]


def test_one_transfer_at_a_time(trying: Rehearsal) -> None:
    assert trying.feed(TransferRequested("+15555550111")) == ()


@pytest.mark.parametrize("stray", [TransferCompleted(), TransferFailed("busy")])
def test_news_of_a_transfer_that_nobody_tried_means_nothing(
    talking: Rehearsal, stray: TransferCompleted | TransferFailed
) -> None:
    assert talking.feed(stray) == ()


def test_with_compliance_off_the_api_may_transfer_as_soon_as_the_call_is_answered(
    rehearse: Rehearse,
) -> None:
    call = rehearse(compliance_enabled=False)
    call.feed(TransferRequested(DESK))
    assert effects.Transfer(DESK) in call.feed(Answered(call.now))


def test_the_brain_may_wait_after_a_failed_transfer(trying: Rehearsal) -> None:
    trying.feed(TransferFailed("busy"))
    trying.reply(WaitForUser())
    trying.play()
    trying.feed(Heard("Never mind"))
    assert told(trying) == "Never mind"


def test_a_transfer_that_connects_while_the_call_is_being_ended_is_ended_with_it(trying: Rehearsal) -> None:
    trying.feed(Heard("Stop calling me", opt_out=True), TransferCompleted())
    assert trying.last(effects.Hangup).reason == "opt_out"
