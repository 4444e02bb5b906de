"""A call's log: every input can be stored as JSON and brings the call back."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from saperly_protocol import Hangup, SendDtmf, Speak, Transfer, WaitForUser
from saperly_server.voice.engine import (
    input_from_dict,
    input_to_dict,
    plan_from_dict,
    plan_to_dict,
    replay,
)
from saperly_server.voice.engine.advance import _RULES, _TIMERS
from saperly_server.voice.engine.inputs import (
    Answered,
    BrainFailed,
    BrainFailure,
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
    TimerFired,
    TransferCompleted,
    TransferFailed,
    TransferRequested,
)
from saperly_server.voice.engine.rehearsal import Rehearsal
from saperly_server.voice.engine.state import TimerName

AT = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
EVERY_INPUT: list[Input] = [
    Ringing(),
    Answered(AT),
    Answered(AT.astimezone(timezone(timedelta(hours=5, minutes=30)))),
    SpeechReady(),
    SpeechClosed(),
    Heard("Grüß Gott 👋", final=False, opt_out=True),
    Spoken("utt_1"),
    Interrupted("utt_1", ""),
    DtmfReceived("#"),
    BrainReplied("req_1", Speak(text="Hi", end_call=True)),
    BrainReplied("req_1", WaitForUser(timeout_ms=5)),
    BrainReplied("req_1", Hangup(reason="done")),
    BrainReplied("req_1", Transfer(to="sip:desk@example.com")),
    BrainReplied("req_1", SendDtmf(digits="1w2")),
    BrainFailed("req_1", BrainFailure.UNREACHABLE),
    TimerFired("brain", 7),
    HoldExtended(180),
    HoldRefused(),
    TransferCompleted(),
    TransferFailed("busy"),
    TransferRequested("+15555550100"),
    EndRequested("api_end", "key_1"),
    CarrierEnded(Outcome.COMPLETED, AT),
    CarrierEnded(Outcome.TIME_LIMIT, AT, EndedBy.NETWORK, AT, 60),
    OwnerLost(AT),
]


@pytest.mark.parametrize("event", EVERY_INPUT)
def test_every_input_survives_the_log(event: Input) -> None:
    stored = json.loads(json.dumps(input_to_dict(event)))
    assert input_from_dict(stored) == event


def test_no_kind_of_input_is_left_out() -> None:
    assert {type(event) for event in EVERY_INPUT} == set(get_args(Input)) == set(_RULES)


def test_every_timer_has_a_rule() -> None:
    assert set(_TIMERS) == set(TimerName)


def test_a_stored_input_is_readable() -> None:
    event = BrainReplied("req_1", Speak(text="Goodbye!", end_call=True))
    assert input_to_dict(event) == {
        "kind": "brain_replied",
        "request_id": "req_1",
        "directive": {"type": "speak", "text": "Goodbye!", "endCall": True},
    }


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"kind": "sneezed"},
        {"kind": "answered"},
        {"kind": "answered", "at": "yesterday"},
        {"kind": "brain_replied", "request_id": "r", "directive": {"type": "speak", "text": ""}},
    ],
)
def test_a_damaged_row_is_an_error_and_never_a_guess(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        input_from_dict(stored)


def test_the_plan_survives_storage(waiting: Rehearsal) -> None:
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(waiting.plan)))) == waiting.plan


def test_a_call_is_rebuilt_from_its_plan_and_its_log(talking: Rehearsal) -> None:
    talking.feed(Heard("Hours?"))
    talking.wait(21)
    talking.feed(Interrupted("utt_call_1_3", "One"), Heard("Hello?"))
    talking.reply(Speak(text="Nine to five.", end_call=True))
    stored = [(now, json.loads(json.dumps(input_to_dict(event)))) for now, event in talking.log]
    again = replay(talking.plan, [(now, input_from_dict(event)) for now, event in stored])
    assert again == talking.state
