"""What the engine knows about one call: the plan it was given and the state it has reached.

All of it is immutable and comparable: the same plan and the same inputs always give the same state.
"""

from dataclasses import dataclass, field, fields, make_dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from saperly_protocol import Directive

from .inputs import CarrierEnded

__all__ = [
    "Asked",
    "CallPlan",
    "CallState",
    "Direction",
    "Disclosure",
    "EndReason",
    "Ending",
    "Hold",
    "Lines",
    "NextChance",
    "Phase",
    "Role",
    "Speech",
    "Then",
    "TimerName",
    "TransferProgress",
    "Utterance",
    "begin",
    "changed",
]


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Phase(StrEnum):
    """Where a call is. It only moves forward; `ended` is terminal."""

    WAITING = "waiting"
    """Not answered yet."""
    DISCLOSING = "disclosing"
    """Answered; the disclosure is due or being said, and nothing of the brain is heard."""
    TALKING = "talking"
    """The brain has the word."""
    CLOSING = "closing"
    """The last line is being said; the call is hung up when it has been played."""
    HANGING_UP = "hanging_up"
    """Hanging up was asked for; waiting for the network to confirm."""
    SETTLING = "settling"
    """The network says the call ended but not whether it was answered; waiting a moment for that event."""
    ENDED = "ended"


class Speech(StrEnum):
    """The speech session: text in, text out."""

    NONE = "none"
    OPENING = "opening"
    READY = "ready"
    CLOSED = "closed"


class Disclosure(StrEnum):
    NOT_DUE = "not_due"
    DUE = "due"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"


class Hold(StrEnum):
    """The extension of the money hold: not asked for, asked for, or refused."""

    SETTLED = "settled"
    ASKED = "asked"
    REFUSED = "refused"


class TransferProgress(StrEnum):
    NONE = "none"
    TRYING = "trying"
    DONE = "done"


class Role(StrEnum):
    """Who speaks in the transcript. `system` is the platform itself: disclosure, hold line, closing lines."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class TimerName(StrEnum):
    BRAIN = "brain"
    RETRY = "retry"
    USER_SILENCE = "user_silence"
    DIGITS = "digits"
    PLAYOUT = "playout"
    SPEECH_READY = "speech_ready"
    SPEECH_LOST = "speech_lost"
    EXTEND_HOLD = "extend_hold"
    LIMIT_WARNING = "limit_warning"
    TIME_LIMIT = "time_limit"
    HANGUP_CONFIRM = "hangup_confirm"
    LATE_ANSWER = "late_answer"


class EndReason(StrEnum):
    """Why a call ended, when it was neither an API request (its own word) nor the carrier's outcome."""

    PEER_HUNG_UP = "peer_hung_up"
    BRAIN_HUNG_UP = "brain_hung_up"
    BRAIN_SILENT = "brain_silent"
    DISCLOSURE_FAILED = "disclosure_failed"
    SPEECH_FAILED = "speech_failed"
    OPT_OUT = "opt_out"
    OUT_OF_FUNDS = "out_of_funds"
    MAX_DURATION = "max_duration"
    OWNER_LOST = "owner_lost"


@dataclass(frozen=True, slots=True)
class Lines:
    """What the platform itself says, in the language of the call."""

    hold: str = "One moment, please."
    trouble: str = "Sorry, something went wrong on our side. Could you say that again?"
    brain_gone: str = "I am sorry, I cannot continue this call right now. Please try again later. Goodbye."
    out_of_funds: str = "This call has to end in a few seconds. Thank you for calling."
    max_duration: str = "This call has reached its time limit and ends in a few seconds. Thank you for calling."
    opt_out_confirmed: str = "Understood. You will not be contacted again. Goodbye."
    transfer_failed: str = "Sorry, I could not put you through."
    reconnected: str = "Sorry, we were cut off for a moment."


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What is decided about a call before its first event. Times in seconds.

    `disclosure` is the resolved text. `paid_sec` counts from the answer and is what the first hold covers.
    `opt_out_key` is the announced key (`9` on outbound calls), None where no key is announced.
    """

    call_id: str
    conversation_id: str
    direction: Direction
    from_number: str
    to_number: str
    compliance_enabled: bool
    disclosure: str
    paid_sec: int
    max_duration_sec: int
    hold_step_sec: int = 60
    extend_before_sec: int = 20
    warn_before_sec: int = 8
    opt_out_key: str | None = None
    brain_timeout_sec: float = 20
    max_silent_turns: int = 3
    digit_pause_sec: float = 1.5
    lines: Lines = field(default_factory=Lines)


class Then(StrEnum):
    """What follows when a line has been said."""

    LISTEN = "listen"
    DISCLOSED = "disclosed"
    HANG_UP = "hang_up"


class NextChance(StrEnum):
    """When a brain that gave no directive is asked again, counted from the end of our lines."""

    AT_ONCE = "at_once"
    """The caller was told to wait."""
    AFTER_REPEAT = "after_repeat"
    """The caller was asked to repeat: with the words, or after a while without any."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A line of ours: waiting, being said, or cut off."""

    utterance_id: str
    text: str
    role: Role
    interruptible: bool
    then: Then
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The open request: the brain has the word for `words` (empty for the opening)."""

    request_id: str
    words: tuple[str, ...]
    opening: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """The call is being ended by us. `hung_up_at` is set once the network was told."""

    reason: str
    hung_up_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class CallState:
    """Everything that decides what happens next.

    `issued` counts the requests to the brain; bit n of `replied` is set when request n got its directive.
    `words` are the caller's words and key presses that no accepted directive has answered yet.
    `timers` maps each running timer to its token; a firing with another token is stale.
    """

    plan: CallPlan
    paid_sec: int
    phase: Phase = Phase.WAITING
    ringing: bool = False
    answered_at: datetime | None = None
    answer_is_exact: bool = False
    carrier_end: CarrierEnded | None = None

    speech: Speech = Speech.NONE
    speech_reopened: bool = False
    disclosure: Disclosure = Disclosure.NOT_DUE
    saying: Utterance | None = None
    waiting: tuple[Utterance, ...] = ()
    cut: tuple[Utterance, ...] = ()

    asked: Asked | None = None
    opened: bool = False
    issued: int = 0
    replied: int = 0
    goodbye_id: str | None = None
    deferred: Directive | None = None
    deferred_failure: bool = False
    silent_turns: int = 0
    next_chance: NextChance | None = None
    words: tuple[str, ...] = ()
    digits: str = ""
    listen_sec: float | None = None

    transfer: TransferProgress = TransferProgress.NONE
    deferred_transfer: str | None = None
    hold: Hold = Hold.SETTLED
    warned: bool = False
    opted_out: bool = False
    ending: Ending | None = None

    timers: tuple[tuple[TimerName, int], ...] = ()
    timer_count: int = 0
    utterance_count: int = 0
    turn_count: int = 0


def begin(plan: CallPlan) -> CallState:
    """The state of a call nothing has happened to."""
    due = Disclosure.DUE if plan.compliance_enabled else Disclosure.NOT_DUE
    return CallState(plan=plan, paid_sec=plan.paid_sec, disclosure=due)


if TYPE_CHECKING:
    from dataclasses import replace as changed
else:
    _NAMES = tuple(member.name for member in fields(CallState))
    _PLACES = {name: place for place, name in enumerate(_NAMES)}
    _members = attrgetter(*_NAMES)
    _Draft = make_dataclass("_Draft", _NAMES, slots=True)

    def changed(state: CallState, /, **changes: Any) -> CallState:
        """What `dataclasses.replace` makes of a state, at an eighth of its cost: a call changes its state often.

        The members are written to a draft, which is not frozen and laid out like a state, and which then becomes one.
        """
        members = list(_members(state))
        for name, member in changes.items():
            members[_PLACES[name]] = member
        draft = _Draft(*members)
        draft.__class__ = CallState
        return draft
