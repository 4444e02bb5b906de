"""What a brain is told about its call, and the brain that is not there."""

from datetime import UTC, datetime

import pytest
from saperly_protocol import Turn
from saperly_server.connections import Connection
from saperly_server.connections.contracts import Backend, CallControl, Mode, Transfer
from saperly_server.voice.brains import Brain, BrainCall, BrainUnreachable, DemoBrain, SlotBook, UnreachableBrain
from saperly_server.voice.engine import CallPlan, Direction

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


async def test_the_brain_nobody_runs_is_unreachable() -> None:
    brain: Brain = UnreachableBrain()
    await brain.open(BrainCall.of(PLAN, connection(CallControl())))
    with pytest.raises(BrainUnreachable):
        await brain.on_event(Turn(request_id="r", conversation_id="c", user_text="Hello?"))
    await brain.close()


def test_the_demo_brain_is_a_brain() -> None:
    brain: Brain = DemoBrain(SlotBook(), lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert brain
