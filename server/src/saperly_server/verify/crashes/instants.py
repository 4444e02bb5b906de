"""The instants at which a server can be killed, counted as they are reached.

Which ones count is chosen by `Scope`; a marked context is one that works for the request under test, for an event of
the network, or for what was heard on a call. Tasks and timers begun in a marked context are marked too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextvars import ContextVar
from enum import StrEnum


class Scope(StrEnum):
    """Whose instants count."""

    NOTHING = "nothing"
    REQUEST = "request"
    """Those of the marked request, and what it begins."""
    NETWORK = "network"
    """Also what the network's events and the speech of calls set in motion."""
    RECOVERY = "recovery"
    """All of them, from the first question or request to the network on: what a new process does with what it found."""


class Blow(StrEnum):
    """What happens at the chosen instant."""

    KILL = "kill"
    """The process is gone."""
    CUT = "cut"
    """The connection to the database breaks just after something was made permanent, before its answer is read. Only such
    instants count then."""


_MARKS: ContextVar[str] = ContextVar("mark", default="")
_COUNTED = {
    Scope.NOTHING: frozenset[str](),
    Scope.REQUEST: frozenset({"request"}),
    Scope.NETWORK: frozenset({"request", "network"}),
    Scope.RECOVERY: frozenset({"", "request", "network"}),
}


def mark(kind: str) -> None:
    """Everything that follows in this context works for a `request` or for the `network`."""
    _MARKS.set(kind)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Instants:
    """The instants of one process, in order. `at` is the index of the one that is chosen."""

    def __init__(self, dying: Callable[[str], None], kill: Callable[[], None] = _kill) -> None:
        self.names: list[str] = []
        self._dying = dying
        self._kill = kill
        self._scope = Scope.NOTHING
        self._at: int | None = None
        self._blow = Blow.KILL

    def arm(self, scope: Scope, at: int | None, blow: Blow = Blow.KILL) -> None:
        """Count from now on, from zero."""
        self.names, self._scope, self._at, self._blow = [], scope, at, blow

    def reach(self, name: str) -> None:
        """This process is about to do, or has just done, what `name` says. It may be its last."""
        if self._blow is Blow.KILL and self._is_chosen(name):
            self._dying(name)
            self._kill()

    def cuts(self, name: str) -> bool:
        """Something was made permanent: is its answer to be lost?"""
        return self._blow is Blow.CUT and self._is_chosen(name)

    def _is_chosen(self, name: str) -> bool:
        if _MARKS.get() not in _COUNTED[self._scope]:
            return False
        if self._scope is Scope.RECOVERY and not self.names and "network" not in name:
            return False
        self.names.append(name)
        return len(self.names) - 1 == self._at
