"""What can happen to a call, as data. Every input can be stored and replayed; none carries behaviour."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from saperly_protocol import Directive


class Outcome(StrEnum):
    """How the network says a call ended."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CANCELLED = "cancelled"
    TIME_LIMIT = "time_limit"
    FAILED = "failed"


class EndedBy(StrEnum):
    """Who ended a call: the other side, we, or the network."""

    PEER = "peer"
    PLATFORM = "platform"
    NETWORK = "network"


class BrainFailure(StrEnum):
    """Why a brain gave no directive. `unreachable`: nobody is connected; it may still connect and answer."""

    UNREACHABLE = "unreachable"
    ERROR = "error"
    TIMEOUT = "timeout"
    INVALID_REPLY = "invalid_reply"


@dataclass(frozen=True, slots=True)
class Ringing:
    """The other side rings."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The call was answered at `at`, by the carrier's clock."""

    at: datetime


@dataclass(frozen=True, slots=True)
class SpeechReady:
    """The speech session can say and hear."""


@dataclass(frozen=True, slots=True)
class SpeechClosed:
    """The speech session is gone."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller's words. `opt_out` is the classifier's verdict on them; only final words count."""

    text: str
    final: bool = True
    opt_out: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line of ours was played to its end."""

    utterance_id: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A line of ours was cut after `said`: by the caller's voice, or because it was cancelled."""

    utterance_id: str
    said: str


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class BrainReplied:
    """A valid directive arrived for a request."""

    request_id: str
    directive: Directive


@dataclass(frozen=True, slots=True)
class BrainFailed:
    """A request got no directive."""

    request_id: str
    reason: BrainFailure


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer ran out. `name` and `token` are those of the `StartTimer` effect."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class HoldExtended:
    """The hold now covers `paid_sec` seconds from the answer, and is committed."""

    paid_sec: int


@dataclass(frozen=True, slots=True)
class HoldRefused:
    """There is no money, or no cap left, for more time."""


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The caller was put through."""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The transfer did not connect, or was not allowed; the caller is still with us."""

    reason: str


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The customer asks over the API for a transfer; the destination was admitted."""

    to: str


@dataclass(frozen=True, slots=True)
class EndRequested:
    """The customer or the platform asks for the end. `reason` becomes the call's, `by` names who asked."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class CarrierEnded:
    """The network says the call ended at `at`.

    `answered_at` and `duration_sec` (connected seconds) are what the carrier measured, None where it does not
    say. They outrank the answer event, so that a lost or late one changes nothing. `duration_sec` 0 with
    outcome `failed` means: certainly never connected.
    """

    outcome: Outcome
    at: datetime
    by: EndedBy | None = None
    answered_at: datetime | None = None
    duration_sec: int | None = None


@dataclass(frozen=True, slots=True)
class OwnerLost:
    """The process that held the call died; `at` is when the call was last seen."""

    at: datetime


Input: TypeAlias = (
    Ringing
    | Answered
    | SpeechReady
    | SpeechClosed
    | Heard
    | Spoken
    | Interrupted
    | DtmfReceived
    | BrainReplied
    | BrainFailed
    | TimerFired
    | HoldExtended
    | HoldRefused
    | TransferCompleted
    | TransferFailed
    | TransferRequested
    | EndRequested
    | CarrierEnded
    | OwnerLost
)
