"""The records that go through the carrier port: what is asked for and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from saperly_carriers.events import CallOutcome, MessageStatus, OrderStatus


class NumberType(StrEnum):
    LOCAL = "local"
    TOLL_FREE = "toll_free"
    MOBILE = "mobile"
    NATIONAL = "national"


class CallDirection(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallState(StrEnum):
    """Where a call stands at the carrier. `unknown`: the carrier does not know this call (any more)."""

    UNKNOWN = "unknown"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class RejectCause(StrEnum):
    """Why we do not take an incoming call, as the caller's side learns it (SIP 603, 486, 404, 480)."""

    REJECTED = "rejected"
    BUSY = "busy"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"


class MediaOwner(StrEnum):
    """Who turns speech into text and back: the carrier's assistant or its speech service, we, or a third
    party reached by SIP."""

    CARRIER_ASSISTANT = "carrier_assistant"
    CARRIER_SPEECH = "carrier_speech"
    OWN_MEDIA = "own_media"
    REMOTE_SIP = "remote_sip"


class CallerNameKind(StrEnum):
    """How a caller's name reaches the callee."""

    NONE = "none"
    DISPLAY_NAME = "display_name"
    LISTING = "listing"
    LISTING_REVIEWED = "listing_reviewed"


@dataclass(frozen=True, slots=True)
class Op:
    """One intent.

    `op_id` is the same on each try; `ref` comes back on events; `deadline_sec` bounds the wait for an
    answer, after which the outcome is unknown.
    """

    op_id: str
    ref: str | None = None
    deadline_sec: float = 10.0


@dataclass(frozen=True, slots=True)
class NumberOffer:
    """A number that can be ordered. Prices are the carrier's, in US cents; features are sms and voice."""

    e164: str
    country: str
    number_type: NumberType
    monthly_price_cents: int
    upfront_price_cents: int
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class NumberOrder:
    """An order of one number. `number_id` is set once active, `error` once failed."""

    order_id: str
    e164: str
    status: OrderStatus
    number_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a text comes from: one of our numbers, shown as `alphanumeric` instead if that is given."""

    number: str
    alphanumeric: str | None = None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A text the carrier has taken. Costs are millionths of a US dollar."""

    message_id: str
    status: MessageStatus
    segments: int
    cost_micros: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CallHandle:
    """The carrier's id of a call: opaque, may hold any character, never parsed."""

    call_id: str


@dataclass(frozen=True, slots=True)
class DialRequest:
    """A call to place. `ring_timeout_sec` counts from the dial, `time_limit_sec` from the answer."""

    from_number: str
    to: str
    caller_name: str | None
    ring_timeout_sec: float
    time_limit_sec: float
    detect_machine: bool = False


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    state: CallState
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: CallOutcome | None = None


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is up at the carrier, for finding out after a restart what is still there."""

    call: CallHandle
    ref: str | None
    direction: CallDirection
    snapshot: CallSnapshot


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """How the carrier should speak and listen. `partials`: also report guesses while the peer is talking."""

    language: str | None = None
    voice: str | None = None
    partials: bool = False


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request from the carrier, before anything has been believed.

    `url` is the public one; header names are lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class RawResponse:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a carrier can do. The code that chooses a strategy reads this and nothing else."""

    media: frozenset[MediaOwner]
    stream_codecs: frozenset[str]
    per_call_instructions: bool
    speech_done_event: bool
    uninterruptible_speech: bool
    transfer_pstn: bool
    transfer_sip: bool
    transfer_refer: bool
    machine_detection: bool
    call_time_limit: frozenset[CallDirection]
    cnam: CallerNameKind
    alpha_sender: bool
    delivery_receipts: bool
    carrier_opt_out: bool
    tendlc: bool
    tendlc_push: bool
    async_number_order: bool
    command_idempotency_s: int
    message_idempotency: bool
    max_utterance_chars: int
    dtmf_alphabet: frozenset[str]
