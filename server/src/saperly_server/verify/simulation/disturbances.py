"""What goes wrong, by the seed: servers die, the database fails them, the network misbehaves, clocks are wrong."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from enum import StrEnum

from saperly_carriers.simulated.faults import NO_FAULTS, Faults

from .mishaps import Mishap
from .world import World


class Trouble(StrEnum):
    """The kinds of trouble; a trial has some of them."""

    DEATHS = "servers die"
    MISHAPS = "the database fails"
    CROWD = "two servers"
    NETWORK = "the network misbehaves"
    CLOCKS = "clocks are wrong"


_SWITCHES = tuple(field.name for field in fields(Faults) if field.name not in ("fail_always", "delay_events_sec"))
_MISHAPS = (*Mishap, Mishap.UNKNOWN_COMMIT)
"""The commit of which nobody hears is the most treacherous of them."""
_SKEWS_SEC = (-200, -90, -30, 30, 120, 200)
"""A network refuses to speak with a server whose clock is wrong by more than five minutes."""


def troubles(world: World) -> frozenset[str]:
    """What a trial will see: nothing, one kind of trouble, or several."""
    chosen = world.rng.sample(tuple(Trouble), world.rng.choice((0, 1, 1, 2, 3, 5)))
    world.judge.clocks_are_right = Trouble.CLOCKS not in chosen
    return frozenset(chosen)


async def disturb(world: World) -> None:
    """Before a step: servers come back, and something is made to go wrong in it."""
    rng = world.rng
    if not world.living and rng.random() < 0.6:
        await _start(world)
    if Trouble.CROWD in world.troubles and len(world.living) == 1 and rng.random() < 0.1:
        await _start(world)
    if Trouble.NETWORK in world.troubles and rng.random() < 0.15:
        _change_the_network(world)
    for server in world.living:
        if Trouble.DEATHS in world.troubles and rng.random() < 0.15:
            server.life.end_after(rng.randint(1, rng.choice((15, 80))))
            world.disturbed = True
        if Trouble.MISHAPS in world.troubles and rng.random() < 0.3:
            server.mishaps.happen(rng.choice(_MISHAPS), rng.randint(1, rng.choice((4, 4, 8, 25))))
            world.disturbed = True
        if Trouble.CLOCKS in world.troubles and rng.random() < 0.1:
            server.clock.skew = timedelta(seconds=rng.choice(_SKEWS_SEC))
            world.tell(f"the clock of {server.name} is wrong by {server.clock.skew.total_seconds():+.0f} s")
    world.disturbed |= world.network.faults != NO_FAULTS


async def _start(world: World) -> None:
    server = await world.start_server()
    world.tell(f"{server.name} starts")


def _change_the_network(world: World) -> None:
    chosen = world.rng.choice(("", *_SWITCHES))
    world.network.faults = Faults(**{chosen: True}) if chosen else NO_FAULTS
    world.tell(f"the network: {chosen or 'as it should be'}")


def calm(world: World) -> None:
    """After a step: what has not happened in it will not happen."""
    for server in world.living:
        server.life.end_after(None)
        if server.mishaps.happened:
            world.tell(f"{server.name}: {server.mishaps.last}")
        server.mishaps.happen(None)
    world.disturbed = False
