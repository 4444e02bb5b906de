"""One step of a call: the state being worked on, the instant, and the effects gathered so far.

The rules take a `Step`, replace its state and add effects. It lives for one `advance` and never leaves it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from .effects import CancelTimer, Effect, RecordTurn, StartTimer
from .state import CallPlan, CallState, Phase, Role, TimerName, TransferProgress, Utterance, changed

_LONGEST_COUNT = 9
_REQUEST = "req_"


def call_of(request_id: str) -> str:
    """The id of the call that asked, if any call ever did."""
    return request_id.removeprefix(_REQUEST).rpartition("_")[0]


@dataclass(slots=True)
class Step:
    state: CallState
    now: datetime
    effects: list[Effect] = field(default_factory=list)

    @property
    def plan(self) -> CallPlan:
        return self.state.plan

    @property
    def is_conversing(self) -> bool:
        """The brain has the word and the caller is ours to talk to."""
        return self.state.phase is Phase.TALKING and self.state.transfer is TransferProgress.NONE

    def emit(self, effect: Effect) -> None:
        self.effects.append(effect)

    def start_timer(self, name: TimerName, delay_sec: float) -> None:
        token = self.state.timer_count + 1
        others = _without(self.state.timers, name)
        self.state = changed(self.state, timers=(*others, (name, token)), timer_count=token)
        self.emit(StartTimer(name, token, max(0.0, delay_sec)))

    def cancel_timers(self, *names: TimerName) -> None:
        for name, _ in self.state.timers:
            if name in names:
                self.emit(CancelTimer(name))
                self.state = changed(self.state, timers=_without(self.state.timers, name))

    def has_fired(self, name: TimerName) -> None:
        """The timer ran out by itself: it is no longer running, and there is nothing to cancel."""
        self.state = changed(self.state, timers=_without(self.state.timers, name))

    def cancel_all_timers(self) -> None:
        self.cancel_timers(*TimerName)

    def record_turn(
        self,
        role: Role,
        text: str,
        *,
        heard: str | None,
        at: datetime,
        interrupted: bool = False,
        utterance_id: str | None = None,
    ) -> None:
        seq = self.state.turn_count + 1
        self.state = changed(self.state, turn_count=seq)
        self.emit(RecordTurn(seq, role, text, heard, at, interrupted, utterance_id))

    def record_line(self, line: Utterance, *, heard: str | None, interrupted: bool) -> None:
        """Write down a line of ours. `heard` is None where nobody knows how far the caller heard it."""
        self.record_turn(
            line.role,
            line.text,
            heard=heard,
            at=line.started_at or self.now,
            interrupted=interrupted,
            utterance_id=line.utterance_id,
        )

    def issue_request_id(self) -> str:
        """A request id that no other request of any call has: the call's id and a count."""
        place = self.state.issued + 1
        self.state = changed(self.state, issued=place)
        return self._request_id(place)

    def place_of(self, request_id: str) -> int | None:
        """Which request of this call has this id, from 1; None for an id that was never issued."""
        count = request_id.rpartition("_")[2][:_LONGEST_COUNT]
        place = int(count) if count.isascii() and count.isdecimal() else 0
        known = 1 <= place <= self.state.issued and request_id == self._request_id(place)
        return place if known else None

    def _request_id(self, place: int) -> str:
        return f"{_REQUEST}{self.plan.call_id}_{place}"

    def issue_utterance_id(self) -> str:
        count = self.state.utterance_count + 1
        self.state = changed(self.state, utterance_count=count)
        return f"utt_{self.plan.call_id}_{count}"


def _without(timers: tuple[tuple[TimerName, int], ...], name: TimerName) -> tuple[tuple[TimerName, int], ...]:
    return tuple(timer for timer in timers if timer[0] is not name)
