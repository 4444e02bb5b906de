"""One live call: a queue of inputs, the engine, and its effects carried out in order.

There is no task for each call. Whoever brings an input works the queue off; an input that arrives meanwhile is taken in the
same turn. Each step is stored before its effects leave this process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from saperly_carriers import port
from saperly_carriers.clock import Clock
from saperly_carriers.port import (
    CallHandle,
    Calls,
    CallSnapshot,
    CarrierError,
    CarrierRejected,
    Op,
    SpeechConfig,
    SpeechSession,
)
from saperly_protocol import Event

from saperly_server.core.db import DATABASE_FAILURES
from saperly_server.voice.brains import Brain, BrainCall, BrainFailing, BrainUnreachable
from saperly_server.voice.engine import CallState, Phase, advance, inputs
from saperly_server.voice.engine import effects as do
from saperly_server.voice.engine.inputs import BrainFailure, Input
from saperly_server.voice.events import from_snapshot

from .ear import Ear
from .store import CallFacts, CallStore, NotOwner, Step
from .timers import CallTimers

_logger = structlog.get_logger(__name__)
_RETRY_SEC, _LONGEST_RETRY_SEC, _MOST_FAILURES = 0.25, 10.0, 12

RefusesTransfer = Callable[[CallFacts, str], Awaitable[str | None]]
"""Why a transfer to this address is refused, or None."""


@dataclass(frozen=True, slots=True)
class World:
    """What a live call acts upon."""

    clock: Clock
    calls: Calls
    brain: Brain
    about: BrainCall
    store: CallStore
    speech: SpeechConfig
    refuses_transfer: RefusesTransfer
    observe: Callable[[CallFacts, Input, tuple[do.Effect, ...]], None]


class LiveCall:
    """A call that this process owns."""

    def __init__(self, facts: CallFacts, state: CallState, world: World, on_end: Callable[[LiveCall], None]) -> None:
        self.facts = facts
        self.state = state
        self.handle: CallHandle | None = None
        self.ended = asyncio.Event()
        self.began_at = world.clock.now()
        self._world = world
        self._on_end = on_end
        self._inbox: deque[Input] = deque()
        self._working = False
        self._seq = 0
        self._commands = 0
        self._speech: SpeechSession | None = None
        self._failures = 0
        self._transfer_error: CarrierError | None = None
        self._brain_open = False
        self._ear = Ear(self.feed)
        self._timers = CallTimers(world.clock, self._ring)

    async def feed(self, event: Input) -> None:
        """Take in an input. It is worked off by this caller, or by the one already at work; while the database is away it
        waits, and nothing overtakes it."""
        self._inbox.append(event)
        await self._work_off()

    async def _work_off(self) -> None:
        if self._working:
            return
        self._working = True
        try:
            while self._inbox and not self.ended.is_set():
                await self._take(self._inbox[0])
                self._inbox.popleft()
                self._failures = 0
        except DATABASE_FAILURES as error:
            self._try_again(error)
        finally:
            self._working = False

    def _try_again(self, error: Exception) -> None:
        """Later and later; a call that cannot be written down for long is left to whoever takes it over."""
        self._failures += 1
        _logger.warning("call not written down", call_id=self.facts.call_id, tries=self._failures, error=str(error))
        if self._failures > _MOST_FAILURES:
            self._leave()
        elif not self.ended.is_set():
            self._world.clock.call_later(min(_RETRY_SEC * 2.0**self._failures, _LONGEST_RETRY_SEC), self._work_off)

    async def ask_carrier(self) -> CallSnapshot:
        """Ask the carrier how the call stands, and take its word. Raises CarrierError, also before it has a name there."""
        snapshot = await self._world.calls.status(self._call())
        for news in from_snapshot(snapshot):
            await self.feed(news)
        return snapshot

    def take_transfer_error(self) -> CarrierError | None:
        """Why the last transfer was refused by the carrier, once."""
        error, self._transfer_error = self._transfer_error, None
        return error

    async def _take(self, event: Input) -> None:
        now = self._world.clock.now()
        state, effects = advance(self.state, event, now)
        if all(isinstance(effect, do.RecordDirective) for effect in effects) and state == self.state:
            self._tell_of_refusals(effects)
            return
        try:
            await self._world.store.write(self.facts, Step(self._seq + 1, event, now, effects))
        except NotOwner:
            self._leave()
            return
        self._seq += 1
        self.state = state
        self._world.observe(self.facts, event, effects)
        for effect in effects:
            await self._perform(effect)
        if state.phase is Phase.ENDED:
            self._leave()

    async def _perform(self, effect: do.Effect) -> None:
        action = _ACTIONS.get(type(effect))
        if action is None:
            return
        try:
            await action(self, effect)
        except CarrierError as error:
            # The carrier's own events say what became of the call; a refused command only means it is too late.
            _logger.info(
                "carrier command failed", call_id=self.facts.call_id, command=type(effect).__name__, code=error.code
            )

    def _leave(self) -> None:
        """The call is not ours any more. Nothing may hold it in a circle: memory is free at once, not when it is searched."""
        self._timers.stop()
        self._ear.close()
        self._speech = None
        self.ended.set()
        self._on_end(self)
        if self._brain_open:
            self._brain_open = False
            self._world.clock.call_later(0, self._world.brain.close)  # after its goodbye, if there is one

    def _op(self) -> Op:
        """Each command of a call is an intent of its own; the counter gives it its identity."""
        self._commands += 1
        return Op(f"{self.facts.call_id}-{self._seq}-{self._commands}")

    def _call(self) -> CallHandle:
        if self.handle is None:
            raise CarrierRejected(port.RejectReason.STATE, "The call has not reached the network yet.")
        return self.handle

    async def _open_speech(self, _: do.OpenSpeech) -> None:
        try:
            self._speech = await self._world.calls.open_speech(
                self._call(), self._world.speech, self._ear.hear, self._op()
            )
        except CarrierError:
            await self.feed(inputs.SpeechClosed())
            raise

    async def _say(self, effect: do.Say) -> None:
        if self._speech is not None:
            await self._speech.say(effect.text, utterance_id=effect.utterance_id, interruptible=effect.interruptible)

    async def _cancel_speech(self, _: do.CancelSpeech) -> None:
        if self._speech is not None:
            await self._speech.cancel_speech()

    async def _send_dtmf(self, effect: do.SendDtmf) -> None:
        await self._world.calls.send_dtmf(self._call(), effect.digits, self._op())

    async def _hangup(self, _: do.Hangup) -> None:
        """Asked again it is still the same intent: there is one end."""
        await self._world.calls.hangup(self._call(), Op(f"{self.facts.call_id}-hangup"))

    async def _ask_carrier(self, _: do.AskCarrier) -> None:
        await self.ask_carrier()

    async def _set_time_limit(self, effect: do.SetTimeLimit) -> None:
        await self._world.calls.set_time_limit(self._call(), effect.seconds, self._op())

    async def _transfer(self, effect: do.Transfer) -> None:
        try:
            refused = await self._world.refuses_transfer(self.facts, effect.to)
        except DATABASE_FAILURES:
            refused = "unavailable"
        if refused is not None:
            await self.feed(inputs.TransferFailed(refused))
            return
        try:
            await self._world.calls.transfer(self._call(), effect.to, caller_id=None, op=self._op())
        except CarrierError as error:
            self._transfer_error = error
            await self.feed(inputs.TransferFailed(error.code or "refused"))

    async def _ask_brain(self, effect: do.AskBrain) -> None:
        """The brain thinks on its own time; the call goes on meanwhile."""

        async def ask() -> None:
            failure = await self._ask(effect.event)
            if failure is not None:
                await self.feed(inputs.BrainFailed(effect.request_id, failure))

        self._world.clock.call_later(0, ask)

    async def _ask(self, event: Event) -> BrainFailure | None:
        """Why the brain cannot answer; None when it has answered, or will."""
        brain = self._world.brain
        try:
            if not self._brain_open:
                await brain.open(self._world.about, self.feed)
                self._brain_open = True
            await brain.ask(event)
        except BrainUnreachable:
            return BrainFailure.UNREACHABLE
        except BrainFailing as error:
            _logger.info("brain gives no answer", call_id=self.facts.call_id, error=str(error))
            return BrainFailure.ERROR
        except Exception:
            _logger.exception("brain failed", call_id=self.facts.call_id)
            return BrainFailure.ERROR
        return None

    async def _note_directive(self, effect: do.RecordDirective) -> None:
        self._tell_of_refusals((effect,))

    def _tell_of_refusals(self, effects: Sequence[do.Effect]) -> None:
        """A directive that had no effect is the brain's mistake, and it is told so; nothing of it is kept."""
        for effect in effects:
            if not isinstance(effect, do.RecordDirective) or effect.why is None:
                continue
            if effect.why is not do.Refusal.ACKNOWLEDGED:
                self._world.brain.refused(effect.request_id, effect.why)

    async def _close_brain(self, effect: do.CloseBrain) -> None:
        """Tell the brain goodbye. Its answer can change nothing any more, and neither can its failing."""

        async def close() -> None:
            with suppress(BrainUnreachable, BrainFailing):
                await self._world.brain.ask(effect.event)

        self._world.clock.call_later(0, close)

    async def _extend_hold(self, effect: do.ExtendHold) -> None:
        """Holding what is held already changes nothing: after a failure of the database it is asked for again."""
        try:
            granted = await self._world.store.extend(self.facts, effect.to_paid_sec)
        except DATABASE_FAILURES as error:
            _logger.warning("hold not extended", call_id=self.facts.call_id, error=str(error))
            if not self.ended.is_set():
                self._world.clock.call_later(_RETRY_SEC, lambda: self._extend_hold(effect))
            return
        await self.feed(inputs.HoldExtended(effect.to_paid_sec) if granted else inputs.HoldRefused())

    async def _start_timer(self, effect: do.StartTimer) -> None:
        self._timers.start(effect.name, effect.token, effect.delay_sec)

    async def _cancel_timer(self, effect: do.CancelTimer) -> None:
        self._timers.cancel(effect.name)

    async def _ring(self, name: str, token: int) -> None:
        await self.feed(inputs.TimerFired(name, token))


_ACTIONS: dict[type, Callable[[LiveCall, Any], Awaitable[None]]] = {
    do.OpenSpeech: LiveCall._open_speech,
    do.Say: LiveCall._say,
    do.CancelSpeech: LiveCall._cancel_speech,
    do.SendDtmf: LiveCall._send_dtmf,
    do.Transfer: LiveCall._transfer,
    do.Hangup: LiveCall._hangup,
    do.AskCarrier: LiveCall._ask_carrier,
    do.SetTimeLimit: LiveCall._set_time_limit,
    do.AskBrain: LiveCall._ask_brain,
    do.CloseBrain: LiveCall._close_brain,
    do.RecordDirective: LiveCall._note_directive,
    do.ExtendHold: LiveCall._extend_hold,
    do.StartTimer: LiveCall._start_timer,
    do.CancelTimer: LiveCall._cancel_timer,
}
