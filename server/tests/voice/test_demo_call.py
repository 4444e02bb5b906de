"""A whole call with the demo receptionist, through the engine, in virtual time."""

from datetime import UTC, datetime

from saperly_server.voice.brains import BrainCall, DemoBrain, SlotBook
from saperly_server.voice.engine import CallPlan, Direction
from saperly_server.voice.engine.effects import AskBrain, Finish, Hangup, RecordTurn
from saperly_server.voice.engine.inputs import (
    Answered,
    BrainReplied,
    CarrierEnded,
    EndedBy,
    Heard,
    Outcome,
    Ringing,
    SpeechReady,
)
from saperly_server.voice.engine.rehearsal import Rehearsal

PLAN = CallPlan(
    call_id="call_1",
    conversation_id="call_1",
    direction=Direction.INBOUND,
    from_number="+15555550123",
    to_number="+15555550199",
    compliance_enabled=True,
    disclosure="This is an automated AI assistant for Acme Dental.",
    paid_sec=120,
    max_duration_sec=900,
)
CALL = BrainCall(
    call_id="call_1",
    connection_name="Acme Dental",
    instructions="",
    direction=Direction.INBOUND,
    from_number="+15555550123",
    to_number="+15555550199",
)


async def hear_answer(call: Rehearsal, brain: DemoBrain) -> None:
    """The brain thinks for a second and its line is played."""
    request = call.last(AskBrain)
    call.wait(1)
    call.feed(BrainReplied(request.request_id, await brain.on_event(request.event)))
    call.wait(2)
    call.play()


async def test_a_caller_books_an_appointment_and_says_goodbye() -> None:
    call = Rehearsal(PLAN, datetime(2026, 6, 15, 10, 30, tzinfo=UTC))
    brain = DemoBrain(SlotBook(), lambda: call.now)
    await brain.open(CALL)
    call.feed(Ringing(), Answered(call.now), SpeechReady())
    call.wait(3)
    call.play()
    await hear_answer(call, brain)
    for words in ("An appointment tomorrow at two, please", "Sam", "That's all, bye"):
        call.feed(Heard(words))
        await hear_answer(call, brain)
    assert call.all(Hangup) == [Hangup("brain_hung_up")]
    call.feed(CarrierEnded(Outcome.COMPLETED, call.now, EndedBy.PLATFORM))
    assert [(turn.role.value, turn.heard) for turn in call.all(RecordTurn)] == [
        ("system", "This is an automated AI assistant for Acme Dental."),
        ("assistant", "Hello, this is the automated assistant of Acme Dental. How can I help you?"),
        ("user", "An appointment tomorrow at two, please"),
        ("assistant", "What name shall I put it under?"),
        ("user", "Sam"),
        ("assistant", "You are booked tomorrow at 2 pm, Sam. Is there anything else I can do for you?"),
        ("user", "That's all, bye"),
        ("assistant", "Thank you for calling Acme Dental, Sam. Goodbye!"),
    ]
    assert call.last(Finish).duration_sec == 15
