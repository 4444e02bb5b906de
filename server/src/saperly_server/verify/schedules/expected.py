"""The reference: what a set of carrier events has to come to, in plain Python. Their order does not occur in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HOSTED_CENTS_PER_MIN, MANUAL_CENTS_PER_MIN = 26, 13
SMS_CENTS_PER_SEGMENT = 2
_ENDED_WITHOUT_ANSWER = {
    "busy": "no_answer",
    "no_answer": "no_answer",
    "cancelled": "no_answer",
    "rejected": "failed",
    "invalid_number": "failed",
    "failed": "failed",
}
_RECEIPTS = {"delivered": "delivered", "failed": "undelivered", "unconfirmed": "sent"}


@dataclass(frozen=True, slots=True)
class CarrierNews:
    """One event of a carrier as the reference sees it."""

    kind: str
    occurred_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call is to end."""

    status: str
    duration_sec: int
    cost_cents: int


def call_end(news: Sequence[CarrierNews], *, hosted: bool) -> CallEnd:
    """What a call that the carrier ended is to be: `news` holds its call.ended, which tells of the answer too."""
    end = next(one for one in news if one.kind == "call.ended")
    if end.data["answered_at"] is None:
        return CallEnd(_ENDED_WITHOUT_ANSWER[end.data["outcome"]], 0, 0)
    seconds = -(-(end.occurred_at - datetime.fromisoformat(end.data["answered_at"])) // timedelta(seconds=1))
    return CallEnd("completed", seconds, call_cents(seconds, hosted=hosted))


def call_cents(seconds: int, *, hosted: bool) -> int:
    """The price of so many seconds, rounded up."""
    return -(-(HOSTED_CENTS_PER_MIN if hosted else MANUAL_CENTS_PER_MIN) * seconds // 60)


def message_ends(news: Sequence[CarrierNews]) -> set[str]:
    """What may become of a text that the carrier took. There is a choice only when its receipts contradict each other:
    then the first final one stays."""
    final = {_RECEIPTS[one.data["status"]] for one in news if one.data["status"] in _RECEIPTS}
    return final or {"sent"}


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """What an inbound text is to leave: the state of its sender, and the platform's own replies to them."""

    state: str
    purposes: tuple[str, ...]


def reply_end(words: str) -> ReplyEnd:
    """The effect of the first text of somebody who is not known yet."""
    if words in ("STOP", "please stop texting me"):
        return ReplyEnd("opted_out", ("opt_out",))
    if words == "START":
        return ReplyEnd("explicit_outbound", ("opt_in",))
    if words == "HELP":
        return ReplyEnd("none", ("help",))
    return ReplyEnd("implied_inbound", ())
