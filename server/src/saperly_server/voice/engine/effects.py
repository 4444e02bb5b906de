"""What the engine wants done, as data, in the order in which it is to be done.

`CARRIER_EFFECTS` reach the network; none of them follows `Finish`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from saperly_protocol import CallEnded, Event

from .state import Role, TimerName


class CallStatus(StrEnum):
    """How a call is filed. Only `completed` is charged."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


class DisclosurePhase(StrEnum):
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    PEER_HUNG_UP = "peer_hung_up"


class OptOutVia(StrEnum):
    VOICE = "voice"
    DTMF = "dtmf"


class Refusal(StrEnum):
    """Why a directive had no effect.

    `acknowledged` is the welcome answer to `call_ended`: not a mistake, so no error frame is due.
    """

    UNKNOWN_REQUEST = "unknown_request"
    ALREADY_ANSWERED = "already_answered"
    TOO_LATE = "too_late"
    CALL_ENDED = "call_ended"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class OpenSpeech:
    """Open a speech session on the call."""


@dataclass(frozen=True, slots=True)
class Say:
    """Say a line. Lines are given one at a time: the next one comes after `Spoken` or `Interrupted`."""

    utterance_id: str
    text: str
    interruptible: bool


@dataclass(frozen=True, slots=True)
class CancelSpeech:
    """Stop what is being said."""


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """Press keys."""

    digits: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Put the caller through. Where the destination is not admitted, the answer is `TransferFailed`."""

    to: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call at the carrier. May be repeated when no confirmation comes."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskCarrier:
    """Ask how the call stands, because its news stay away; the reply is fed as `Answered` or `CarrierEnded`."""


@dataclass(frozen=True, slots=True)
class SetTimeLimit:
    """The network may carry the call for this many seconds from the answer: never more than is paid."""

    seconds: int


@dataclass(frozen=True, slots=True)
class AskBrain:
    """Give the brain the word. One `BrainReplied` or `BrainFailed` is expected."""

    event: Event
    request_id: str


@dataclass(frozen=True, slots=True)
class CloseBrain:
    """Tell the brain that the call is over. Once, and only a brain that was told of the call."""

    event: CallEnded


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Feed `TimerFired(name, token)` after `delay_sec`. A timer of the same name is replaced."""

    name: TimerName
    token: int
    delay_sec: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    name: TimerName


@dataclass(frozen=True, slots=True)
class ExtendHold:
    """Hold the money for `to_paid_sec` seconds from the answer; reply `HoldExtended` or `HoldRefused`."""

    to_paid_sec: int


@dataclass(frozen=True, slots=True)
class RecordTurn:
    """A turn of the transcript: final, appended, `seq` from 1 without gaps.

    `heard` is what reached the caller: the whole text, the part before an interruption, or None when the call
    broke off and nobody knows. `at` is when the line began, or when the caller's words were understood.
    """

    seq: int
    role: Role
    text: str
    heard: str | None
    at: datetime
    interrupted: bool
    utterance_id: str | None


@dataclass(frozen=True, slots=True)
class RecordDisclosure:
    phase: DisclosurePhase
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordDirective:
    """A directive was applied, or refused for the reason `why`."""

    request_id: str
    directive_type: str
    accepted: bool
    why: Refusal | None


@dataclass(frozen=True, slots=True)
class RecordOptOut:
    """The caller wants no more contact: revoke and suppress before anything else is done."""

    via: OptOutVia
    evidence: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The call is over: settle and file it. Exactly once, and the last effect but for late records."""

    status: CallStatus
    duration_sec: int
    reason: str
    ended_at: datetime


Effect: TypeAlias = (
    OpenSpeech
    | Say
    | CancelSpeech
    | SendDtmf
    | Transfer
    | Hangup
    | AskCarrier
    | SetTimeLimit
    | AskBrain
    | CloseBrain
    | StartTimer
    | CancelTimer
    | ExtendHold
    | RecordTurn
    | RecordDisclosure
    | RecordDirective
    | RecordOptOut
    | Finish
)

CARRIER_EFFECTS = (OpenSpeech, Say, CancelSpeech, SendDtmf, Transfer, Hangup, SetTimeLimit)
