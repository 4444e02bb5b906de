"""kill -9 at random instants under load: clients that send, call, buy and mint, and a server that dies every now and then."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from .calls import end_calls
from .home import PEER, Home
from .instants import Blow, Scope
from .judge import database, judge
from .nursery import Nursery
from .world import Answer, Request, World

CLIENTS = 6
REQUESTS_EACH = 4
_LIFE_SEC = (0.1, 0.8)
"""How long a server lives once it is up, in seconds of the wall."""
_DEATHS = 5
_LOOSE = "Loose"
_NOT_STARTED = "CallStartFailed"
"""Whoever had promised to dial died before it did: told as it is, and the request is free to be made again. A client that
does not hear of it makes it again, so any number of such calls may be on record; none of them reached the network."""
_PAUSE_SEC = 0.05
_CUTS = 12
_CUT_WITHIN = 10
_CUT_EVERY_SEC = 0.1

Make = Callable[[Home, str], Request]


def _text(home: Home, key: str) -> Request:
    return Request("POST", "/messages", {"fromNumberId": home.line, "to": PEER, "body": f"Hello {key}"}, key)


def _call(home: Home, key: str) -> Request:
    return Request("POST", "/calls", {"fromNumberId": home.line, "to": PEER}, key)


def _number(home: Home, key: str) -> Request:
    return Request("POST", "/numbers", {"areaCode": "415"}, key)


def _key(home: Home, key: str) -> Request:
    return Request("POST", "/api-tokens", {"name": key, "scopes": ["read"]}, key)


_MIX: tuple[tuple[Make, str], ...] = (
    (_text, "messages"),
    (_text, "messages"),
    (_call, "calls"),
    (_number, "numbers"),
    (_key, "api_keys"),
)


_COUNTS = {
    "messages": f"select count(*) from messages where body not like '{_LOOSE}%'",  # noqa: S608  our own word
    "calls": "select count(*) from calls where not (status = 'failed' and carrier_call_id is null)",
    "numbers": "select count(*) from numbers",
    "api_keys": "select count(*) from api_keys",
}


@dataclass(slots=True)
class Storm:
    """What was asked for, and what was answered in the end."""

    world: World
    home: Home
    chance: Random
    wanted: Counter[str] = field(default_factory=Counter)
    answers: list[tuple[Request, Answer]] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)

    async def client(self, number: int) -> None:
        """One thing after the other, each repeated until it is known what became of it."""
        for turn in range(REQUESTS_EACH):
            make, table = self.chance.choice(_MIX)
            request = make(self.home, f"{number}-{turn}")
            answer = await self.world.insist(request)
            self.wanted[table] += answer.tag != _NOT_STARTED
            self.answers.append((request, answer))

    async def stranger(self) -> None:
        """Texts without an Idempotency-Key, sent once each: what is acknowledged stays, of the rest nobody can say."""
        for turn in range(REQUESTS_EACH):
            body = {"fromNumberId": self.home.line, "to": PEER, "body": f"{_LOOSE} {turn}"}
            answer = await self.world.send(Request("POST", "/messages", body))
            if answer is not None and answer.status == 201:
                self.acknowledged.add(answer.json["id"])
            await asyncio.sleep(_PAUSE_SEC)

    async def weather(self, disturb: Disturb) -> None:
        """Clients at work while `disturb` does its worst; then calm, and everything must be right."""
        had = await _counts(self.world)
        disturbing = asyncio.ensure_future(disturb(self))
        try:
            await asyncio.gather(self.stranger(), *(self.client(number) for number in range(CLIENTS)))
        finally:
            await asyncio.wait({disturbing})
            problem = disturbing.exception()
        if problem is not None:
            raise problem
        await self.world.revive()
        await end_calls(self.world)
        await judge(self.world, self.home)
        await _check(self, had)


Disturb = Callable[[Storm], Awaitable[None]]


async def storm(nursery: Nursery, home: Home, seed: int) -> int:
    """Servers die at random instants; everything that was asked for exists once, and is answered as it was answered."""
    async with home.world(nursery, seed) as world:
        await world.start()
        made = Storm(world, home, Random(seed))  # noqa: S311  any seed can be told
        await made.weather(_kill)
        return len(made.answers) + _DEATHS


async def storm_of_cuts(nursery: Nursery, home: Home, seed: int) -> int:
    """Connections to the database break after random commits: what one process folds into one commit is lost together."""
    async with home.world(nursery, seed) as world:
        world.marking = True
        await world.start()
        made = Storm(world, home, Random(seed))  # noqa: S311  any seed can be told
        await made.weather(_cut)
        return len(made.answers) + _CUTS


async def _cut(storm: Storm) -> None:
    """Lose the answer to one of the next commits, again and again."""
    for _ in range(_CUTS):
        await storm.world.arm(Scope.NETWORK, storm.chance.randrange(_CUT_WITHIN), Blow.CUT)
        await asyncio.sleep(_CUT_EVERY_SEC)
    await storm.world.arm(Scope.NOTHING, None)


async def _kill(storm: Storm) -> None:
    """Let a server live for a moment, several times."""
    for _ in range(_DEATHS):
        await asyncio.sleep(storm.chance.uniform(*_LIFE_SEC))
        await storm.world.kill()
        await storm.world.revive()


async def _check(made: Storm, had: Counter[str]) -> None:
    await _check_acknowledged(made)
    now = await _counts(made.world)
    if now - had != made.wanted:
        raise made.world.broken(f"asked for {dict(made.wanted)}, there are {dict(now - had)} more")
    for request, answer in made.answers:
        if answer.tag == _NOT_STARTED:
            continue
        if answer.status != 201:
            raise made.world.broken(f"{request} is answered {answer}")
        again = await made.world.insist(request)
        if again.json["id"] != answer.json["id"]:
            raise made.world.broken(f"{request} was answered {answer}, then {again}")


async def _counts(world: World) -> Counter[str]:
    async with database(world) as conn:
        return Counter({table: await conn.fetchval(query) for table, query in _COUNTS.items()})


async def _check_acknowledged(made: Storm) -> None:
    async with database(made.world) as conn:
        kept = {row["id"] for row in await conn.fetch("select id from messages")}
    if made.acknowledged - kept:
        raise made.world.broken(f"acknowledged and lost: {made.acknowledged - kept}")
