"""The proofs `crashes` and `lost-commits`: every instant of every mutating request and of calls, sweeps, random instants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from saperly_server.verify.contracts import Proof, Trial
from saperly_server.verify.ground import Ground

from .calls import CONVERSATIONS, cut_off, length
from .home import Home, furnished
from .instants import Blow
from .nursery import Nursery
from .requests import Course, answer_lost, crashed, undisturbed
from .storm import storm, storm_of_cuts
from .sweeps import INSTANTS, swept

_STRIDE = 7919
"""Prime to every number of instants there is: so many consecutive seeds as there are instants visit each of them."""
_KINDS = 20
_CALLS_FROM, _STORM, _SWEEP = 13, 18, 19


@dataclass(slots=True)
class Run:
    """What the trials of one run share: what requests and calls do when nothing goes wrong is watched once."""

    nursery: Nursery
    home: Home
    courses: list[Course] = field(default_factory=list)
    lengths: dict[tuple[str, Blow], int] = field(default_factory=dict)

    async def killed(self, seed: int) -> int:
        """kill -9: of twenty, most in a request, some in a call, one in a storm and one in a sweep."""
        round_, kind = divmod(seed, _KINDS)
        if kind == _SWEEP:
            return await swept(round_ % INSTANTS, self.nursery, self.home, seed)
        if kind == _STORM:
            return await storm(self.nursery, self.home, seed)
        if kind >= _CALLS_FROM:
            return await self._call(Blow.KILL, round_ * (_STORM - _CALLS_FROM) + kind - _CALLS_FROM, seed)
        course, at = await self._point(round_ * _CALLS_FROM + kind, lambda course: len(course.instants) + 1)
        return await crashed(course, at, self.nursery, self.home, seed)

    async def cut(self, seed: int) -> int:
        """Answers lost after a commit: of four, two in a request, one in a call and one in a storm."""
        round_, kind = divmod(seed, 4)
        if kind == 3:
            return await storm_of_cuts(self.nursery, self.home, seed)
        if kind == 2:
            return await self._call(Blow.CUT, round_, seed)
        course, at = await self._point(2 * round_ + kind, lambda course: course.commits)
        return await answer_lost(course, at, self.nursery, self.home, seed)

    async def _point(self, index: int, count: Callable[[Course], int]) -> tuple[Course, int]:
        if not self.courses:
            self.courses = await undisturbed(self.nursery, self.home)
        points = [(course, at) for course in self.courses for at in range(count(course))]
        return points[index * _STRIDE % len(points)]

    async def _call(self, blow: Blow, index: int, seed: int) -> int:
        conversation = CONVERSATIONS[index % len(CONVERSATIONS)]
        known = (conversation.name, blow)
        if known not in self.lengths:
            self.lengths[known] = await length(conversation, blow, self.nursery, self.home)
        at = index * _STRIDE % self.lengths[known]
        return await cut_off(conversation, blow, at, self.nursery, self.home, seed)


def _opens(trial: Callable[[Run], Trial]) -> Callable[[Ground], AbstractAsyncContextManager[Trial]]:
    @asynccontextmanager
    async def prepared(ground: Ground) -> AsyncIterator[Trial]:
        async with Nursery.open() as nursery, furnished(ground, nursery) as home:
            yield trial(Run(nursery, home))

    return prepared


CRASHES = Proof(
    name="crashes",
    claim="A server killed at any instant loses nothing and does nothing twice",
    trial="kill -9",
    share=3.0,
    open=_opens(lambda run: run.killed),
)
LOST_COMMITS = Proof(
    name="lost-commits",
    claim="A commit whose answer is lost is found again",
    trial="broken connection",
    share=1.0,
    open=_opens(lambda run: run.cut),
)
