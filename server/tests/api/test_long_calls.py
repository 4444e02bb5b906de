"""Calls that last: paid minute by minute, ended politely at the limit of time or money."""

from __future__ import annotations

from typing import Any

from saperly_carriers.simulated import load_script

from .conftest import Stage
from .wire import PEER, allow, balance, furnished, poor

TALKER = "+15005551012"
PATIENT = "+15005551008"


async def call_of(stage: Stage, client: Any, number: Any, to: str) -> Any:
    """A call that nobody but its own process looks after: the background work would only make the minutes long."""
    stage.process.worker.stop()
    await allow(client, number, to)
    answer = await stage.during(client.post("/calls", json={"fromNumberId": number["id"], "to": to}))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_hold_grows_minute_by_minute_before_the_paid_time_runs_out(stage: Stage) -> None:
    line = await stage.line()
    before = await balance(stage)
    await call_of(stage, stage.client, line, TALKER)
    held = [before - await balance(stage)]
    for _ in range(4):
        await stage.clock.advance(60)
        held.append(before - await balance(stage))
    assert held[0] == 52
    assert held == sorted(held)
    assert held[-1] in (130, 156)


async def test_an_outbound_call_ends_after_fifteen_minutes_at_the_latest(stage: Stage) -> None:
    line = await stage.line()
    script = load_script("steps: [{loop: {steps: [{say: And another thing.}, {pause: 20}]}}]")
    stage.network.add_party(PEER, script)
    call = await call_of(stage, stage.client, line, PEER)
    await stage.clock.advance(16 * 60)
    ended = await stage.get(f"/calls/{call['id']}")
    assert ended["status"] == "completed"
    assert 895 <= ended["durationSec"] <= 900
    last = stage.network.log.heard_by(PEER)[-1]
    assert last.text == "This call has reached its time limit and ends in a few seconds. Thank you for calling."
    assert ended["costCents"] == -(-26 * ended["durationSec"] // 60)


async def test_money_that_runs_out_ends_a_call_with_a_word_at_the_paid_limit(stage: Stage) -> None:
    client = await poor(stage, 60)
    number = await furnished(stage, client)
    script = load_script("steps: [{loop: {steps: [{say: And another thing.}, {pause: 20}]}}]")
    stage.network.add_party(PEER, script)
    call = await call_of(stage, client, number, PEER)
    await stage.clock.advance(200)
    ended = (await client.get(f"/calls/{call['id']}")).json()
    assert ended["status"] == "completed"
    assert 115 <= ended["durationSec"] <= 120
    assert ended["costCents"] <= 52
    told = [line.text for line in stage.network.log.heard_by(PEER) if line.complete]
    assert "This call has to end in a few seconds. Thank you for calling." in told
    assert (await client.get("/usage")).json()["balanceCents"] == 60 - ended["costCents"]


async def test_no_call_ever_costs_more_than_is_there(stage: Stage) -> None:
    client = await poor(stage, 105)
    number = await furnished(stage, client)
    calls = [await call_of(stage, client, number, peer) for peer in (PATIENT, TALKER)]
    await stage.clock.advance(400)
    costs = [(await client.get(f"/calls/{call['id']}")).json()["costCents"] for call in calls]
    left = (await client.get("/usage")).json()["balanceCents"]
    assert left == 105 - sum(costs)
    assert left >= 0
