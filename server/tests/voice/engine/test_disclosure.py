"""The disclosure is heard first, in full, before anything of the brain."""

from collections.abc import Callable

import pytest
from saperly_protocol import Hangup, InboundCall, OutboundCall, SendDtmf, Speak, Transfer, WaitForUser
from saperly_server.voice.engine import Direction, effects
from saperly_server.voice.engine.effects import (
    AskBrain,
    CloseBrain,
    DisclosurePhase,
    Finish,
    OpenSpeech,
    RecordDirective,
    RecordDisclosure,
    Say,
    SetTimeLimit,
)
from saperly_server.voice.engine.inputs import (
    Answered,
    BrainFailed,
    BrainFailure,
    CarrierEnded,
    EndedBy,
    Heard,
    Interrupted,
    Outcome,
    SpeechClosed,
    SpeechReady,
    Spoken,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def test_the_brain_is_told_of_the_call_when_it_is_answered_so_that_it_can_think(waiting: Rehearsal) -> None:
    wanted = waiting.feed(Answered(waiting.now))
    assert isinstance(wanted[0], OpenSpeech)
    assert waiting.last(AskBrain).event == InboundCall(
        request_id="req_call_1_1",
        conversation_id="conv_1",
        call_control_id="conv_1",
        from_number="+15555550123",
        to_number="+15555550199",
    )


def test_an_outbound_call_opens_with_outbound_call(answer: Rehearse) -> None:
    call = answer(direction=Direction.OUTBOUND)
    assert isinstance(call.last(AskBrain).event, OutboundCall)


def test_the_disclosure_is_the_first_line_and_cannot_be_interrupted(disclosing: Rehearsal) -> None:
    disclosing.reply(Speak(text="Hello"))
    first = disclosing.all(Say)
    assert [(line.text, line.interruptible) for line in first] == [(disclosing.plan.disclosure, False)]


def test_the_record_goes_started_completed_then_the_first_line_of_the_brain(disclosing: Rehearsal) -> None:
    disclosing.reply(Speak(text="Hello"))
    disclosing.wait(4)
    disclosing.play()
    order = [
        effect.phase if isinstance(effect, RecordDisclosure) else effect.text
        for effect in disclosing.effects
        if isinstance(effect, RecordDisclosure | Say)
    ]
    text = disclosing.plan.disclosure
    assert order == [DisclosurePhase.STARTED, text, DisclosurePhase.COMPLETED, "Hello"]
    assert disclosing.last(RecordDisclosure).at == disclosing.now


@pytest.mark.parametrize(
    ("directive", "effect"),
    [
        (Transfer(to="+15555550100"), effects.Transfer("+15555550100")),
        (SendDtmf(digits="12"), effects.SendDtmf("12")),
    ],
)
def test_a_directive_waits_for_the_end_of_the_disclosure(
    disclosing: Rehearsal, directive: Transfer | SendDtmf, effect: effects.Effect
) -> None:
    assert effect not in disclosing.reply(directive)
    assert disclosing.last(RecordDirective).accepted
    assert effect in disclosing.play()


def test_a_hangup_does_not_wait_for_the_disclosure(disclosing: Rehearsal) -> None:
    assert effects.Hangup("brain_hung_up") in disclosing.reply(Hangup())


def test_the_callers_voice_does_not_cut_the_disclosure_and_is_not_lost(disclosing: Rehearsal) -> None:
    wanted = disclosing.feed(Heard("Hello?", final=False), Heard("Hello? Who is there?"))
    assert not [effect for effect in wanted if isinstance(effect, effects.CancelSpeech | AskBrain)]
    disclosing.reply(WaitForUser())
    disclosing.play()
    assert disclosing.last(AskBrain).event.to_wire()["userText"] == "Hello? Who is there?"


def test_with_compliance_off_the_brain_speaks_first(answer: Rehearse) -> None:
    call = answer(compliance_enabled=False)
    call.reply(Speak(text="Hello"))
    assert [line.text for line in call.all(Say)] == ["Hello"]
    assert not call.all(RecordDisclosure)


def test_with_compliance_off_a_reply_before_the_speech_session_waits_for_it(rehearse: Rehearse) -> None:
    call = rehearse(compliance_enabled=False)
    call.feed(Answered(call.now))
    call.reply(Speak(text="Hello"))
    assert not call.all(Say)
    call.feed(SpeechReady())
    assert call.last(Say).text == "Hello"


@pytest.mark.parametrize("blank", ["", "  \n"])
def test_without_a_text_the_call_ends_without_the_brain(rehearse: Rehearse, blank: str) -> None:
    call = rehearse(disclosure=blank)
    call.feed(Answered(call.now))
    assert call.last(effects.Hangup).reason == "disclosure_failed"
    assert call.last(RecordDisclosure).phase is DisclosurePhase.FAILED
    assert not call.all(AskBrain)
    assert not call.all(OpenSpeech)
    assert not call.all(SetTimeLimit)


def test_a_speech_session_that_never_comes_up_ends_the_call(waiting: Rehearsal) -> None:
    waiting.feed(Answered(waiting.now))
    waiting.reply(Speak(text="Hello"))
    waiting.wait(8)
    assert waiting.last(effects.Hangup).reason == "disclosure_failed"
    assert not waiting.all(Say)


def test_a_speech_session_lost_during_the_disclosure_ends_the_call(disclosing: Rehearsal) -> None:
    disclosing.reply(Speak(text="Hello"))
    disclosing.wait(2)
    disclosing.feed(SpeechClosed())
    assert disclosing.last(effects.Hangup).reason == "disclosure_failed"
    disclosing.feed(CarrierEnded(Outcome.COMPLETED, disclosing.now, EndedBy.PLATFORM))
    assert disclosing.last(RecordDisclosure).phase is DisclosurePhase.FAILED
    finish = disclosing.last(Finish)
    assert (finish.status, finish.duration_sec) == ("completed", 2)
    assert "Hello" not in [line.text for line in disclosing.all(Say)]


def test_a_disclosure_that_nobody_reports_as_played_has_failed(disclosing: Rehearsal) -> None:
    disclosing.wait(60)
    assert disclosing.last(RecordDisclosure).phase is DisclosurePhase.FAILED
    assert disclosing.last(effects.Hangup).reason == "disclosure_failed"


def test_a_disclosure_cut_by_the_network_has_failed(disclosing: Rehearsal) -> None:
    disclosing.feed(Interrupted(disclosing.last(Say).utterance_id, "This is an auto"))
    assert disclosing.last(RecordDisclosure).phase is DisclosurePhase.FAILED
    assert disclosing.last(effects.Hangup).reason == "disclosure_failed"


@pytest.mark.parametrize("session_closes_first", [True, False])
def test_a_caller_who_hangs_up_during_the_disclosure_is_recorded_as_that(
    disclosing: Rehearsal, session_closes_first: bool
) -> None:
    if session_closes_first:
        disclosing.feed(SpeechClosed())
    disclosing.feed(CarrierEnded(Outcome.COMPLETED, disclosing.now, EndedBy.PEER))
    assert disclosing.last(RecordDisclosure).phase is DisclosurePhase.PEER_HUNG_UP
    assert disclosing.last(Finish).reason == "peer_hung_up"
    assert disclosing.last(CloseBrain).event.reason == "peer_hung_up"


def test_the_end_of_another_line_does_not_complete_the_disclosure(disclosing: Rehearsal) -> None:
    disclosing.reply(Speak(text="Hello"))
    disclosing.feed(Spoken("utt_call_1_99"))
    assert disclosing.last(RecordDisclosure).phase is DisclosurePhase.STARTED


def test_a_brain_that_fails_during_the_disclosure_is_covered_for_after_it(disclosing: Rehearsal) -> None:
    request_id = disclosing.last(AskBrain).request_id
    disclosing.feed(BrainFailed(request_id, BrainFailure.ERROR))
    disclosing.play()
    assert disclosing.last(Say).text == disclosing.plan.lines.trouble
