"""The carrier of a deployment that has none: it refuses everything, definitely, so that no money stays held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from saperly_carriers.port import (
    CallerNameKind,
    Capabilities,
    CarrierEvent,
    CarrierRejected,
    IntakeRefused,
    RawRequest,
    RawResponse,
    RejectReason,
)

_NOTHING = Capabilities(
    media=frozenset(),
    stream_codecs=frozenset(),
    per_call_instructions=False,
    speech_done_event=False,
    uninterruptible_speech=False,
    transfer_pstn=False,
    transfer_sip=False,
    transfer_refer=False,
    machine_detection=False,
    call_time_limit=frozenset(),
    cnam=CallerNameKind.NONE,
    alpha_sender=False,
    delivery_receipts=False,
    carrier_opt_out=False,
    tendlc=False,
    tendlc_push=False,
    async_number_order=False,
    command_idempotency_s=0,
    message_idempotency=False,
    max_utterance_chars=1,
    dtmf_alphabet=frozenset(),
)


class _Refusing:
    """Any operation of any part of the port: a definite no."""

    def __getattr__(self, operation: str) -> Any:
        async def refuse(*_: object, **__: object) -> None:
            raise CarrierRejected(
                RejectReason.ACCOUNT_LEVEL, "No telephone network is configured for live traffic.", status=503
            )

        return refuse


class UnconfiguredCarrier:
    """Implements the port by refusing."""

    name = "none"
    caps = _NOTHING
    numbers: Any = _Refusing()
    messaging: Any = _Refusing()
    calls: Any = _Refusing()

    @property
    def intake(self) -> UnconfiguredCarrier:
        return self

    def verify(self, req: RawRequest, now: datetime) -> None:
        raise IntakeRefused("bad_signature")

    def parse(self, req: RawRequest) -> Sequence[CarrierEvent]:
        return ()

    def respond(self, req: RawRequest, decision: object | None) -> RawResponse:
        return RawResponse()
