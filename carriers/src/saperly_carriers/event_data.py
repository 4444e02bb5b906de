"""What an event's data must look like before anybody believes it: the types of the keys that `events` lists for each kind.

A carrier adapter checks what it has read and refuses the rest at the door. An event that passes can be stored as JSON and
applied; one that could not would be tried again for ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from saperly_carriers.events import CallOutcome, EndedBy, EventKind, MessageStatus, OrderStatus

Check = Callable[[Any], bool]

_DEEPEST = 32
_LONGEST_ID = 255
_LONGEST_TEXT = 20_000
_LARGEST = 2**31 - 1
_YEARS = range(2000, 3000)


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID


def _body(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _instant(value: Any) -> bool:
    try:
        return is_instant(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _one_of(words: type[StrEnum]) -> Check:
    return lambda value: isinstance(value, str) and value in {word.value for word in words}


_ENDS: Mapping[str, Check] = {"from": _maybe(_text), "to": _text}
_SHAPES: Mapping[EventKind, Mapping[str, Check]] = {
    EventKind.CALL_INCOMING: {**_ENDS, "caller_name": _maybe(_text), "attestation": _maybe(_text)},
    EventKind.CALL_RINGING: _ENDS,
    EventKind.CALL_ANSWERED: _ENDS,
    EventKind.CALL_MACHINE: {"result": _text, "beep": _flag},
    EventKind.CALL_BRIDGED: {"to": _text},
    EventKind.CALL_TRANSFER_FAILED: {"to": _text, "outcome": _one_of(CallOutcome), "sip_code": _maybe(_count)},
    EventKind.CALL_ENDED: {
        "outcome": _one_of(CallOutcome),
        "ended_by": _one_of(EndedBy),
        "sip_code": _maybe(_count),
        "answered_at": _maybe(_instant),
        "duration_ms": _count,
    },
    EventKind.CALL_COST: {"cost_micros": _count, "duration_ms": _count},
    EventKind.CALL_DTMF: {"digit": _text},
    EventKind.MESSAGE_RECEIVED: {
        "from": _text,
        "to": _text,
        "text": _body,
        "segments": _maybe(_count),
        "encoding": _maybe(_text),
        "opt_out": _maybe(_text),
    },
    EventKind.MESSAGE_STATUS: {
        "status": _one_of(MessageStatus),
        "from": _maybe(_text),
        "to": _maybe(_text),
        "error": _maybe(_text),
        "segments": _maybe(_count),
        "cost_micros": _maybe(_count),
    },
    EventKind.NUMBER_ORDER: {
        "e164": _text,
        "status": _one_of(OrderStatus),
        "number_id": _maybe(_text),
        "error": _maybe(_text),
    },
}


_TOO_LARGE = 2**63
"""Beyond what 64 bits hold."""


def is_instant(value: datetime) -> bool:
    """An instant of our time, with its offset from UTC."""
    return value.tzinfo is not None and value.year in _YEARS


def is_id(value: Any) -> bool:
    """An identifier of a length that can be indexed."""
    return _text(value)


def is_storable(value: Any, depth: int = 0) -> bool:
    """JSON that a database keeps: no NUL, no half characters, no number beyond numbers, not too deep."""
    if depth > _DEEPEST:
        return False
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, Mapping):
        return all(is_storable(name) and is_storable(one, depth + 1) for name, one in value.items())
    if isinstance(value, list):
        return all(is_storable(one, depth + 1) for one in value)
    if isinstance(value, int):
        return abs(value) < _TOO_LARGE
    return not isinstance(value, float) or math.isfinite(value)


def fits(kind: EventKind, data: Any) -> bool:
    """Has the data of an event of this kind every key it must have, with a value of the right type?"""
    shape = _SHAPES.get(kind, {})
    return (
        isinstance(data, Mapping) and is_storable(data) and all(check(data.get(name)) for name, check in shape.items())
    )
