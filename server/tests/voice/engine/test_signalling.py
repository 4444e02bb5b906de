"""Carrier events may come late, twice, in the wrong order or not at all: the call ends the same."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from saperly_protocol import CallEnded, Speak
from saperly_server.voice.engine.effects import (
    AskBrain,
    CallStatus,
    CloseBrain,
    Finish,
    OpenSpeech,
    RecordDirective,
    Refusal,
    Say,
)
from saperly_server.voice.engine.inputs import (
    Answered,
    BrainReplied,
    CarrierEnded,
    DtmfReceived,
    EndedBy,
    EndRequested,
    Heard,
    HoldExtended,
    HoldRefused,
    Input,
    Interrupted,
    Outcome,
    OwnerLost,
    Ringing,
    SpeechClosed,
    SpeechReady,
    Spoken,
    TransferRequested,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def ended(call: Rehearsal, outcome: Outcome = Outcome.COMPLETED, by: EndedBy | None = EndedBy.PEER) -> None:
    call.feed(CarrierEnded(outcome, call.now, by))


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.BUSY, "no_answer"),
        (Outcome.NO_ANSWER, "no_answer"),
        (Outcome.CANCELLED, "no_answer"),
        (Outcome.REJECTED, "failed"),
        (Outcome.INVALID_NUMBER, "failed"),
    ],
)
def test_a_call_that_never_connected_is_filed_by_its_outcome(waiting: Rehearsal, outcome: Outcome, status: str) -> None:
    waiting.feed(Ringing())
    ended(waiting, outcome)
    assert waiting.last(Finish) == Finish(CallStatus(status), 0, outcome, waiting.now)
    assert not waiting.all(CloseBrain)


def test_a_failure_that_certainly_never_connected_is_final_at_once(waiting: Rehearsal) -> None:
    waiting.feed(CarrierEnded(Outcome.FAILED, waiting.now, duration_sec=0))
    assert waiting.last(Finish).status == "failed"


def test_a_failure_of_which_that_is_not_known_waits_a_moment_for_the_answer(waiting: Rehearsal) -> None:
    waiting.feed(CarrierEnded(Outcome.FAILED, waiting.now))
    assert not waiting.all(Finish)
    waiting.wait(5)
    assert waiting.last(Finish).status == "failed"


@pytest.mark.parametrize(("milliseconds", "billed"), [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (59_999, 60)])
def test_the_duration_is_rounded_up_to_the_second(waiting: Rehearsal, milliseconds: int, billed: int) -> None:
    answered_at = waiting.now
    waiting.feed(
        Answered(answered_at),
        CarrierEnded(Outcome.COMPLETED, answered_at + timedelta(milliseconds=milliseconds), EndedBy.PEER),
    )
    finish = waiting.last(Finish)
    assert (finish.status, finish.duration_sec) == ("completed", billed)


def test_a_clock_that_went_back_never_gives_a_negative_duration(waiting: Rehearsal) -> None:
    answered_at = waiting.now
    waiting.feed(
        Answered(answered_at),
        CarrierEnded(Outcome.COMPLETED, answered_at - timedelta(seconds=9), EndedBy.PEER),
    )
    assert waiting.last(Finish).duration_sec == 0


def test_the_brain_is_told_of_the_end_exactly_once(talking: Rehearsal) -> None:
    ended(talking)
    ended(talking)
    closed = talking.all(CloseBrain)
    assert [close.event for close in closed] == [
        CallEnded(request_id="req_call_1_2", conversation_id="conv_1", reason="peer_hung_up")
    ]


def test_its_acknowledgement_of_the_end_is_no_mistake(talking: Rehearsal) -> None:
    ended(talking)
    request_id = talking.last(CloseBrain).event.request_id
    wanted = talking.feed(BrainReplied(request_id, Speak(text="Bye")))
    assert wanted == (RecordDirective(request_id, "speak", False, Refusal.ACKNOWLEDGED),)


def test_after_the_end_nothing_happens_but_the_refusal_of_late_directives(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    request_id = talking.last(AskBrain).request_id
    ended(talking)
    state = talking.state
    late: list[Input] = [
        Ringing(),
        Answered(talking.now),
        SpeechReady(),
        SpeechClosed(),
        Heard("Hello?"),
        DtmfReceived("1"),
        Spoken(talking.last(Say).utterance_id),
        Interrupted(talking.last(Say).utterance_id, "Hel"),
        HoldExtended(600),
        HoldRefused(),
        TransferRequested("+15555550100"),
        EndRequested("api", "key_1"),
        CarrierEnded(Outcome.BUSY, talking.now, EndedBy.NETWORK),
        OwnerLost(talking.now),
    ]
    assert talking.feed(*late) == ()
    assert talking.feed(BrainReplied(request_id, Speak(text="Nine to five."))) == (
        RecordDirective(request_id, "speak", False, Refusal.CALL_ENDED),
    )
    assert talking.state == state
    assert talking.wait(3600) == ()


def test_speech_on_a_call_not_known_to_be_answered_means_that_it_was(waiting: Rehearsal) -> None:
    began = waiting.now
    waiting.feed(SpeechReady())
    assert waiting.last(Say).text == waiting.plan.disclosure
    assert not waiting.all(OpenSpeech)
    waiting.wait(4)
    ended(waiting)
    finish = waiting.last(Finish)
    assert (finish.status, finish.duration_sec, waiting.state.answered_at) == ("completed", 4, began)


@pytest.mark.parametrize("sign", [Heard("Hello?"), Spoken("utt_x"), Interrupted("utt_x", ""), DtmfReceived("1")])
def test_every_sign_of_speech_counts_as_an_answer(waiting: Rehearsal, sign: Input) -> None:
    waiting.feed(sign)
    assert waiting.all(OpenSpeech)
    ended(waiting)
    assert waiting.last(Finish).status == "completed"


def test_the_carriers_instant_corrects_an_inferred_answer(waiting: Rehearsal) -> None:
    answered_at = waiting.now
    waiting.wait(3)
    waiting.feed(SpeechReady())
    waiting.wait(2)
    waiting.feed(Answered(answered_at))
    assert len(waiting.all(AskBrain)) == 1
    ended(waiting)
    assert waiting.last(Finish).duration_sec == 5


def test_an_end_before_its_answer_uses_the_duration_the_carrier_measured(waiting: Rehearsal) -> None:
    waiting.feed(CarrierEnded(Outcome.COMPLETED, waiting.now, EndedBy.PEER, duration_sec=42))
    finish = waiting.last(Finish)
    assert (finish.status, finish.duration_sec) == ("completed", 42)


def test_an_end_before_its_answer_waits_for_it_where_the_carrier_measured_nothing(
    waiting: Rehearsal,
) -> None:
    answered_at = waiting.now
    waiting.wait(30.5)
    ended(waiting)
    assert not waiting.all(Finish)
    waiting.wait(3)
    wanted = waiting.feed(Answered(answered_at))
    assert waiting.last(Finish).duration_sec == 31
    assert not [effect for effect in wanted if isinstance(effect, OpenSpeech | AskBrain)]


def test_an_end_whose_answer_never_comes_was_no_answer(waiting: Rehearsal) -> None:
    ended(waiting)
    waiting.wait(5)
    finish = waiting.last(Finish)
    assert (finish.status, finish.duration_sec) == ("no_answer", 0)


def test_every_order_and_repetition_of_the_carriers_events_ends_the_same(rehearse: Rehearse) -> None:
    results = set()
    start = rehearse().now
    events: tuple[Input, ...] = (
        Ringing(),
        Answered(start),
        CarrierEnded(Outcome.COMPLETED, start + timedelta(seconds=7.2)),
    )
    for order in itertools.permutations([*events, *events]):
        call = rehearse()
        call.feed(*order)
        call.wait(60)
        finish = call.last(Finish)
        results.add((finish.status, finish.duration_sec, len(call.all(Finish))))
    assert results == {(CallStatus.COMPLETED, 8, 1)}
