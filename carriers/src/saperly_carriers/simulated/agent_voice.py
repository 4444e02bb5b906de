"""The agent's voice on a line: utterances played one after another at the speed of speech, and cut when asked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from saperly_carriers.clock import Timer
from saperly_carriers.simulated.environment import Environment, TimerGroup


@dataclass(slots=True, eq=False)
class Utterance:
    """What the agent says in one go. `chunks` are still to be played, `heard` was; `whole`: no more will come."""

    utterance_id: str
    interruptible: bool
    whole: bool = False
    chunks: deque[str] = field(default_factory=deque)
    heard: str = ""
    started_at: datetime | None = None


class VoiceListener(Protocol):
    """Learns what becomes of utterances. Each one ends in one `line_over`."""

    def line_began(self, utterance: Utterance) -> None: ...

    def chunk_heard(self, text: str, utterance: Utterance) -> None: ...

    def line_over(self, utterance: Utterance, *, complete: bool) -> None: ...

    def voice_quiet(self) -> None: ...


class AgentVoice:
    """Plays utterances in the order in which they began to arrive. Silent until `start`."""

    def __init__(self, env: Environment, timers: TimerGroup, listener: VoiceListener) -> None:
        self._env = env
        self._timers = timers
        self._listener = listener
        self._queue: deque[Utterance] = deque()
        self._cut_short: set[str] = set()
        self._started = False
        self._chunk: str | None = None
        self._chunk_since = env.clock.now()
        self._chunk_timer: Timer | None = None

    def add(self, text: str, utterance_id: str, *, interruptible: bool, last: bool) -> None:
        """Queue text; text with the id of an utterance that is not whole yet continues it.

        What still comes in of an utterance that was cut is not played.
        """
        if utterance_id in self._cut_short:
            if last:
                self._cut_short.discard(utterance_id)
            return
        utterance = next((u for u in self._queue if u.utterance_id == utterance_id and not u.whole), None)
        if utterance is None:
            utterance = Utterance(utterance_id, interruptible)
            self._queue.append(utterance)
        if text:
            utterance.chunks.append(text)
        utterance.whole = last
        self._play()

    def start(self) -> None:
        self._started = True
        self._play()

    def uninterruptible(self) -> bool:
        """Whether a line is being played that must not be cut by the peer."""
        current = self._current()
        return current is not None and not current.interruptible

    def barge_in(self) -> None:
        """The peer talks: cut the present line and drop the queue, but nothing that is uninterruptible."""
        current = self._current()
        if current is None or not current.interruptible:
            return
        self._drop([utterance for utterance in self._queue if utterance.interruptible])

    def cancel(self) -> None:
        """Cut and drop everything."""
        self._drop(list(self._queue))

    def _current(self) -> Utterance | None:
        return self._queue[0] if self._queue and self._queue[0].started_at is not None else None

    def _drop(self, utterances: list[Utterance]) -> None:
        if self._current() in utterances:
            self._cut_chunk(utterances[0])
        for utterance in utterances:
            self._queue.remove(utterance)
            if not utterance.whole:
                self._cut_short.add(utterance.utterance_id)
        for utterance in utterances:
            self._listener.line_over(utterance, complete=False)
        if utterances and not self._queue:
            self._listener.voice_quiet()
        self._play()

    def _cut_chunk(self, utterance: Utterance) -> None:
        self._timers.cancel(self._chunk_timer)
        chunk, self._chunk = self._chunk, None
        if chunk is not None:
            elapsed = (self._env.clock.now() - self._chunk_since).total_seconds()
            self._heard(utterance, words_within(chunk, elapsed * self._env.settings.chars_per_sec))

    def _heard(self, utterance: Utterance, text: str) -> None:
        utterance.heard += text
        if text:
            self._listener.chunk_heard(text, utterance)

    def _play(self) -> None:
        while self._started and self._chunk is None and self._queue:
            utterance = self._queue[0]
            if utterance.started_at is None and (utterance.chunks or utterance.whole):
                utterance.started_at = self._env.clock.now()
                self._listener.line_began(utterance)
            if utterance.chunks:
                self._play_chunk(utterance)
            elif utterance.whole:
                self._finish(utterance)
            else:
                return

    def _play_chunk(self, utterance: Utterance) -> None:
        chunk = self._chunk = utterance.chunks.popleft()
        self._chunk_since = self._env.clock.now()
        duration = len(chunk) / self._env.settings.chars_per_sec
        self._chunk_timer = self._timers.later(duration, lambda: self._chunk_over(utterance, chunk))

    def _chunk_over(self, utterance: Utterance, chunk: str) -> None:
        self._chunk = None
        self._heard(utterance, chunk)
        self._play()

    def _finish(self, utterance: Utterance) -> None:
        self._queue.popleft()
        self._listener.line_over(utterance, complete=True)
        if not self._queue:
            self._listener.voice_quiet()


def words_within(text: str, chars: float) -> str:
    """The whole words in the first `chars` characters of a text."""
    count = int(chars + 1e-6)
    if count >= len(text):
        return text
    part = text[:count]
    if not text[count].isspace():
        part = part[: max(part.rfind(" "), 0)]
    return part.rstrip()
