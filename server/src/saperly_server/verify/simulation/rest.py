"""The end of a trial: nothing goes wrong any more, and everything has to come to rest."""

from __future__ import annotations

from .health import must_be_chained
from .judge import require
from .world import World

_ROUNDS = (*[5.0] * 36, *[60.0] * 60, *[600.0] * 12)
"""Seconds between looks: three minutes, an hour, two hours; longer than every pause between two tries."""


async def come_to_rest(world: World) -> None:
    world.heal()
    if not world.living:
        await world.start_server()
    for seconds in _ROUNDS:
        await world.pass_time(seconds, every_sec=seconds)
        await world.check()
        if not await _under_way(world):
            break
    left = await _under_way(world)
    require(not left, f"nothing can come of these any more, and they are not over: {', '.join(left)} (L-10)")
    _nothing_was_lost(world)
    for workspace in world.workspaces:
        await world.theatre.run(must_be_chained(world.living[0].process.services.db, workspace.customer.tenant))


async def _under_way(world: World) -> list[str]:
    seen = world.seen
    open_rows = await world.theatre.run(
        world.reader.rows(
            "select kind || ' ' || resource_id as what from carrier_operations where state = 'open' "
            "union all select kind || ' ' || event_id from carrier_events where applied_at is null"
        )
    )
    return [
        *(row["id"] for row in seen.calls.values() if row["status"] == "initiated"),
        *(row["id"] for row in seen.texts.values() if row["status"] == "queued"),
        *(row["id"] for row in seen.numbers.values() if row["state"] in ("reserved", "releasing")),
        *(call.call.call_id for call in world.network.exchange.live_calls()),
        *(row["what"] for row in open_rows),
        *(name for name, (_, held) in seen.money.items() if held),
    ]


def _nothing_was_lost(world: World) -> None:
    """What the network has is what the books have, no more and no less."""
    seen = world.seen
    ours = {row["e164"] for row in seen.numbers.values() if row["state"] == "active"}
    rented = world.network.inventory.rented()
    require(
        ours == rented,
        f"the network rents us {sorted(rented - ours)} too much, {sorted(ours - rented)} too little (N-1)",
    )
    known = {row["carrier_call_id"] for row in seen.calls.values()}
    unknown = world.judge.truth.dials.keys() - known
    require(not unknown, f"the network placed calls nobody knows of: {sorted(unknown)} (C-3)")
    sent = {row["carrier_message_id"] for row in seen.texts.values()}
    lost = [
        entry
        for entries in world.judge.truth.texts.values()
        for entry in entries
        if entry.data["message_id"] not in sent
    ]
    require(not lost, f"the network sent texts nobody knows of: {lost} (M-2)")
