"""kill -9 in the middle of a rent sweep: each period is charged once."""

from __future__ import annotations

from .haste import HastyClock
from .home import Home
from .instants import Scope
from .judge import Prices, database, judge
from .nursery import Nursery
from .wire import Gone
from .world import World

_A_MONTH_LATER = """
    update numbers
    set next_charge_at = $1, rent_due_at = $1, provisioned_at = $1::timestamptz - interval '30 days'
"""
INSTANTS = 7
"""A transaction of one statement, and something to spare."""


async def swept(die_at: int, nursery: Nursery, home: Home, seed: int) -> int:
    """Both numbers owe a month. The server dies in the sweep; the next one sweeps again, and again."""
    async with home.world(nursery, seed) as world:
        await world.start()
        await _owe(world)
        await world.arm(Scope.REQUEST, die_at)
        await _sweep(world)
        await world.kill()
        world.story.append(f"rent: killed at {world.died_at()}")
        await world.start()
        await _sweep(world)
        await _sweep(world)
        await judge(world, home, rent_cents=Prices.read().local_cents * len(home.rented))
    return die_at + 1


async def _owe(world: World) -> None:
    async with database(world) as conn:
        await conn.execute(_A_MONTH_LATER, HastyClock(world.epoch).now())


async def _sweep(world: World) -> None:
    assert world.server is not None
    try:
        await world.server.link.ask("sweep_rent")
    except Gone:
        return
