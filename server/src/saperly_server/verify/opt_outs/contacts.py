"""The evidence: every contact the network was asked to make, and whether the peer had opted out by then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from saperly_carriers.simulated import LogEntry

from saperly_server.verify.contracts import Broken


@dataclass(slots=True)
class OptOutLog:
    """When each peer said no and yes to a workspace, by the audit trail; of contacts, the network's log is believed."""

    spans: dict[str, list[tuple[datetime, bool]]] = field(default_factory=dict)

    @classmethod
    def of(cls, trail: Iterable[Any]) -> OptOutLog:
        """From rows of `peer, event_type, created_at` in the trail's order, of suppressions that begin and end."""
        log, open_spans = cls(), dict[str, int]()
        for row in trail:
            change = 1 if row["event_type"] == "suppression.added" else -1
            open_spans[row["peer"]] = open_spans.get(row["peer"], 0) + change
            log.spans.setdefault(row["peer"], []).append((row["created_at"], open_spans[row["peer"]] > 0))
        return log

    def forbids(self, peer: str, at: datetime) -> bool:
        """Had the peer opted out before `at`, and not changed their mind at that instant or before?"""
        until_then = [said_no for when, said_no in self.spans.get(peer, []) if when < at]
        undecided = any(when == at for when, _ in self.spans.get(peer, []))
        return bool(until_then) and until_then[-1] and not undecided


def judge_contacts(entries: Iterable[LogEntry], senders: set[str], log: OptOutLog, own_replies: set[str]) -> int:
    """Broken when somebody was contacted who had opted out (S-3), other than by the platform's own replies. How many
    contacts there were."""
    contacts = 0
    for entry in entries:
        if not _is_ours(entry, senders) or entry.data.get("text") in own_replies:
            continue
        contacts += 1
        peer = str(entry.data["to"])
        if log.forbids(peer, entry.at):
            raise Broken(f"{peer} had opted out, and was contacted at {entry.at}: {dict(entry.data)} (S-3).")
    return contacts


def _is_ours(entry: LogEntry, senders: set[str]) -> bool:
    if entry.kind == "text":
        return entry.data["sender"] in senders
    return entry.kind == "call" and entry.data["direction"] == "outbound" and entry.data["from"] in senders
