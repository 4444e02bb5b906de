"""Signed requests from the network, and the door that believes nothing else.

The signature is an HMAC-SHA256 over `timestamp + "." + raw body`, in hex. A request more than five minutes
from now, in either direction, is refused: the tolerance that carriers use against replays.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from saperly_carriers.errors import CarrierProtocol, IntakeRefused
from saperly_carriers.event_data import fits, is_id, is_instant, is_storable
from saperly_carriers.events import CarrierEvent, EventKind
from saperly_carriers.records import RawRequest, RawResponse

SIGNATURE_HEADER = "simulated-signature"
TIMESTAMP_HEADER = "simulated-timestamp"
TOLERANCE_SEC = 300
EVENTS_URL = "sim://network/events"

_KINDS = frozenset(kind.value for kind in EventKind)
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)


class Signer:
    """Makes requests as the network sends them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def request(self, body: bytes, at: datetime, *, forged: bool = False) -> RawRequest:
        """A signed request; a forged one carries a signature made with another key."""
        timestamp = str(int(at.timestamp()))
        key = b"forged" + self._key if forged else self._key
        headers = {
            "content-type": "application/json",
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: _signature(key, timestamp, body),
        }
        return RawRequest("POST", EVENTS_URL, headers, body, received_at=at)


class SimulatedIntake:
    """The intake of the simulated carrier."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def verify(self, req: RawRequest, now: datetime) -> None:
        signature, timestamp = req.headers.get(SIGNATURE_HEADER), req.headers.get(TIMESTAMP_HEADER)
        if not signature or not timestamp or _TIMESTAMP.fullmatch(timestamp) is None:
            raise IntakeRefused("missing_signature")
        if not hmac.compare_digest(signature.encode(), _signature(self._key, timestamp, req.body).encode()):
            raise IntakeRefused("bad_signature")
        if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SEC:
            raise IntakeRefused("stale")

    def parse(self, req: RawRequest) -> Sequence[CarrierEvent]:
        try:
            body = json.loads(req.body)
            if body["type"] not in _KINDS:
                return []
            return [_event(body, req)]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CarrierProtocol("The carrier sent something that cannot be read.") from error

    def respond(self, req: RawRequest, decision: object | None) -> RawResponse:
        return RawResponse()


def _event(body: Mapping[str, Any], req: RawRequest) -> CarrierEvent:
    """ValueError, KeyError or TypeError when the body is not an event that can be stored and applied."""
    kind, occurred_at = EventKind(body["type"]), datetime.fromisoformat(body["occurred_at"])
    if not fits(kind, body["data"]) or not is_instant(occurred_at):
        raise ValueError("no such event")
    return CarrierEvent(
        event_id=_id(body["id"]),
        kind=kind,
        occurred_at=occurred_at,
        received_at=req.received_at,
        ref=_maybe_id(body.get("ref")),
        call_id=_maybe_id(body.get("call_id")),
        message_id=_maybe_id(body.get("message_id")),
        order_id=_maybe_id(body.get("order_id")),
        data=body["data"],
        raw=req.body,
    )


def _id(value: Any) -> str:
    if not is_id(value) or not is_storable(value):
        raise ValueError("no such id")
    return str(value)


def _maybe_id(value: Any) -> str | None:
    return None if value is None else _id(value)


def _signature(key: bytes, timestamp: str, body: bytes) -> str:
    return hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
