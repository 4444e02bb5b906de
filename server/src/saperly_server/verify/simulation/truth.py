"""What the network itself knows of calls and texts: the evidence that the books are held against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from saperly_carriers.port import CallHandle, CallSnapshot
from saperly_carriers.simulated import LogEntry, Network


@dataclass(slots=True)
class Truth:
    """Reads the network's log as it grows."""

    network: Network
    read: int = 0
    texts: dict[str, list[LogEntry]] = field(default_factory=dict)
    """What was sent by the platform, by what it says."""
    dials: dict[str, LogEntry] = field(default_factory=dict)
    """The calls the platform placed, by the network's name for them."""
    intents: dict[str, str] = field(default_factory=dict)
    """The name under which the platform asked for a call, by the platform's own name for the call."""

    def news(self) -> list[LogEntry]:
        """The texts and calls of the platform that came up since the last time."""
        entries = list(islice(self._contacts(), None))
        for entry in entries:
            if entry.kind == "text":
                self.texts.setdefault(str(entry.data["text"]), []).append(entry)
            else:
                self.dials[str(entry.data["call_id"])] = entry
        return entries

    def _contacts(self) -> Iterator[LogEntry]:
        total = len(self.network.log)
        for entry in islice(self.network.log, self.read, None):
            if entry.kind == "request" and entry.data["operation"] == "dial":
                self.intents[str(entry.data["ref"]).rpartition("/")[2]] = str(entry.data["op_id"])
            if entry.kind == "text" or (entry.kind == "call" and entry.data["direction"] == "outbound"):
                yield entry
        self.read = total

    def call(self, call_id: str, carrier_call_id: str | None) -> CallSnapshot | None:
        """How a call stands at the network, also when the platform has not written down yet what it is called there."""
        known = (
            CallHandle(carrier_call_id)
            if carrier_call_id
            else self.network.exchange.find(self.intents.get(call_id, ""))
        )
        return None if known is None else self.network.exchange.snapshot(known)


def connected_sec(snapshot: CallSnapshot) -> int | None:
    """Whole seconds, rounded up, for which the network connected an ended call; None when nobody answered."""
    if snapshot.answered_at is None or snapshot.ended_at is None:
        return None
    return -(-(snapshot.ended_at - snapshot.answered_at) // timedelta(seconds=1))
