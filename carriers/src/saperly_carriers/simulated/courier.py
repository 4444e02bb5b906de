"""Brings events to the platform: in order for each call, message and order, again when they are not taken.

An event is taken when `deliver` returns. When it raises, the network tries again after the delays of
`RETRY_DELAYS_SEC`, as carriers do, and then gives up. Later events of the same call, message or order wait
behind it; others do not.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from saperly_carriers.clock import Clock
from saperly_carriers.events import EventKind, MessageStatus
from saperly_carriers.records import RawRequest
from saperly_carriers.simulated.faults import REVERSE_WINDOW_SEC, Faults
from saperly_carriers.simulated.log import EventLog
from saperly_carriers.simulated.signing import Signer

Deliver = Callable[[RawRequest], Awaitable[None]]

RETRY_DELAYS_SEC = (1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""From one try to the next: soon for a hiccup, an hour at most for a platform that is down."""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event before it is signed. `subject` is the id of what it is about, `subject_key` its field."""

    event_id: str
    kind: EventKind
    occurred_at: datetime
    subject_key: str
    subject: str
    ref: str | None
    data: Mapping[str, object]

    def body(self) -> bytes:
        fields = {
            "id": self.event_id,
            "type": self.kind.value,
            "occurred_at": self.occurred_at.isoformat(),
            "ref": self.ref,
            self.subject_key: self.subject,
            "data": dict(self.data),
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def is_progress(self) -> bool:
        return self.kind is EventKind.CALL_ANSWERED or (
            self.kind is EventKind.MESSAGE_STATUS and self.data["status"] == MessageStatus.SENT
        )


@dataclass(slots=True)
class _Letter:
    event: OutgoingEvent
    faults: Faults
    due: datetime
    tries: int = 0


class _Stream:
    """The events of one subject on their way."""

    __slots__ = ("busy", "held", "queue")

    def __init__(self) -> None:
        self.queue: deque[_Letter] = deque()
        self.held: list[_Letter] = []
        self.busy = False


class Courier:
    """Carries events to `deliver`; without one they wait and are tried again like refused ones."""

    def __init__(self, clock: Clock, log: EventLog, signer: Signer, latency_sec: float) -> None:
        self.deliver: Deliver | None = None
        self._clock = clock
        self._log = log
        self._signer = signer
        self._latency_sec = latency_sec
        self._streams: dict[str, _Stream] = {}

    def post(self, event: OutgoingEvent, faults: Faults, *, after_sec: float = 0.0) -> None:
        """Send an event, `after_sec` later than the network's usual latency."""
        self._log.add("event", id=event.event_id, type=event.kind.value, subject=event.subject, **event.data)
        if faults.lose_progress_events and event.is_progress():
            self._log.add("event_lost", id=event.event_id)
            return
        delay = self._latency_sec + faults.delay_events_sec + after_sec
        letter = _Letter(event, faults, self._clock.now() + timedelta(seconds=delay))
        stream = self._streams.setdefault(event.subject, _Stream())
        if faults.reverse_events:
            self._hold(event.subject, stream, letter)
        else:
            stream.queue.append(letter)
            self._schedule(event.subject, stream)

    def _hold(self, subject: str, stream: _Stream, letter: _Letter) -> None:
        stream.held.append(letter)
        if len(stream.held) > 1:
            return

        async def flush() -> None:
            stream.queue.extend(reversed(stream.held))
            stream.held.clear()
            self._schedule(subject, stream)

        self._clock.call_later(REVERSE_WINDOW_SEC, flush)

    def _schedule(self, subject: str, stream: _Stream) -> None:
        if stream.busy:
            return
        if not stream.queue:
            if not stream.held:
                self._streams.pop(subject, None)
            return
        stream.busy = True

        async def carry() -> None:
            await self._carry(stream)
            stream.busy = False
            self._schedule(subject, stream)

        self._clock.call_later((stream.queue[0].due - self._clock.now()).total_seconds(), carry)

    async def _carry(self, stream: _Stream) -> None:
        letter = stream.queue[0]
        if await self._hand_over(letter):
            stream.queue.popleft()
        elif letter.tries == len(RETRY_DELAYS_SEC):
            self._log.add("delivery_given_up", id=letter.event.event_id)
            stream.queue.popleft()
        else:
            letter.due = self._clock.now() + timedelta(seconds=RETRY_DELAYS_SEC[letter.tries])
            letter.tries += 1

    async def _hand_over(self, letter: _Letter) -> bool:
        if letter.faults.bad_signature and letter.tries == 0:
            await self._try(letter, forged=True)
        taken = await self._try(letter)
        if taken and letter.faults.duplicate_events:
            await self._try(letter)
        return taken

    async def _try(self, letter: _Letter, *, forged: bool = False) -> bool:
        request = self._signer.request(letter.event.body(), self._clock.now(), forged=forged)
        error = await self._error_of(request)
        self._log.add("delivery", id=letter.event.event_id, forged=forged, taken=error is None, error=error)
        return error is None

    async def _error_of(self, request: RawRequest) -> str | None:
        if self.deliver is None:
            return "nobody takes events"
        try:
            await self.deliver(request)
        except Exception as error:
            return type(error).__name__
        return None
