"""Calls: placing and taking them, the conversation engine, its runtime and brains. See README.md."""

from .brains.manual import Desk, complaint, signed
from .contracts import Call, CallUsage, TranscriptTurn
from .control import end, transfer
from .engine import effects, inputs
from .errors import CallNotFound, CallStartFailed, NumberHasNoConnection
from .inbound import carrier_event, incoming
from .outbound import outcome, place
from .planning import CallSetup
from .queries import get_call, list_calls, transcript, usage_since
from .recovery import carry_out, reap
from .runtime import CallFacts, LiveCall
from .silence import ask_about_silent
from .switchboard import Switchboard

__all__ = [
    "Call",
    "CallFacts",
    "CallNotFound",
    "CallSetup",
    "CallStartFailed",
    "CallUsage",
    "Desk",
    "LiveCall",
    "NumberHasNoConnection",
    "Switchboard",
    "TranscriptTurn",
    "ask_about_silent",
    "carrier_event",
    "carry_out",
    "complaint",
    "effects",
    "end",
    "get_call",
    "incoming",
    "inputs",
    "list_calls",
    "outcome",
    "place",
    "reap",
    "signed",
    "transcript",
    "transfer",
    "usage_since",
]
