"""What a carrier tells us: one normalised record for webhooks, small records for a live speech session.

Keys of `CarrierEvent.data`, by kind (times are ISO 8601 strings in UTC, absent values are null):

- call.incoming: from, to, caller_name, attestation (A, B, C, none, failed)
- call.ringing: from, to
- call.answered: from, to
- call.machine: result (human, machine, fax, unknown), beep
- call.bridged: to
- call.transfer_failed: to, outcome, sip_code
- call.ended: outcome, ended_by (platform, peer, network), sip_code, answered_at, duration_ms (since the
  answer, 0 without one)
- call.cost: cost_micros (millionths of a US dollar), duration_ms
- call.dtmf: digit
- message.received: from, to, text, segments, encoding, opt_out (STOP, HELP, START: already answered by the
  carrier; or null)
- message.status: status, from, to, error, segments, cost_micros
- number.order: e164, status, number_id, error
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """Every kind of event a carrier can report, whichever carrier it is."""

    CALL_INCOMING = "call.incoming"
    CALL_RINGING = "call.ringing"
    CALL_ANSWERED = "call.answered"
    CALL_MACHINE = "call.machine"
    CALL_BRIDGED = "call.bridged"
    CALL_TRANSFER_FAILED = "call.transfer_failed"
    CALL_ENDED = "call.ended"
    CALL_COST = "call.cost"
    SPEECH_STARTED = "speech.started"
    SPEECH_ENDED = "speech.ended"
    CALL_DTMF = "call.dtmf"
    CALL_TRANSCRIPT = "call.transcript"
    ASSISTANT_STARTED = "assistant.started"
    ASSISTANT_START_FAILED = "assistant.start_failed"
    ASSISTANT_ENDED = "assistant.ended"
    RELAY_ENDED = "relay.ended"
    MEDIA_STARTED = "media.started"
    MEDIA_STOPPED = "media.stopped"
    MEDIA_FAILED = "media.failed"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_STATUS = "message.status"
    NUMBER_ORDER = "number.order"
    CAMPAIGN_STATUS = "campaign.status"
    CAMPAIGN_NUMBER = "campaign.number"


class CallOutcome(StrEnum):
    """How a call ended."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CANCELLED = "cancelled"
    TIME_LIMIT = "time_limit"
    FAILED = "failed"


class EndedBy(StrEnum):
    """Who ended a call: we, the person at the other end, or the network in between."""

    PLATFORM = "platform"
    PEER = "peer"
    NETWORK = "network"


class MessageStatus(StrEnum):
    """How far a text has come. `unconfirmed` is final and not a failure."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


class OrderStatus(StrEnum):
    """How far a number order has come."""

    PENDING = "pending"
    ACTIVE = "active"
    FAILED = "failed"


class Attestation(StrEnum):
    """What the network vouches for about a caller's number (STIR/SHAKEN levels, RFC 8588)."""

    FULL = "A"
    PARTIAL = "B"
    GATEWAY = "C"
    NONE = "none"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One thing that happened at the carrier.

    `event_id` is unique for the carrier account and the same on each delivery; `ref` is what we gave with
    the operation that started the call, message or order; `occurred_at` is the carrier's time; `raw` the
    body as it came.
    """

    event_id: str
    kind: EventKind
    occurred_at: datetime
    received_at: datetime
    ref: str | None
    call_id: str | None
    message_id: str | None
    order_id: str | None
    data: Mapping[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class SpeechReady:
    """The session is connected: what is said from now on is heard, also what was queued before."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The peer said `text`. Not final: a guess that the next one replaces."""

    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """Our utterance was played to its end."""

    utterance_id: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Our utterance was cut, or dropped before it began; `said` is the part that was heard, or empty."""

    utterance_id: str
    said: str


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """The peer pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class SpeechClosed:
    """The session is over; `reason` is closed, call_ended or bridged. Always the last event of a session."""

    reason: str


SpeechEvent = SpeechReady | Heard | Spoken | Interrupted | DtmfReceived | SpeechClosed
SpeechListener = Callable[[SpeechEvent], Awaitable[None]]
