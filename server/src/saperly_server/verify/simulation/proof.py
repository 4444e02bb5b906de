"""The proof: from a seed to a world, through its steps, to rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random

from saperly_carriers.clock import VirtualClock
from saperly_carriers.simulated import Network, NetworkSettings, SimulatedCarrier

from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground

from .customers import new_customer
from .disturbances import calm, disturb, troubles
from .house_rules import settings
from .judge import Judge
from .mortality import forget_the_dead
from .moves import MOVES, furnish
from .observation import Observation
from .rest import come_to_rest
from .servers import Surroundings
from .stepped import Reader, SteppedDatabase, Theatre, Turnstile
from .truth import Truth
from .workspace_model import Key, WorkspaceModel
from .world import World

_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
_STEPS = 60
_PEOPLE = ("+16462000001", "+16462000002", "+16462000003", "+819012345678")
_MAGIC = (
    "0001",
    "0006",
    "1001",
    "1004",
    "2001",
    "2008",
    "3001",
    "3002",
    "3003",
    "3004",
    "3006",
    "4001",
    "4002",
    "4004",
    "4006",
)


async def _trial(ground: Ground, seed: int) -> int:
    async with ground.database() as dsn, _world(dsn, seed) as world:
        try:
            for _ in range(_STEPS):
                await _step(world)
            await come_to_rest(world)
        except Broken as broken:
            raise world.broken(broken) from broken
    return _STEPS


async def _step(world: World) -> None:
    await disturb(world)
    moves, weights = zip(*MOVES, strict=True)
    (move,) = world.rng.choices(moves, weights)
    await move(world)
    calm(world)
    await world.check()


@asynccontextmanager
async def _world(dsn: str, seed: int) -> AsyncIterator[World]:
    rng = Random(seed)  # noqa: S311  chance that can be repeated
    clock, turnstile = VirtualClock(_START), Turnstile(rng.randrange)
    network = Network(seed, clock, id_prefix="verify", settings=NetworkSettings(log_entries=None))
    around = Surroundings(dsn, clock, turnstile, SimulatedCarrier(network), settings())
    theatre = Theatre(clock, turnstile)
    async with Reader.on(dsn, turnstile) as reader:
        workspaces = await theatre.run(_workspaces(SteppedDatabase(dsn, clock, turnstile), rng))
        judge = Judge(reader, Truth(network), workspaces)
        world = World(
            rng, around, network, theatre, reader, judge, workspaces, Observation({}, {}, {}, {}, {}), _peers(rng)
        )
        network.deliver = world.deliver
        try:
            await world.start_server()
            await world.check()
            await furnish(world)
            world.troubles = troubles(world)
            world.tell(f"troubles: {', '.join(sorted(world.troubles)) or 'none'}")
            yield world
        finally:
            for server in world.servers:
                await server.bury()


def _peers(rng: Random) -> tuple[str, ...]:
    return (*_PEOPLE, *(f"+1500555{last_four}" for last_four in rng.sample(_MAGIC, 3)))


async def _workspaces(db: SteppedDatabase, rng: Random) -> list[WorkspaceModel]:
    try:
        return [await _workspace(db, name, rng) for name in ("Acme", "Bloom", "Crane")[: rng.randint(2, 3)]]
    finally:
        await db.close()


async def _workspace(db: SteppedDatabase, name: str, rng: Random) -> WorkspaceModel:
    credit = rng.choice((100, 600, 3_000))
    customer = await new_customer(db, name, credit)
    return WorkspaceModel(name, customer, credit, [Key(customer.key_id, customer.secret)])


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async def trial(seed: int) -> int:
        return await _trial(ground, seed)

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    forget_the_dead(loop)
    try:
        yield trial
    finally:
        loop.set_exception_handler(before)


SIMULATION = Proof(
    name="simulation",
    claim="Whatever customers, people, the network, the database and dying servers do, the books and consent are right",
    trial=f"history of {_STEPS} steps, with faults",
    share=3.0,
    open=_open,
)
