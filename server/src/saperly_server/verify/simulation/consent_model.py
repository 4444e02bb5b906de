"""The reference for consent: what each peer of a workspace has last said, folded from what happened, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

_OPT_OUT = frozenset({"STOP", "stop", "Unsubscribe", "please stop texting me"})
_OPT_IN = frozenset({"START", "unstop"})
_HELP = frozenset({"HELP", "info"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
KEYWORDS = (*sorted(_OPT_OUT), *sorted(_OPT_IN), *sorted(_HELP))


@dataclass(slots=True)
class ConsentModel:
    """One workspace's. A record is of a pair (number, peer), an opt-out of a peer for the whole workspace."""

    active: dict[tuple[str, str], str] = field(default_factory=dict)
    known: set[tuple[str, str]] = field(default_factory=set)
    opted_out: set[tuple[str, str]] = field(default_factory=set)
    """Of (peer, origin): `peer`, who alone can undo it, or `workspace`."""
    said_no_at: dict[str, datetime] = field(default_factory=dict)
    """When a peer last asked to stop, by the network's clock."""
    owed: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """How many replies of each purpose a pair has to get: (number, peer, purpose)."""

    def state(self, number: str, peer: str) -> str:
        if any(who == peer for who, _ in self.opted_out):
            return "opted_out"
        if (number, peer) in self.active:
            return self.active[number, peer]
        return "opted_out" if (number, peer) in self.known else "none"

    def can_grant(self, peer: str, kind: str) -> bool:
        """May the workspace record consent? Not when the peer themselves opted out; an implied one not after its own."""
        blocking = {"peer"} if kind == "explicit_outbound" else {"peer", "workspace"}
        return not any((peer, origin) in self.opted_out for origin in blocking)

    def grant(self, number: str, peer: str, kind: str) -> None:
        if kind == "explicit_outbound":
            self.opted_out.discard((peer, "workspace"))
        if (number, peer) not in self.active or kind == "explicit_outbound":
            self._record(number, peer, kind)

    def revoke(self, number: str, peer: str) -> None:
        self.opted_out.add((peer, "workspace"))
        self.active.pop((number, peer), None)

    def imply(self, number: str, peer: str) -> None:
        if self.state(number, peer) == "none":
            self._record(number, peer, "implied_inbound")

    def received(self, number: str, peer: str, words: str, said_at: datetime) -> None:
        """The peer wrote this at that time; what they wrote earlier may come later."""
        if words in _OPT_OUT:
            self._opt_out(number, peer)
            self.said_no_at[peer] = max(said_at, self.said_no_at.get(peer, _LONG_AGO))
        elif (peer, "peer") in self.opted_out and said_at <= self.said_no_at.get(peer, _LONG_AGO):
            return
        elif words in _OPT_IN or (words == "yes" and self.state(number, peer) == "opted_out"):
            self._opt_in(number, peer)
        elif words not in _HELP:
            self.imply(number, peer)

    def _opt_out(self, number: str, peer: str) -> None:
        if (peer, "peer") not in self.opted_out:
            self._owe(number, peer, "opt_out")
        self.opted_out.add((peer, "peer"))
        self.active.pop((number, peer), None)

    def _opt_in(self, number: str, peer: str) -> None:
        lifted = {(peer, "peer"), (peer, "workspace")} & self.opted_out
        self.opted_out -= lifted
        if (number, peer) not in self.active:
            self._record(number, peer, "explicit_outbound")
            self._owe(number, peer, "opt_in")
        elif lifted:
            self._owe(number, peer, "opt_in")

    def _record(self, number: str, peer: str, kind: str) -> None:
        self.active[number, peer] = kind
        self.known.add((number, peer))

    def _owe(self, number: str, peer: str, purpose: str) -> None:
        self.owed[number, peer, purpose] = self.owed.get((number, peer, purpose), 0) + 1
