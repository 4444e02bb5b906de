"""What happens in calls, told as events: plain objects in camelCase, for JSON lines and for people alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from saperly_server.ledger import RateCard
from saperly_server.voice import CallFacts, effects, inputs

Event = dict[str, Any]
Tell = Callable[[Event], None]


@dataclass(slots=True)
class _Told:
    """What is known of a call that is under way. `paid_sec` is the time that its hold covers."""

    paid_sec: int
    turns: int = 0
    words: str | None = None
    words_at: datetime | None = None
    disclosure_at: datetime | None = None


@dataclass(slots=True)
class Totals:
    """What a session came to."""

    calls: int = 0
    seconds: int = 0
    cents: int = 0
    messages: int = 0


@dataclass(slots=True)
class CallStory:
    """Watches the steps of every call of this process and tells what is worth knowing."""

    rates: RateCard
    tell: Tell
    now: Callable[[], datetime]
    totals: Totals = field(default_factory=Totals)
    _calls: dict[str, _Told] = field(default_factory=dict)
    _over: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    def observe(self, facts: CallFacts, event: inputs.Input, done: tuple[effects.Effect, ...]) -> None:
        """One step of one call. Steps after the end tell nothing."""
        told = self._calls.get(facts.call_id)
        if told is None:
            if facts.call_id in self._over:
                return
            told = self._begin(facts)
        if isinstance(event, inputs.Answered):
            self._say("call.answered", facts)
        if isinstance(event, inputs.HoldExtended):
            told.paid_sec = event.paid_sec
        for effect in done:
            self._effect(facts, told, effect)

    def _begin(self, facts: CallFacts) -> _Told:
        told = self._calls[facts.call_id] = _Told(self.rates.voice.first_hold_sec)
        direction = "inbound" if facts.peer == facts.from_number else "outbound"
        numbers = {"from": facts.from_number, "to": facts.to_number}
        self._say("call.started", facts, direction=direction, environment=facts.tenant.environment, **numbers)
        return told

    def _effect(self, facts: CallFacts, told: _Told, effect: effects.Effect) -> None:
        match effect:
            case effects.RecordDisclosure():
                self._disclosure(facts, told, effect)
            case effects.RecordTurn():
                self._turn(facts, told, effect)
            case effects.RecordOptOut():
                self._say("call.optedOut", facts, via=effect.via.value)
            case effects.Transfer():
                self._say("call.transfer", facts, to=effect.to)
            case effects.Finish():
                self._finish(facts, told, effect)

    def _disclosure(self, facts: CallFacts, told: _Told, effect: effects.RecordDisclosure) -> None:
        if effect.phase is effects.DisclosurePhase.STARTED:
            told.disclosure_at = effect.at
            return
        seconds = (effect.at - told.disclosure_at).total_seconds() if told.disclosure_at is not None else 0.0
        self._say("call.disclosure", facts, outcome=effect.phase.value, seconds=round(seconds, 1), text=effect.text)

    def _turn(self, facts: CallFacts, told: _Told, effect: effects.RecordTurn) -> None:
        """The caller's words wait for the answer to them, so that a turn is told in one."""
        if effect.role == "user":
            told.words = f"{told.words} {effect.text}" if told.words else effect.text
            told.words_at = effect.at
        elif effect.role == "assistant":
            told.turns += 1
            waited = None if told.words_at is None else round((effect.at - told.words_at).total_seconds() * 1000)
            said = {"words": told.words, "answer": effect.text, "heard": effect.heard}
            self._say("call.turn", facts, turn=told.turns, **said, waitMs=waited, interrupted=effect.interrupted)
            told.words = told.words_at = None

    def _finish(self, facts: CallFacts, told: _Told, effect: effects.Finish) -> None:
        """The cost by the ledger's own rule: measured time at the call's rate, never more than was held."""
        if told.words is not None:
            self._say("call.turn", facts, turn=told.turns + 1, words=told.words, answer=None)
        reserved = self.rates.voice_cents(facts.rate_micros_per_min, told.paid_sec)
        cost = self.rates.voice_cents(facts.rate_micros_per_min, effect.duration_sec)
        cost = min(cost, reserved) if effect.status is effects.CallStatus.COMPLETED else 0
        self.totals.calls += 1
        self.totals.seconds += effect.duration_sec
        self.totals.cents += cost
        money = {"durationSec": effect.duration_sec, "reservedCents": reserved, "costCents": cost}
        self._say("call.ended", facts, status=effect.status.value, reason=effect.reason, **money)
        self._calls.pop(facts.call_id, None)
        self._over.append(facts.call_id)

    def _say(self, event: str, facts: CallFacts, **about: Any) -> None:
        self.tell({"event": event, "at": self.now().isoformat(), "callId": facts.call_id, **about})
