"""Events are told in the documented words, and read back as they were sent."""

import pytest
from saperly_protocol import CallEnded, Event, InboundCall, OutboundCall, ProtocolError, Turn, parse_event

DOCUMENTED_INBOUND_CALL = {
    "type": "inbound_call",
    "requestId": "req_a1b2",
    "conversationId": "v3:call_ctrl_9f",
    "callControlId": "v3:call_ctrl_9f",
    "from": "+15555550123",
    "to": "+15555550199",
}


def test_the_documented_inbound_call_survives_a_round_trip() -> None:
    event = parse_event(DOCUMENTED_INBOUND_CALL)
    assert event == InboundCall(
        request_id="req_a1b2",
        conversation_id="v3:call_ctrl_9f",
        call_control_id="v3:call_ctrl_9f",
        from_number="+15555550123",
        to_number="+15555550199",
    )
    assert event.to_wire() == DOCUMENTED_INBOUND_CALL


def test_an_outbound_call_has_the_same_members_under_its_own_type() -> None:
    wire = {**DOCUMENTED_INBOUND_CALL, "type": "outbound_call"}
    event = parse_event(wire)
    assert isinstance(event, OutboundCall)
    assert event.to_wire() == wire


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        (
            Turn(request_id="r1", conversation_id="c1", user_text="Hello?"),
            {"type": "turn", "requestId": "r1", "conversationId": "c1", "userText": "Hello?"},
        ),
        (
            Turn(request_id="r1", conversation_id="c1", user_text=""),
            {"type": "turn", "requestId": "r1", "conversationId": "c1", "userText": ""},
        ),
        (
            CallEnded(request_id="r2", conversation_id="c1", reason="peer_hung_up"),
            {"type": "call_ended", "requestId": "r2", "conversationId": "c1", "reason": "peer_hung_up"},
        ),
        (
            CallEnded(request_id="r2", conversation_id="c1"),
            {"type": "call_ended", "requestId": "r2", "conversationId": "c1"},
        ),
    ],
)
def test_events_go_out_in_camel_case_and_come_back_equal(event: Event, wire: dict[str, str]) -> None:
    assert event.to_wire() == wire
    assert parse_event(wire) == event


def test_an_event_with_an_unknown_member_is_refused() -> None:
    with pytest.raises(ProtocolError, match="color: Extra inputs are not permitted"):
        parse_event({**DOCUMENTED_INBOUND_CALL, "color": "blue"})
