"""A trial's world: workspaces, people, servers that come and go on one database and one network; and its story."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from saperly_carriers.port import RawRequest
from saperly_carriers.simulated import Network
from saperly_carriers.simulated.faults import NO_FAULTS

from saperly_server.verify.contracts import Broken

from .client import Answer, Client
from .health import must_be_healthy
from .judge import Judge, require
from .observation import Observation, observe
from .predictions import predict
from .servers import Server, Surroundings
from .stepped import Reader, Theatre
from .workspace_model import Attempt, Key, WorkspaceModel

_DISTURBED = {
    *("no answer", "ServiceUnavailable", "InternalError", "IdempotencyConflict"),
    *("MessageSendFailed", "CallStartFailed", "UpstreamError"),
}
"""What a disturbed request may come to besides. Whether it had its effect is found out afterwards, and must be allowed."""
_REQUEST_SEC = 120.0


@dataclass(slots=True)
class World:
    """`seen` is the state of the tables after the last step."""

    rng: Random
    around: Surroundings
    network: Network
    theatre: Theatre
    reader: Reader
    judge: Judge
    workspaces: list[WorkspaceModel]
    seen: Observation
    peers: tuple[str, ...]
    servers: list[Server] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    troubles: frozenset[str] = frozenset()
    disturbed: bool = False
    """Was anything planned to go wrong in the present step?"""
    started: int = 0
    marks: int = 0
    worked_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    """When a server last did what it does from time to time: nothing can be late since then."""
    healthy: dict[str, tuple[object, ...]] = field(default_factory=dict)
    """What the doctor saw last of each workspace: he looks again when something has changed."""

    # -- servers -------------------------------------------------------------------------------------------

    @property
    def living(self) -> list[Server]:
        return [server for server in self.servers if server.life.alive]

    async def start_server(self) -> Server:
        self.started += 1
        server = await self.theatre.run(Server.start(f"server {self.started}", self.around))
        self.servers.append(server)
        return server

    async def deliver(self, request: RawRequest) -> None:
        """The network's events go to any server there is."""
        living = self.living
        if not living:
            raise ConnectionError("connection refused")
        await self.rng.choice(living).take(request)

    async def bury_the_dead(self) -> None:
        for server in [server for server in self.servers if not server.life.alive]:
            self.servers.remove(server)
            self.tell(f"{server.name} is dead")
            await self.theatre.run(server.bury())

    # -- requests ------------------------------------------------------------------------------------------

    async def ask(self, key: Key, request: Callable[[Client], Awaitable[Answer]]) -> Answer | None:
        """A request to one of the servers; None when none is up or it died of it."""
        if not self.living:
            return None
        server = self.rng.choice(self.living)
        return await self.theatre.run(server.ask(key.secret, request), _REQUEST_SEC)

    async def attempt(self, workspace: WorkspaceModel, attempt: Attempt, expected: set[str] | None = None) -> str:
        """Send a request that makes something, compare its answer with what is allowed, and find what it made."""
        allowed = predict(workspace, attempt, self.seen) if expected is None else expected
        before = self.seen
        answer = await self.ask(
            attempt.key, lambda client: client.post(attempt.path, attempt.body, attempt.idempotency_key)
        )
        attempt.answers.append(answer)
        outcome = "no answer" if answer is None else answer.tag or str(answer.status)
        self.tell(f"{workspace.name}: POST {attempt.path} {attempt.body} [{attempt.idempotency_key}] → {outcome}")
        self.seen = await self.observe()
        self._attribute(workspace, attempt, before, answer)
        if self.disturbed and attempt.path == "/numbers" and "UpstreamError" in allowed:
            allowed = allowed | {"201"}  # A slow network has not told yet that it cannot deliver.
        permitted = allowed | _DISTURBED if self.disturbed or answer is None else allowed
        require(outcome in permitted, f"the answer is {outcome}; allowed: {', '.join(sorted(permitted))}")
        return outcome

    def _attribute(
        self, workspace: WorkspaceModel, attempt: Attempt, before: Observation, answer: Answer | None
    ) -> None:
        rows, old = _made_by(attempt, self.seen), _made_by(attempt, before)
        new = {row["id"] for row in rows if row["workspace_id"] == workspace.id} - {row["id"] for row in old}
        if attempt.path != "/numbers":
            require(len(new) <= 1, f"one request made {sorted(new)}")
        attempt.made |= new
        if answer is not None and answer.status == 201:
            attempt.made.add(answer.body["id"])
            require(
                any(row["id"] == answer.body["id"] for row in rows),
                f"{answer.body['id']} was acknowledged, and is not there",
            )
        elif answer is not None and answer.status < 500 and not self.disturbed:
            alive = [row["id"] for row in rows if row["id"] in new and row.get("state") != "failed"]
            require(not alive, f"the request was refused, and made {alive} (L-16)")

    def mark(self) -> str:
        """A name that nothing else in this trial has."""
        self.marks += 1
        return f"#{self.marks}"

    # -- time ----------------------------------------------------------------------------------------------

    async def pass_time(self, seconds: float, every_sec: float) -> None:
        """Let time pass; every so often each server does what it does from time to time, in any order."""
        left = seconds
        while left > 0:
            gap = min(left, every_sec)
            await self.theatre.wait(gap)
            left -= gap
            for server in self.rng.sample(self.living, len(self.living)):
                await self.theatre.run(server.work())
                self.worked_at = self.theatre.clock.now() if server.life.alive else self.worked_at

    # -- looking -------------------------------------------------------------------------------------------

    def tell(self, line: str) -> None:
        self.story.append(f"{self.theatre.clock.now():%d %H:%M:%S.%f} {line}")

    async def observe(self) -> Observation:
        return await self.theatre.run(observe(self.reader))

    async def check(self) -> None:
        """The reference, the evidence of the network, and the doctor."""
        await self.bury_the_dead()
        self.seen = await self.observe()
        await self.theatre.run(self.judge.agree(self.seen))
        for workspace in self.workspaces:
            now = self.seen.of(workspace.id)
            if self.healthy.get(workspace.id) != now:
                await self.theatre.run(must_be_healthy(self.reader, workspace.id, self.worked_at))
                self.healthy[workspace.id] = now

    def heal(self) -> None:
        """From here on nothing goes wrong any more."""
        self.tell("everything is as it should be")
        self.network.faults = NO_FAULTS
        for server in self.servers:
            server.clock.skew = timedelta()
            server.life.end_after(None)
            server.mishaps.happen(None)

    def broken(self, problem: Broken) -> Broken:
        return Broken("\n".join([*self.story[-60:], str(problem)]))


def _made_by(attempt: Attempt, seen: Observation) -> list[Any]:
    if attempt.path == "/numbers":
        return list(seen.numbers.values())
    if attempt.path == "/calls":
        return [row for row in seen.calls.values() if row["direction"] == "outbound"]
    return [row for row in seen.texts.values() if row["purpose"] == "customer" and row["direction"] == "outbound"]
