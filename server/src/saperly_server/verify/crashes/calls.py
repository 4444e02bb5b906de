"""kill -9 in the phases of a live call: ringing, disclosure, thinking, speaking, transfer, hang-up, settling.

A conversation is led to its end by the harness, with the server watched from the first request on. Wherever the server
died, the call is over once it is quiet, paid by the network's measure, and its disclosure was not said a second time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .home import REPEATS, Home
from .instants import Blow, Scope
from .judge import Evidence, database, judge
from .nursery import Nursery
from .world import PATIENCE_SEC, Request, World

TAKES_TRANSFERS = "+15005551013"
_LOOK_SEC = 0.02

Lead = Callable[[World, Home], Awaitable[None]]


async def end_calls(world: World) -> None:
    """End whatever is still up, by the API; a call that nobody holds any more ends by itself."""
    async with database(world) as conn:
        deadline = time.monotonic() + PATIENCE_SEC
        while up := await conn.fetch("select id from calls where status = 'initiated'"):
            for row in up:
                await world.insist(Request("POST", f"/calls/{row['id']}/end", {}))
            if time.monotonic() > deadline:
                raise world.broken(f"calls do not end: {[row['id'] for row in up]}")
            await asyncio.sleep(_LOOK_SEC)


async def _outbound(world: World, home: Home) -> None:
    """Place a call, talk a little, hang up."""
    call_id = await _placed(world, home)
    if call_id is not None:
        await _heard(world, 3)
        await world.insist(Request("POST", f"/calls/{call_id}/end", {}, "end"))


async def _transferred(world: World, home: Home) -> None:
    """Place a call, put it through, and let the one who took it hang up."""
    call_id = await _placed(world, home)
    if call_id is not None:
        await _heard(world, 2)
        await world.insist(Request("POST", f"/calls/{call_id}/transfer", {"to": TAKES_TRANSFERS}, "transfer"))
        await asyncio.sleep(_LOOK_SEC * 5)


async def _placed(world: World, home: Home) -> str | None:
    """The id of a call that was placed; None when its dial died with its server, which is a definite no."""
    call = await world.insist(Request("POST", "/calls", {"fromNumberId": home.line, "to": REPEATS}, "call"))
    if call.json.get("_tag") == "CallStartFailed":
        return None
    if "id" not in call.json:
        raise world.broken(f"POST /calls is answered {call}")
    return str(call.json["id"])


async def _inbound(world: World, home: Home) -> None:
    """Somebody calls, talks a little and hangs up."""
    await world.network.ask("call", REPEATS, home.rented[0], ("Hello there.", "Do you have a table for two?"))
    await _heard(world, 3)


async def _heard(world: World, lines: int) -> None:
    """Wait for so many lines of ours, unless the call is over before, or the server is dead."""
    deadline = time.monotonic() + PATIENCE_SEC
    while world.alive and time.monotonic() < deadline:
        evidence = await world.evidence()
        if sum(kind == "heard" for kind, _ in evidence) >= lines or any(kind == "call_cost" for kind, _ in evidence):
            return
        await asyncio.sleep(_LOOK_SEC)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A way that a call goes."""

    name: str
    lead: Lead


CONVERSATIONS = (
    Conversation("outbound", _outbound),
    Conversation("transferred", _transferred),
    Conversation("inbound", _inbound),
)


async def length(conversation: Conversation, blow: Blow, nursery: Nursery, home: Home) -> int:
    """How many instants a conversation has when nothing goes wrong."""
    async with home.world(nursery, 0) as world:
        world.marking = True
        await world.start(Scope.NETWORK, None, blow)
        await conversation.lead(world, home)
        await end_calls(world)
        await judge(world, home)
        return len(await world.instants())


async def cut_off(conversation: Conversation, blow: Blow, at: int, nursery: Nursery, home: Home, seed: int) -> int:
    """Lead a conversation on a server that is struck at an instant of it, and on its successors."""
    async with home.world(nursery, seed) as world:
        world.marking = True
        await world.start(Scope.NETWORK, at, blow)
        world.story.append(f"{conversation.name} call, {blow} at instant {at}")
        await conversation.lead(world, home)
        if blow is Blow.KILL and seed % 2:
            await world.kill()
        await world.revive()
        await end_calls(world)
        _said_once(world, await judge(world, home))
        await _told_once(world)
    return at + 1


def _said_once(world: World, evidence: Evidence) -> None:
    """The first line of a call is its disclosure; nobody hears it again."""
    said: dict[str, list[str]] = {}
    for kind, data in evidence:
        if kind == "say":
            said.setdefault(data["call_id"], []).append(data["text"])
    twice = [lines[0] for lines in said.values() if lines.count(lines[0]) > 1]
    if twice:
        raise world.broken(f"said twice: {twice}")


async def _told_once(world: World) -> None:
    """Each call has exactly one event that tells of its end."""
    async with database(world) as conn:
        told = await conn.fetch(
            "select payload->>'callId' from events where event_type in ('call.completed', 'call.failed')"
        )
        calls = await conn.fetch("select id from calls")
    ends = Counter(row[0] for row in told)
    if ends != Counter(row["id"] for row in calls):
        raise world.broken(f"ends told of: {dict(ends)}; calls: {[row['id'] for row in calls]}")
