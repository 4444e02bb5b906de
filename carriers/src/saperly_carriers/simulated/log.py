"""The evidence: an append-only log of all that the network was asked, did and heard.

What a platform claims about a call can be checked here: which lines the callee heard, in which order, and up
to where. The log holds what people said and their numbers; it belongs to tests and developers, not to servers
that carry real traffic.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from saperly_carriers.clock import Clock


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened; `data` holds only strings, numbers, booleans and None."""

    at: datetime
    kind: str
    data: Mapping[str, object]

    def as_json(self) -> str:
        return json.dumps({"at": self.at.isoformat(), "kind": self.kind, "data": dict(self.data)}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class HeardLine:
    """A line of the agent as its peer heard it: `text` up to where it was cut, `complete` if it was not."""

    call_id: str
    utterance_id: str
    text: str
    complete: bool
    started_at: datetime
    ended_at: datetime


class EventLog:
    """Append-only; the oldest entries go when `max_entries` is reached."""

    def __init__(self, clock: Clock, max_entries: int | None) -> None:
        self._clock = clock
        self._entries: deque[LogEntry] = deque(maxlen=max_entries)

    def add(self, kind: str, **data: object) -> None:
        self._entries.append(LogEntry(self._clock.now(), kind, data))

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, kind: str, **data: object) -> list[LogEntry]:
        """The entries of one kind whose data has these values."""
        wanted = data.items()
        return [entry for entry in self._entries if entry.kind == kind and wanted <= entry.data.items()]

    def heard_by(self, number: str) -> list[HeardLine]:
        """The agent's lines that `number` heard, all or part of them, in the order in which they ended."""
        return [_heard_line(entry) for entry in self.of("heard", number=number) if entry.data["text"]]

    def as_bytes(self) -> bytes:
        """The whole log as JSON lines: equal for equal runs."""
        return "\n".join(entry.as_json() for entry in self._entries).encode()


def _heard_line(entry: LogEntry) -> HeardLine:
    return HeardLine(
        call_id=str(entry.data["call_id"]),
        utterance_id=str(entry.data["utterance_id"]),
        text=str(entry.data["text"]),
        complete=bool(entry.data["complete"]),
        started_at=datetime.fromisoformat(str(entry.data["started_at"])),
        ended_at=entry.at,
    )
