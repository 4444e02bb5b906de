"""Stop means stop: written first, confirmed once, and the call ends, whatever the brain wants."""

from collections.abc import Callable

import pytest
from saperly_protocol import Speak, Transfer
from saperly_server.voice.engine import Direction, effects
from saperly_server.voice.engine.effects import (
    AskBrain,
    CancelSpeech,
    Hangup,
    OptOutVia,
    RecordDirective,
    RecordOptOut,
    Refusal,
    Say,
)
from saperly_server.voice.engine.inputs import (
    BrainFailed,
    BrainFailure,
    CarrierEnded,
    DtmfReceived,
    EndedBy,
    Heard,
    Outcome,
    TransferCompleted,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]
STOP = Heard("Stop calling me", opt_out=True)


@pytest.fixture
def outbound(converse: Rehearse) -> Rehearsal:
    return converse(direction=Direction.OUTBOUND, opt_out_key="9")


def test_a_spoken_opt_out_is_written_first_then_confirmed_then_the_call_ends(talking: Rehearsal) -> None:
    wanted = talking.feed(STOP)
    assert wanted[0] == RecordOptOut(OptOutVia.VOICE, "Stop calling me")
    confirmation = talking.last(Say)
    assert (confirmation.text, confirmation.interruptible) == (
        talking.plan.lines.opt_out_confirmed,
        False,
    )
    assert Hangup("opt_out") in talking.play()


def test_the_announced_key_opts_out(outbound: Rehearsal) -> None:
    wanted = outbound.feed(DtmfReceived("9"))
    assert wanted[0] == RecordOptOut(OptOutVia.DTMF, "9")
    assert Hangup("opt_out") in outbound.play()


def test_the_brain_never_hears_of_it(talking: Rehearsal) -> None:
    assert not [effect for effect in talking.feed(STOP) if isinstance(effect, AskBrain)]


def test_a_directive_on_its_way_is_refused(talking: Rehearsal) -> None:
    talking.feed(Heard("Who is this?"), STOP)
    talking.reply(Transfer(to="+15555550100"))
    assert talking.last(RecordDirective).why is Refusal.CALL_ENDED
    assert not talking.all(effects.Transfer)


def test_what_is_being_said_is_cut_for_the_confirmation(talking: Rehearsal) -> None:
    talking.feed(Heard("Who is this?"))
    talking.reply(Speak(text="We have a wonderful offer."))
    wanted = talking.feed(STOP)
    assert CancelSpeech() in wanted
    assert talking.last(Say).text == talking.plan.lines.opt_out_confirmed


def test_a_final_line_of_the_brain_gives_way_to_the_confirmation(talking: Rehearsal) -> None:
    talking.feed(Heard("Bye"))
    talking.reply(Speak(text="But wait, there is more!", end_call=True))
    talking.feed(STOP)
    talking.play()
    assert talking.last(Say).text == talking.plan.lines.opt_out_confirmed
    assert talking.last(Hangup).reason == "opt_out"


def test_saying_it_twice_is_written_once_and_confirmed_once(talking: Rehearsal) -> None:
    talking.feed(STOP, STOP, DtmfReceived("9"))
    assert len(talking.all(RecordOptOut)) == 1
    assert [line.text for line in talking.all(Say)].count(talking.plan.lines.opt_out_confirmed) == 1


def test_it_works_while_the_brain_is_silent_or_unreachable(talking: Rehearsal) -> None:
    talking.feed(Heard("Hello?"))
    talking.feed(BrainFailed(talking.last(AskBrain).request_id, BrainFailure.UNREACHABLE))
    talking.feed(STOP)
    assert Hangup("opt_out") in talking.play()


@pytest.mark.parametrize("sign", [DtmfReceived("9"), STOP])
def test_during_the_disclosure_it_is_written_at_once_and_acted_on_at_its_end(
    answer: Rehearse, sign: DtmfReceived | Heard
) -> None:
    call = answer(direction=Direction.OUTBOUND, opt_out_key="9")
    call.reply(Speak(text="Hello"))
    wanted = call.feed(sign)
    assert isinstance(wanted[0], RecordOptOut)
    assert len(call.all(Say)) == 1
    call.play()
    assert [line.text for line in call.all(Say)][1:] == [call.plan.lines.opt_out_confirmed]


def test_a_directive_that_comes_after_it_during_the_disclosure_is_refused(disclosing: Rehearsal) -> None:
    disclosing.feed(STOP)
    disclosing.reply(Speak(text="Hello"))
    assert disclosing.last(RecordDirective).why is Refusal.TOO_LATE


def test_it_works_with_compliance_off(converse: Rehearse) -> None:
    call = converse(compliance_enabled=False)
    call.feed(STOP)
    assert call.all(RecordOptOut)


def test_it_ends_a_transfer_that_is_being_tried(talking: Rehearsal) -> None:
    talking.feed(Heard("A human please"))
    talking.reply(Transfer(to="+15555550100"))
    talking.feed(STOP)
    assert Hangup("opt_out") in talking.play()


def test_what_is_said_to_somebody_else_after_a_transfer_is_not_ours(outbound: Rehearsal) -> None:
    outbound.feed(Heard("A human please"))
    outbound.reply(Transfer(to="+15555550100"))
    outbound.feed(TransferCompleted())
    assert outbound.feed(STOP, DtmfReceived("9")) == ()


def test_words_understood_after_the_hang_up_still_count(talking: Rehearsal) -> None:
    talking.feed(CarrierEnded(Outcome.COMPLETED, talking.now, EndedBy.PEER))
    assert talking.feed(STOP, STOP) == (RecordOptOut(OptOutVia.VOICE, "Stop calling me"),)


def test_partial_words_do_not_opt_out(talking: Rehearsal) -> None:
    talking.feed(Heard("Stop calling", final=False, opt_out=True))
    assert not talking.all(RecordOptOut)
