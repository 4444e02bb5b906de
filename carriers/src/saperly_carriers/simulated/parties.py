"""Who answers at a number: a person in a terminal, a scripted party, or the habits of its last digits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.interactive import InteractivePeer, PartyEar
from saperly_carriers.simulated.magic import magic_of, script_of
from saperly_carriers.simulated.peers import Peer
from saperly_carriers.simulated.script import Script
from saperly_carriers.simulated.script_run import ScriptFailure, ScriptRun

_RUNS_KEPT = 1000


class ScriptFailed(AssertionError):
    """A party's script did not come true; the message shows every failure with its exchange."""

    def __init__(self, failures: Sequence[ScriptFailure]) -> None:
        super().__init__("\n\n".join(map(str, failures)))
        self.failures = failures


class Party:
    """A number with a script. `runs` are its calls, the latest last."""

    def __init__(self, env: Environment, number: str, script: Script) -> None:
        self.number = number
        self.script = script
        self.runs: deque[ScriptRun] = deque(maxlen=_RUNS_KEPT)
        self._env = env

    def begin(self) -> ScriptRun:
        run = ScriptRun(self._env, self.number, self.script)
        self.runs.append(run)
        return run

    @property
    def failures(self) -> list[ScriptFailure]:
        return [failure for run in self.runs for failure in run.failures]

    def check(self) -> None:
        """Raises ScriptFailed if an expectation of any call was not met."""
        if self.failures:
            raise ScriptFailed(self.failures)


class _Telephone:
    """A number at which a person takes calls, one at a time."""

    def __init__(self, env: Environment, number: str, ear: PartyEar) -> None:
        self._env = env
        self._number = number
        self._ear = ear
        self._talking: set[InteractivePeer] = set()

    def begin(self) -> InteractivePeer:
        return InteractivePeer(self._env, self._number, self._ear, self._talking)


class Directory:
    """Finds who is at a number."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._hosts: dict[str, _Telephone | Party] = {}

    def add_party(self, number: str, script: Script) -> Party:
        party = self._hosts[number] = Party(self._env, number, script)
        return party

    def take_calls(self, number: str, ear: PartyEar) -> Callable[[], None]:
        """Let a person answer at a number; gives the function that ends it. Calls that are up go on."""
        telephone = self._hosts[number] = _Telephone(self._env, number, ear)

        def detach() -> None:
            if self._hosts.get(number) is telephone:
                del self._hosts[number]

        return detach

    def peer_at(self, number: str) -> Peer:
        """Whoever answers there.

        Raises:
            CarrierRejected: the number's habit is to be refused by the network.
        """
        host = self._hosts.get(number)
        if host is not None:
            return host.begin()
        magic = magic_of(number)
        if magic.call_refusal is not None:
            raise magic.call_refusal.error()
        return ScriptRun(self._env, number, script_of(magic))
