"""Ending a call: once, with the right reason, and with nothing left open."""

from collections.abc import Callable

import pytest
from saperly_protocol import Speak
from saperly_server.voice.engine.effects import (
    CallStatus,
    CloseBrain,
    Finish,
    Hangup,
    RecordTurn,
)
from saperly_server.voice.engine.inputs import (
    Answered,
    CarrierEnded,
    EndedBy,
    EndRequested,
    Heard,
    Outcome,
    OwnerLost,
    Ringing,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def ended(call: Rehearsal, outcome: Outcome = Outcome.COMPLETED, by: EndedBy | None = EndedBy.PEER) -> None:
    call.feed(CarrierEnded(outcome, call.now, by))


def test_an_api_end_hangs_up_and_is_the_reason(talking: Rehearsal) -> None:
    talking.feed(EndRequested("api_end", "key_1"))
    assert talking.last(Hangup).reason == "api_end"
    ended(talking, by=EndedBy.PLATFORM)
    assert talking.last(Finish).reason == "api_end"


def test_an_api_end_before_the_answer_cancels_the_call(waiting: Rehearsal) -> None:
    waiting.feed(Ringing(), EndRequested("api_end", "key_1"))
    assert waiting.all(Hangup) == [Hangup("api_end")]
    ended(waiting, Outcome.CANCELLED, EndedBy.PLATFORM)
    assert waiting.last(Finish) == Finish(CallStatus.NO_ANSWER, 0, "api_end", waiting.now)


def test_an_answer_that_crosses_our_hang_up_is_charged_but_not_talked_to(waiting: Rehearsal) -> None:
    waiting.feed(EndRequested("api_end", "key_1"))
    wanted = waiting.feed(Answered(waiting.now))
    assert wanted == ()
    waiting.wait(0.5)
    ended(waiting, by=EndedBy.PLATFORM)
    finish = waiting.last(Finish)
    assert (finish.status, finish.duration_sec) == ("completed", 1)


def test_ending_twice_hangs_up_once(talking: Rehearsal) -> None:
    talking.feed(EndRequested("api_end", "key_1"), EndRequested("api_end", "key_1"))
    assert len(talking.all(Hangup)) == 1


def test_a_hang_up_the_network_never_confirms_is_repeated_then_the_books_are_closed(
    talking: Rehearsal,
) -> None:
    talking.wait(30)
    talking.feed(EndRequested("api_end", "key_1"))
    hung_up_at = talking.now
    talking.wait(10)
    assert len(talking.all(Hangup)) == 2
    talking.wait(10)
    finish = talking.last(Finish)
    assert (finish.ended_at, finish.duration_sec, finish.reason) == (hung_up_at, 30, "api_end")


def test_a_line_the_end_broke_off_is_in_the_transcript_with_nobody_knowing_how_far(
    talking: Rehearsal,
) -> None:
    talking.feed(Heard("Hours?"))
    talking.reply(Speak(text="Nine to five."))
    ended(talking)
    turn = talking.last(RecordTurn)
    assert (turn.text, turn.heard, turn.interrupted) == ("Nine to five.", None, True)


def test_the_finish_is_the_last_effect(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    ended(talking)
    assert isinstance(talking.effects[-1], Finish)


@pytest.mark.parametrize(
    ("by", "outcome", "reason"),
    [
        (EndedBy.PEER, Outcome.COMPLETED, "peer_hung_up"),
        (None, Outcome.COMPLETED, "peer_hung_up"),
        (EndedBy.NETWORK, Outcome.TIME_LIMIT, "time_limit"),
        (EndedBy.NETWORK, Outcome.FAILED, "failed"),
    ],
)
def test_the_reason_says_who_ended_it(talking: Rehearsal, by: EndedBy | None, outcome: Outcome, reason: str) -> None:
    ended(talking, outcome, by)
    assert talking.last(Finish).reason == reason
    assert talking.last(Finish).status == "completed"


def test_a_call_whose_process_died_is_ended_and_filed_with_what_is_known(talking: Rehearsal) -> None:
    talking.wait(45)
    last_seen = talking.now
    talking.wait(5)
    wanted = talking.feed(OwnerLost(last_seen))
    finish = talking.last(Finish)
    assert (finish.status, finish.duration_sec, finish.reason) == ("completed", 45, "owner_lost")
    assert Hangup("owner_lost") in wanted
    assert talking.last(CloseBrain).event.reason == "owner_lost"


def test_a_call_whose_process_died_before_the_answer_has_failed(waiting: Rehearsal) -> None:
    waiting.feed(OwnerLost(waiting.now))
    finish = waiting.last(Finish)
    assert (finish.status, finish.duration_sec) == ("failed", 0)
