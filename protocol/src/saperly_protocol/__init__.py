"""What crosses a process or goes to a customer: conversation events and the directives that answer them."""

from saperly_protocol.addresses import is_e164, is_strict_sip_uri
from saperly_protocol.codec import (
    ProtocolError,
    parse_client_frame,
    parse_directive,
    parse_event,
    parse_reply,
    parse_server_frame,
)
from saperly_protocol.directives import Directive, Hangup, SendDtmf, Speak, Transfer, WaitForUser
from saperly_protocol.events import CallEnded, Event, InboundCall, OutboundCall, Turn
from saperly_protocol.frames import PROTOCOL_VERSION, DirectiveFrame, ErrorFrame, Hello

__all__ = [
    "PROTOCOL_VERSION",
    "CallEnded",
    "Directive",
    "DirectiveFrame",
    "ErrorFrame",
    "Event",
    "Hangup",
    "Hello",
    "InboundCall",
    "OutboundCall",
    "ProtocolError",
    "SendDtmf",
    "Speak",
    "Transfer",
    "Turn",
    "WaitForUser",
    "is_e164",
    "is_strict_sip_uri",
    "parse_client_frame",
    "parse_directive",
    "parse_event",
    "parse_reply",
    "parse_server_frame",
]
