"""kill -9 at one instant of one request, and the client that repeats it until it knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from .calls import end_calls
from .home import Home
from .instants import Blow, Scope
from .judge import judge, quiet, traces
from .nursery import Nursery
from .operations import OPERATIONS, Operation
from .world import Answer, World

_AGAIN = 1 / 3
_RECOVERY = 16
"""How many instants of a recovery are tried: finding out, and putting on record, takes fewer."""
_SHOWN_ONCE = ("token", "key")
"""Members of a minted key's answer that a repetition leaves out, as its documentation says."""


@dataclass(frozen=True, slots=True)
class Course:
    """What an operation does when nothing goes wrong: its instants, its answer's status, and the traces it leaves."""

    operation: Operation
    instants: tuple[str, ...]
    status: int
    traces: Counter[str]

    @property
    def commits(self) -> int:
        """How many of its instants make something permanent."""
        return sum(name.startswith(("after COMMIT", "after select")) for name in self.instants)


async def undisturbed(nursery: Nursery, home: Home) -> list[Course]:
    """Watch every operation from its first statement to its answer."""
    async with home.world(nursery, 0) as world:
        await world.start()
        return [await _watched(operation, world, home) for operation in OPERATIONS]


async def _watched(operation: Operation, world: World, home: Home) -> Course:
    request = await operation.prepare(world, home)
    before = await traces(world)
    await world.arm(Scope.REQUEST, None)
    answer = await world.send(replace(request, key="key"), marked=True)
    names = await world.instants()
    if answer is None or answer.status >= 300:
        raise world.broken(f"{operation.name} is answered {answer} though nothing went wrong")
    await world.arm(Scope.NOTHING, None)
    await end_calls(world)
    await quiet(world)
    return Course(operation, tuple(names), answer.status, await traces(world) - before)


async def crashed(course: Course, die_at: int, nursery: Nursery, home: Home, seed: int) -> int:
    """Die at an instant of the request, start again, and repeat the request: one effect, and one answer for ever.

    Every third time the next server dies too, while it makes up for what the first left undone.
    """
    operation = course.operation
    async with home.world(nursery, seed) as world:
        await world.start()
        request = replace(await operation.prepare(world, home), key="key")
        before = await traces(world)
        await world.arm(Scope.REQUEST, die_at)
        answer = await world.send(request, marked=True)
        await world.kill()
        world.story.append(f"{operation.name}: killed at {world.died_at()}, answered {answer}")
        await _start_again(world, Random(seed))  # noqa: S311  any seed can be told
        final = await world.insist(request)
        world.story.append(f"repeated: {final}")
        await end_calls(world)
        await judge(world, home)
        _compare(world, course, answer, final, await world.insist(request))
        _compare_traces(world, course, before, await traces(world))
    return die_at + 1


async def answer_lost(course: Course, at: int, nursery: Nursery, home: Home, seed: int) -> int:
    """The database commits, and the connection breaks before its answer is read: the server lives on, and does not know."""
    operation = course.operation
    async with home.world(nursery, seed) as world:
        await world.start()
        request = replace(await operation.prepare(world, home), key="key")
        before = await traces(world)
        await world.arm(Scope.REQUEST, at, Blow.CUT)
        answer = await world.send(request, marked=True)
        world.story.append(f"{operation.name}: cut after commit {at} of {await world.instants()}, answered {answer}")
        if answer is None:
            raise world.broken("the server gives no answer")
        await world.arm(Scope.NOTHING, None)
        final = await world.insist(request)
        world.story.append(f"repeated: {final}")
        await end_calls(world)
        await judge(world, home)
        _compare(world, course, answer if answer.status < 300 else None, final, await world.insist(request))
        _compare_traces(world, course, before, await traces(world))
    return at + 1


async def _start_again(world: World, chance: Random) -> None:
    if chance.random() < _AGAIN:
        await world.start(Scope.RECOVERY, chance.randrange(_RECOVERY))
    else:
        await world.start()


def _compare_traces(world: World, course: Course, before: Counter[str], after: Counter[str]) -> None:
    left = after - before
    if course.operation.settled and left != course.traces:
        raise world.broken(f"it left {dict(left)}, undisturbed it leaves {dict(course.traces)}")


def _compare(world: World, course: Course, first: Answer | None, final: Answer, again: Answer) -> None:
    """What was answered once is the answer for ever."""
    if final.status != course.status and final.tag not in course.operation.also:
        raise world.broken(f"answered {final}, undisturbed {course.status}")
    if final.status == course.status and _kept(again) != _kept(final):
        raise world.broken(f"answered {final}, then {again}")
    if first is not None and _kept(first) != _kept(final):
        raise world.broken(f"acknowledged {first}, but repeated it is {final}")


def _kept(answer: Answer) -> tuple[int, object]:
    """The answer byte for byte; of a minted key everything but the secret, which is shown once."""
    if answer.json.get("token") is not None:
        return answer.status, {k: (None if k in _SHOWN_ONCE else v) for k, v in answer.json.items()}
    if "token" in answer.json:
        return answer.status, answer.json
    return answer.status, answer.body
