"""Frames of the brain's socket: what is accepted, and how a mistake is explained."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_protocol import (
    DirectiveFrame,
    ErrorFrame,
    Hello,
    ProtocolError,
    Speak,
    parse_client_frame,
    parse_reply,
    parse_server_frame,
)

DOCUMENTED_HELLO = {"type": "hello", "connectionId": "conn_123", "protocolVersion": 1, "client": "my-agent"}
DOCUMENTED_DIRECTIVE = {
    "type": "directive",
    "requestId": "req_a1b2",
    "directive": {"type": "speak", "text": "Hi, this is Acme. How can I help?"},
}


def test_the_documented_hello_survives_a_round_trip() -> None:
    hello = parse_client_frame(json.dumps(DOCUMENTED_HELLO))
    assert hello == Hello(connection_id="conn_123", protocol_version=1, client="my-agent")
    assert hello.to_wire() == DOCUMENTED_HELLO


def test_the_documented_directive_frame_survives_a_round_trip() -> None:
    frame = parse_client_frame(json.dumps(DOCUMENTED_DIRECTIVE).encode())
    assert frame == DirectiveFrame(request_id="req_a1b2", directive=Speak(text="Hi, this is Acme. How can I help?"))
    assert frame.to_wire() == DOCUMENTED_DIRECTIVE


def test_a_hello_of_another_protocol_version_is_refused() -> None:
    with pytest.raises(ProtocolError, match="protocolVersion: Input should be 1"):
        parse_client_frame({**DOCUMENTED_HELLO, "protocolVersion": 2})


def test_the_complaint_names_the_member_and_the_request_it_was_for() -> None:
    frame = {**DOCUMENTED_DIRECTIVE, "directive": {"type": "speak", "text": " "}}
    with pytest.raises(ProtocolError) as refusal:
        parse_client_frame(frame)
    assert refusal.value.to_frame().to_wire() == {
        "type": "error",
        "code": "invalid_frame",
        "message": "directive.text: must not be blank",
        "requestId": "req_a1b2",
    }


def test_the_complaint_never_repeats_what_was_sent() -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_client_frame({"type": "secret-type"})
    assert "secret-type" not in refusal.value.message


@pytest.mark.parametrize("raw", ["", "nope", '{"type":', b"\xff\xfe", "[" * 100_000])
def test_what_is_not_json_is_said_to_be_not_json(raw: str | bytes) -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_client_frame(raw)
    assert refusal.value.code == "invalid_json"


@pytest.mark.parametrize(
    "raw",
    [
        '{"type":"directive","requestId":"\\ud800","directive":{"type":"speak","text":"a"}}',
        '{"type":"directive","requestId":"r","directive":{"type":"speak","text":"\\ud800"}}',
        '{"type":"directive","requestId":"r","directive":{"type":"hangup","\\ud800":1}}',
    ],
)
def test_text_that_is_not_unicode_is_refused_with_a_frame_that_can_be_sent(raw: str) -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_client_frame(raw)
    json.dumps(refusal.value.to_frame().to_wire()).encode()


def test_an_http_answer_may_be_a_bare_directive_or_a_directive_frame() -> None:
    speak = Speak(text="Hi, this is Acme. How can I help?")
    assert parse_reply(json.dumps(DOCUMENTED_DIRECTIVE["directive"]), "req_a1b2") == speak
    assert parse_reply(json.dumps(DOCUMENTED_DIRECTIVE), "req_a1b2") == speak


def test_an_http_answer_to_another_request_is_refused() -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_reply(DOCUMENTED_DIRECTIVE, "req_other")
    assert refusal.value.code == "wrong_request"


def test_a_client_reads_error_frames_with_the_events() -> None:
    error = {"type": "error", "code": "too_late", "message": "the turn is over", "requestId": "r"}
    assert parse_server_frame(error) == ErrorFrame(code="too_late", message="the turn is over", request_id="r")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.sampled_from(["type", "requestId", "directive", "hello", "speak", "text", "digits", "to"])


def complaint_about(frame: dict[str, Any]) -> ErrorFrame | None:
    try:
        parse_client_frame(frame)
    except ProtocolError as refusal:
        return refusal.to_frame()
    return None


@given(st.dictionaries(PARTS, JSON | PARTS | st.dictionaries(PARTS, JSON | PARTS)))
def test_no_frame_however_odd_escapes_as_anything_but_a_protocol_error(frame: dict[str, Any]) -> None:
    complaint = complaint_about(frame)
    assert complaint is None or complaint.message
