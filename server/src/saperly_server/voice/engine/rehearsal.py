"""A call in virtual time: drives the engine without a network, fires its timers, keeps what it wanted done.

For tests, for benchmarks, and for walking through a stored call by hand.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from saperly_protocol import Directive

from .advance import advance
from .effects import AskBrain, CancelTimer, Effect, Say, StartTimer
from .inputs import BrainReplied, Input, Spoken, TimerFired
from .state import CallPlan, CallState, TimerName, begin

Wanted = TypeVar("Wanted")


@dataclass(slots=True)
class Rehearsal:
    """`now` moves only with `wait`. `log` has every input with its instant, `effects` all effects."""

    plan: CallPlan
    now: datetime
    state: CallState = field(init=False)
    log: list[tuple[datetime, Input]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    due: dict[TimerName, tuple[datetime, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = begin(self.plan)

    def feed(self, *events: Input) -> tuple[Effect, ...]:
        """Let the events happen now, one after the other; answers the effects they had."""
        already = len(self.effects)
        for event in events:
            self.state, effects = advance(self.state, event, self.now)
            self.log.append((self.now, event))
            self.effects.extend(effects)
            self._keep_timers(effects)
        return tuple(self.effects[already:])

    def wait(self, seconds: float) -> tuple[Effect, ...]:
        """Let time pass, firing each timer at its instant; answers the effects they had."""
        already = len(self.effects)
        until = self.now + timedelta(seconds=seconds)
        while (name := self._next_timer(until)) is not None:
            self.now, token = self.due.pop(name)
            self.feed(TimerFired(name, token))
        self.now = until
        return tuple(self.effects[already:])

    def reply(self, directive: Directive) -> tuple[Effect, ...]:
        """The brain answers the newest request."""
        return self.feed(BrainReplied(self.last(AskBrain).request_id, directive))

    def play(self) -> tuple[Effect, ...]:
        """The newest line is played to its end."""
        return self.feed(Spoken(self.last(Say).utterance_id))

    def all(self, kind: type[Wanted]) -> list[Wanted]:
        """Every effect of one kind, oldest first."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def last(self, kind: type[Wanted]) -> Wanted:
        """The newest effect of one kind. Raises `LookupError` when there was none."""
        for effect in reversed(self.effects):
            if isinstance(effect, kind):
                return effect
        raise LookupError(f"no {kind.__name__} so far")

    def _next_timer(self, until: datetime) -> TimerName | None:
        running = [(at, token, name) for name, (at, token) in self.due.items() if at <= until]
        return min(running)[2] if running else None

    def _keep_timers(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, StartTimer):
                self.due[effect.name] = (self.now + timedelta(seconds=effect.delay_sec), effect.token)
            elif isinstance(effect, CancelTimer):
                self.due.pop(effect.name, None)
