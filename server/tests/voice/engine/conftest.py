"""Calls at the points of their life where the rules begin."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from saperly_protocol import Speak
from saperly_server.voice.engine import CallPlan, Direction
from saperly_server.voice.engine.inputs import Answered, Ringing, SpeechReady
from saperly_server.voice.engine.rehearsal import Rehearsal

PLAN = CallPlan(
    call_id="call_1",
    conversation_id="conv_1",
    direction=Direction.INBOUND,
    from_number="+15555550123",
    to_number="+15555550199",
    compliance_enabled=True,
    disclosure="This is an automated AI assistant for Acme. This call may be transcribed.",
    paid_sec=120,
    max_duration_sec=900,
)

Rehearse = Callable[..., Rehearsal]


@pytest.fixture
def rehearse() -> Rehearse:
    """A call nothing has happened to; keyword arguments change its plan."""

    def make(**changes: Any) -> Rehearsal:
        return Rehearsal(replace(PLAN, **changes), datetime(2026, 11, 21, 12, tzinfo=UTC))

    return make


@pytest.fixture
def answer(rehearse: Rehearse) -> Rehearse:
    """A call that was answered and whose speech session is ready: the disclosure is being said, if it is due."""

    def make(**changes: Any) -> Rehearsal:
        call = rehearse(**changes)
        call.feed(Ringing(), Answered(call.now), SpeechReady())
        return call

    return make


@pytest.fixture
def converse(answer: Rehearse) -> Rehearse:
    """A call past its disclosure and its greeting: the caller may speak."""

    def make(**changes: Any) -> Rehearsal:
        call = answer(**changes)
        call.reply(Speak(text="Hello, how can I help?"))
        call.play()
        if call.plan.compliance_enabled:
            call.play()
        return call

    return make


@pytest.fixture
def waiting(rehearse: Rehearse) -> Rehearsal:
    return rehearse()


@pytest.fixture
def disclosing(answer: Rehearse) -> Rehearsal:
    return answer()


@pytest.fixture
def talking(converse: Rehearse) -> Rehearsal:
    return converse()
