"""What a brain is told about its call, and how it tells."""

from datetime import UTC, datetime

from saperly_protocol import CallEnded, Hangup
from saperly_server.connections import Connection
from saperly_server.connections.contracts import Backend, CallControl, Mode, Transfer
from saperly_server.voice.brains import Brain, BrainCall, DemoBrain, SlotBook, Thinking
from saperly_server.voice.engine import CallPlan, Direction
from saperly_server.voice.engine.inputs import BrainReplied

PLAN = CallPlan(
    call_id="call_1",
    conversation_id="call_1",
    direction=Direction.OUTBOUND,
    from_number="+15555550199",
    to_number="+15555550123",
    compliance_enabled=True,
    disclosure="This is an automated assistant.",
    paid_sec=120,
    max_duration_sec=900,
)


def connection(control: CallControl) -> Connection:
    return Connection(
        id="conn_1",
        name="Acme",
        mode=Mode.HOSTED,
        backend=Backend.NETWORK,
        instructions="Be kind.",
        llm=None,
        tts=None,
        language=None,
        background_audio=None,
        mcp_servers=None,
        call_control=control,
        compliance_enabled=True,
        sms_auto_reply=False,
        recording_enabled=False,
        disclosure="",
        openai_realtime=None,
        manual_webhook_url=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_call_is_described_from_its_plan_and_its_connection() -> None:
    control = CallControl(end_call=False, transfer=Transfer(targets=("+15555550100",)))
    assert BrainCall.of(PLAN, connection(control)) == BrainCall(
        call_id="call_1",
        connection_name="Acme",
        instructions="Be kind.",
        direction=Direction.OUTBOUND,
        from_number="+15555550199",
        to_number="+15555550123",
        may_end_call=False,
        may_send_dtmf=True,
        transfer_targets=("+15555550100",),
    )


def test_instructions_of_the_call_replace_those_of_the_connection() -> None:
    call = BrainCall.of(PLAN, connection(CallControl()), "Be brief.")
    assert (call.instructions, call.transfer_targets) == ("Be brief.", ())


async def test_what_a_thinker_returns_is_told_to_its_call() -> None:
    told: list[object] = []

    async def tell(answer: object) -> None:
        told.append(answer)

    brain: Brain = Thinking(DemoBrain(SlotBook(), lambda: datetime(2026, 1, 1, tzinfo=UTC)))
    await brain.open(BrainCall.of(PLAN, connection(CallControl())), tell)
    await brain.ask(CallEnded(request_id="r", conversation_id="c"))
    assert told == [BrainReplied("r", Hangup())]
    await brain.close()
    await brain.ask(CallEnded(request_id="r2", conversation_id="c"))
    assert len(told) == 1, "a closed brain has nobody to tell"
