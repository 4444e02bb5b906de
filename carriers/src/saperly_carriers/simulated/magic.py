"""Magic numbers: the last four digits of `+1 500 555 XXXX` choose what happens.

Any other number answers after two seconds, listens and lets the agent talk; texts to it are delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.events import MessageStatus
from saperly_carriers.simulated.faults import NO_FAULTS, Faults
from saperly_carriers.simulated.script import LISTENER, Script
from saperly_carriers.simulated.script_parser import parse_script

MAGIC_PREFIX = "+1500555"

SENT_AFTER_SEC = 0.3
FINAL_AFTER_SEC = 1.0
EXPIRED_AFTER_SEC = 10.0
REPLY_AFTER_SEC = 2.0

_SENT = (SENT_AFTER_SEC, MessageStatus.SENT, None)
_DELIVERED = (FINAL_AFTER_SEC, MessageStatus.DELIVERED, None)

Receipt = tuple[float, MessageStatus, str | None]
"""Seconds after the request, the news, and an error code if it failed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definite no to a request."""

    reason: RejectReason
    code: str
    message: str

    def error(self) -> CarrierRejected:
        return CarrierRejected(self.reason, self.message, code=self.code)


@dataclass(frozen=True, slots=True)
class TextHabit:
    """What becomes of a text: refused, or these receipts in this order, and perhaps a reply.

    In the reply `{text}` stands for what was received.
    """

    refusal: Refusal | None = None
    receipts: tuple[Receipt, ...] = (_SENT, _DELIVERED)
    arrives: bool = True
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Magic:
    """What one number does. `party` names a script of magic_parties.yaml; None: it just listens."""

    call_refusal: Refusal | None = None
    party: str | None = None
    text: TextHabit = field(default_factory=TextHabit)
    faults: Faults = NO_FAULTS


def _no(reason: RejectReason, code: str, message: str) -> Refusal:
    return Refusal(reason, code, message)


def _refused(reason: RejectReason, code: str, message: str) -> Magic:
    refusal = Refusal(reason, code, message)
    return Magic(call_refusal=refusal, text=TextHabit(refusal))


def _undelivered(error: str, after_sec: float = FINAL_AFTER_SEC) -> TextHabit:
    return TextHabit(receipts=(_SENT, (after_sec, MessageStatus.FAILED, error)), arrives=False)


_LONG_TEXT = (
    "Thank you for your message. We have had a look at it and there is quite a lot to say, so this answer is "
    "longer than one text can be: the delivery was planned for Tuesday, then moved to Wednesday because of the "
    "weather, and now it is waiting at the depot in the harbour. You can pick it up there every day from eight "
    "in the morning, or tell us a day that suits you and we bring it to your door. Please bring a document that "
    "shows your name. Have a good day!"
)

_R = RejectReason

MAGIC: Mapping[str, Magic] = {
    "0001": _refused(_R.INVALID_NUMBER, "invalid_number", "This is not a valid number."),
    "0002": _refused(_R.CANNOT_ROUTE, "cannot_route", "This number cannot be reached from here."),
    "0003": _refused(_R.GEO, "destination_not_allowed", "This destination is not allowed."),
    "0004": Magic(
        call_refusal=_no(_R.BLOCKED, "blocked", "This number does not take your calls."),
        text=TextHabit(_no(_R.OPTED_OUT, "opted_out", "The recipient has opted out.")),
    ),
    "0006": Magic(),
    "0008": Magic(
        call_refusal=_no(_R.CAPACITY, "capacity", "No more calls can be placed at the moment."),
        text=TextHabit(_no(_R.CAPACITY, "queue_full", "The queue of this sender is full.")),
    ),
    "0009": Magic(
        call_refusal=_no(_R.INVALID_NUMBER, "not_a_phone", "This is not a telephone but a fax."),
        text=TextHabit(_no(_R.INVALID_NUMBER, "cannot_receive_sms", "This number cannot receive texts.")),
    ),
    "1001": Magic(party="busy"),
    "1002": Magic(party="rings_out"),
    "1003": Magic(party="rejects"),
    "1004": Magic(party="voicemail_with_beep"),
    "1005": Magic(party="voicemail"),
    "1006": Magic(party="slow_to_answer"),
    "1007": Magic(party="hangs_up_early"),
    "1008": Magic(party="silent"),
    "1009": Magic(party="talks_over"),
    "1010": Magic(party="repeats", text=TextHabit(reply="{text}")),
    "1011": Magic(party="menu", text=TextHabit(reply="Reply STOP to stop, START to start again. Msg rates may apply.")),
    "1012": Magic(party="talks_for_ten_minutes", text=TextHabit(reply=_LONG_TEXT)),
    "1013": Magic(party="takes_transfers"),
    "1014": Magic(party="busy"),
    "2001": Magic(text=_undelivered("undeliverable")),
    "2002": Magic(text=_undelivered("spam")),
    "2003": Magic(text=TextHabit(receipts=(_SENT, (FINAL_AFTER_SEC, MessageStatus.UNCONFIRMED, None)))),
    "2004": Magic(text=_undelivered("expired", EXPIRED_AFTER_SEC)),
    "2005": Magic(text=TextHabit(receipts=(_SENT,))),
    "2008": Magic(text=TextHabit(reply="STOP")),
    "2009": Magic(text=TextHabit(reply="HELP")),
    "2010": Magic(text=TextHabit(reply="START")),
    "2012": Magic(text=TextHabit(receipts=((FINAL_AFTER_SEC, MessageStatus.FAILED, "not_registered"),), arrives=False)),
    "3001": Magic(faults=Faults(fail_first=True)),
    "3002": Magic(faults=Faults(fail_always=True)),
    "3003": Magic(faults=Faults(rate_limit_first=True)),
    "3004": Magic(faults=Faults(lose_answer=True)),
    "3005": Magic(faults=Faults(slow_answer=True)),
    "3006": Magic(faults=Faults(garble_answer=True)),
    "4001": Magic(faults=Faults(duplicate_events=True)),
    "4002": Magic(faults=Faults(reverse_events=True)),
    "4003": Magic(faults=Faults(delay_events_sec=3.0)),
    "4004": Magic(faults=Faults(lose_progress_events=True)),
    "4005": Magic(faults=Faults(bad_signature=True)),
    "4006": Magic(faults=Faults(late_event=True)),
}

_ORDINARY = Magic()


def magic_of(number: str) -> Magic:
    """What a number does; the ordinary habits for every number that is not in the table."""
    if not number.startswith(MAGIC_PREFIX):
        return _ORDINARY
    return MAGIC.get(number.removeprefix(MAGIC_PREFIX), _ORDINARY)


def script_of(magic: Magic) -> Script:
    return LISTENER if magic.party is None else _parties()[magic.party]


@cache
def _parties() -> Mapping[str, Script]:
    data = yaml.safe_load(files(__package__).joinpath("magic_parties.yaml").read_text("utf-8"))
    return {name: parse_script({"name": name, **script}, name) for name, script in data.items()}
