"""A directive is accepted exactly when it is well-formed, and nothing else is guessed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_protocol import (
    Hangup,
    ProtocolError,
    SendDtmf,
    Speak,
    Transfer,
    WaitForUser,
    is_e164,
    is_strict_sip_uri,
    parse_directive,
)


@pytest.mark.parametrize(
    ("wire", "directive"),
    [
        (
            {"type": "speak", "text": "Hi, this is Acme. How can I help?"},
            Speak(text="Hi, this is Acme. How can I help?"),
        ),
        (
            {"type": "speak", "text": "All set — goodbye!", "endCall": True},
            Speak(text="All set — goodbye!", end_call=True),
        ),
        ({"type": "wait_for_user"}, WaitForUser()),
        ({"type": "wait_for_user", "timeoutMs": 5000}, WaitForUser(timeout_ms=5000)),
        ({"type": "hangup"}, Hangup()),
        ({"type": "hangup", "reason": "done"}, Hangup(reason="done")),
        ({"type": "transfer", "to": "+15555550100"}, Transfer(to="+15555550100")),
        ({"type": "send_dtmf", "digits": "123#"}, SendDtmf(digits="123#")),
    ],
)
def test_the_documented_directives_survive_a_round_trip(wire: dict[str, Any], directive: Any) -> None:
    assert parse_directive(wire) == directive
    assert directive.to_wire() == wire


def test_members_sent_as_null_count_as_not_sent() -> None:
    assert parse_directive({"type": "speak", "text": "Hi", "endCall": None}) == Speak(text="Hi")
    assert parse_directive({"type": "wait_for_user", "timeoutMs": None}) == WaitForUser()


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        ({"type": "speak"}, "text: Field required"),
        ({"type": "speak", "text": ""}, "text: String should have at least 1 character"),
        ({"type": "speak", "text": " \n\t "}, "text: must not be blank"),
        ({"type": "speak", "text": "x" * 4001}, "text: String should have at most 4000 characters"),
        ({"type": "speak", "text": "a\x00b"}, "text: must not contain control characters"),
        ({"type": "speak", "text": 5}, "text: Input should be a valid string"),
        ({"type": "speak", "text": "Hi", "endCall": "yes"}, "endCall: Input should be a valid boolean"),
        ({"type": "speak", "text": "Hi", "end_call": True}, "end_call: Extra inputs are not permitted"),
        ({"type": "wait_for_user", "timeoutMs": 0}, "timeoutMs: Input should be greater than or equal to 1"),
        ({"type": "wait_for_user", "timeoutMs": 600_001}, "timeoutMs: Input should be less than or equal to"),
        ({"type": "wait_for_user", "timeoutMs": "5"}, "timeoutMs: Input should be a valid integer"),
        ({"type": "wait_for_user", "timeoutMs": True}, "timeoutMs: Input should be a valid integer"),
        ({"type": "hangup", "reason": "a\rb\x07"}, "reason: must not contain control characters"),
        ({"type": "transfer"}, "to: Field required"),
        ({"type": "transfer", "to": "5555550100"}, "to: must be an E.164 number or a plain sip:/sips: URI"),
        ({"type": "send_dtmf", "digits": ""}, "digits: String should match pattern"),
        ({"type": "send_dtmf", "digits": "12E"}, "digits: String should match pattern"),
        ({"type": "send_dtmf", "digits": "1\n"}, "digits: String should match pattern"),
        ({"type": "send_dtmf", "digits": "1" * 33}, "digits: String should match pattern"),
        (
            {"type": "dance"},
            "type: must be one of 'speak', 'wait_for_user', 'hangup', 'transfer', 'send_dtmf'",
        ),
        ({"text": "Hi"}, "type: is missing"),
    ],
)
def test_a_malformed_directive_is_refused_by_name(wire: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_directive(wire)
    assert refusal.value.code == "invalid_frame"
    assert refusal.value.message.startswith(complaint)


def test_text_of_4000_characters_with_line_breaks_is_still_spoken() -> None:
    assert parse_directive({"type": "speak", "text": "a\r\n\tb" + "x" * 3995})


@pytest.mark.parametrize("number", ["+1555555", "+15555550100", "+123456789012345"])
def test_e164_numbers_are_callable(number: str) -> None:
    assert is_e164(number)


@pytest.mark.parametrize(
    "number",
    [
        "+155555",
        "+05555550100",
        "+1234567890123456",
        "15555550100",
        "+1 5555550100",
        "+1555555٠١٢٣",
        "+15555550100\n",
    ],
)
def test_anything_but_a_plus_and_7_to_15_digits_is_not_e164(number: str) -> None:
    assert not is_e164(number)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:desk@pbx.example.com",
        "sips:desk@pbx.example.com:5061",
        "SIP:desk@pbx.example.com;transport=TLS",
        "sip:+15555550100@trunk.example.com;transport=udp",
        "sip:pbx.example.com",
    ],
)
def test_plain_sip_uris_are_callable(uri: str) -> None:
    assert is_strict_sip_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:",
        "sip:@example.com",
        "tel:+15555550100",
        "sip:desk:secret@example.com",
        "sip:desk@example.com?Replaces=x",
        "sip:desk@example.com;user=phone",
        "sip:desk@example.com;transport=ws",
        "sip:desk@example.com;transport=tls;transport=udp",
        "sip:desk@example.com,sip:other@example.com",
        "sip:desk@example.com\r\nX-Evil: 1",
        "sip:desk @example.com",
        "sip:de%0ask@example.com",
        "sip:desk@[::1]",
        "sip:desk@-example.com",
        "sip:desk@example.com:0",
        "sip:desk@example.com:65536",
        "sip:" + "a" * 250 + "@example.com",
    ],
)
def test_sip_uris_with_anything_beside_the_address_are_refused(uri: str) -> None:
    assert not is_strict_sip_uri(uri)


@given(st.text(alphabet="0123456789*#ABCDwW,", min_size=1, max_size=32))
def test_every_string_of_tones_up_to_32_can_be_sent(digits: str) -> None:
    assert parse_directive({"type": "send_dtmf", "digits": digits}) == SendDtmf(digits=digits)
