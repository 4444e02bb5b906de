"""The carrier port: what every carrier looks like to the rest of the system.

Code above the port never asks which carrier it has; it reads :class:`Capabilities`. Every operation that
changes something takes an :class:`Op`. The records, events and errors of the port are importable from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from saperly_carriers.errors import (
    CarrierAuth,
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierProtocol,
    CarrierRateLimited,
    CarrierRejected,
    CarrierUnavailable,
    IntakeRefused,
    RejectReason,
    Unsupported,
)
from saperly_carriers.events import (
    Attestation,
    CallOutcome,
    CarrierEvent,
    DtmfReceived,
    EndedBy,
    EventKind,
    Heard,
    Interrupted,
    MessageStatus,
    OrderStatus,
    SpeechClosed,
    SpeechEvent,
    SpeechListener,
    SpeechReady,
    Spoken,
)
from saperly_carriers.records import (
    CallDirection,
    CallerNameKind,
    CallHandle,
    CallSnapshot,
    CallState,
    Capabilities,
    DialRequest,
    LiveCall,
    MediaOwner,
    NumberOffer,
    NumberOrder,
    NumberType,
    Op,
    RawRequest,
    RawResponse,
    RejectCause,
    Sender,
    SentMessage,
    SpeechConfig,
)

__all__ = [
    "Attestation",
    "CallDirection",
    "CallHandle",
    "CallOutcome",
    "CallSnapshot",
    "CallState",
    "CallerNameKind",
    "Calls",
    "Capabilities",
    "Carrier",
    "CarrierAuth",
    "CarrierError",
    "CarrierEvent",
    "CarrierOutcomeUnknown",
    "CarrierProtocol",
    "CarrierRateLimited",
    "CarrierRejected",
    "CarrierUnavailable",
    "DialRequest",
    "DtmfReceived",
    "EndedBy",
    "EventKind",
    "Heard",
    "Intake",
    "IntakeRefused",
    "Interrupted",
    "LiveCall",
    "MediaOwner",
    "MessageStatus",
    "Messaging",
    "NumberOffer",
    "NumberOrder",
    "NumberType",
    "Numbers",
    "Op",
    "OrderStatus",
    "RawRequest",
    "RawResponse",
    "RejectCause",
    "RejectReason",
    "Sender",
    "SentMessage",
    "SpeechClosed",
    "SpeechConfig",
    "SpeechEvent",
    "SpeechListener",
    "SpeechReady",
    "SpeechSession",
    "Spoken",
    "Unsupported",
]


class Numbers(Protocol):
    """Finding, renting and setting up numbers."""

    async def search(
        self,
        *,
        country: str,
        number_type: NumberType,
        area_code: str | None,
        need: frozenset[str],
        limit: int,
    ) -> Sequence[NumberOffer]:
        """Numbers for sale, possibly none.

        An impossible area code is rejected `invalid_value`, a country that is not served `geo`.
        """
        ...

    async def offer_of(self, e164: str) -> NumberOffer | None:
        """What one exact number is sold as; None when it is not for sale."""
        ...

    async def order(self, e164: str, op: Op) -> NumberOrder:
        """Rent a number: pending or active. Rejected `number_unavailable` when somebody else has it."""
        ...

    async def order_status(self, order_id: str) -> NumberOrder: ...

    async def find_order(self, op: Op) -> NumberOrder | None:
        """The order made with this operation id, for an outcome that is unknown."""
        ...

    async def route(self, number_id: str, *, voice: str | None, messaging: str | None, op: Op) -> None:
        """Where calls and texts to the number go. None: nowhere, they are refused."""
        ...

    async def set_caller_name(self, number_id: str, name: str | None, op: Op) -> None: ...

    async def release(self, number_id: str, op: Op) -> None:
        """Give a number back. Gone already counts as success."""
        ...


class Messaging(Protocol):
    async def send(
        self, *, sender: Sender, to: str, text: str, op: Op, callback_url: str | None = None
    ) -> SentMessage: ...

    async def lookup(self, message_id: str) -> SentMessage: ...

    async def find(self, op: Op) -> SentMessage | None: ...


class SpeechSession(Protocol):
    """Talking and listening on one call, in text.

    Every utterance ends in exactly one of Spoken or Interrupted, unless the session closes first.
    """

    async def say(self, text: str, *, utterance_id: str, interruptible: bool, last: bool = True) -> None:
        """Queue text behind what is being said. `last=False`: more text of the same utterance follows."""
        ...

    async def cancel_speech(self) -> None:
        """Stop talking now and drop the queue, interruptible or not."""
        ...

    async def send_dtmf(self, digits: str) -> None: ...

    async def close(self, *, hangup: bool) -> None:
        """End the session, and the call with it if asked. Closed already counts as success."""
        ...


class Calls(Protocol):
    async def dial(self, req: DialRequest, op: Op) -> CallHandle: ...

    async def answer(self, call: CallHandle, op: Op, *, time_limit_sec: float | None = None) -> None: ...

    async def reject(self, call: CallHandle, cause: RejectCause, op: Op) -> None: ...

    async def hangup(self, call: CallHandle, op: Op) -> None:
        """End a call. Ended already counts as success."""
        ...

    async def transfer(self, call: CallHandle, to: str, *, caller_id: str | None, op: Op) -> None:
        """Connect the peer to somebody else (E.164 or a sip: URI).

        Reported by call.bridged, or by call.transfer_failed after which the peer is still on the line.
        """
        ...

    async def send_dtmf(self, call: CallHandle, digits: str, op: Op) -> None: ...

    async def set_time_limit(self, call: CallHandle, seconds_from_answer: float, op: Op) -> None:
        """Move the moment at which the network ends the call."""
        ...

    async def status(self, call: CallHandle) -> CallSnapshot: ...

    async def find(self, op: Op) -> CallHandle | None:
        """The call dialled with this operation id."""
        ...

    async def find_live_calls(self) -> Sequence[LiveCall]: ...

    async def open_speech(
        self, call: CallHandle, cfg: SpeechConfig, listener: SpeechListener, op: Op
    ) -> SpeechSession: ...


class Intake(Protocol):
    """The door for what a carrier sends us."""

    def verify(self, req: RawRequest, now: datetime) -> None:
        """Raises IntakeRefused unless the raw bytes are the carrier's and fresh."""
        ...

    def parse(self, req: RawRequest) -> Sequence[CarrierEvent]:
        """An event of an unknown kind gives nothing; a body that cannot be read raises CarrierProtocol."""
        ...

    def respond(self, req: RawRequest, decision: object | None) -> RawResponse:
        """What to answer the carrier with."""
        ...


class Carrier(Protocol):
    """A carrier. A part that it does not offer is None."""

    @property
    def name(self) -> str: ...
    @property
    def caps(self) -> Capabilities: ...
    @property
    def numbers(self) -> Numbers | None: ...
    @property
    def messaging(self) -> Messaging | None: ...
    @property
    def calls(self) -> Calls | None: ...
    @property
    def intake(self) -> Intake: ...
