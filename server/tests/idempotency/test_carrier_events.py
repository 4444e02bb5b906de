"""A process that died between taking a call and saying so: the event is worked on again, and changes nothing."""

from __future__ import annotations

from typing import Any

from saperly_carriers.simulated import load_script
from saperly_server.doctor import examine
from sqlalchemy import text

from ..stage import Stage

TALK = "steps:\n  - say: I have a question.\n  - pause: 3\n  - hang_up\n"
FORGET = text(
    "update carrier_events set applied_at = null, due_at = '2026-01-01' where kind like 'call.%' and applied_at is not null"
)


async def test_a_call_is_taken_once_though_its_event_is_worked_on_twice(stage: Stage) -> None:
    line, bare = await stage.line(), await stage.number()
    stage.network.place_scripted_call("+14155557009", line["phoneNumber"], load_script(TALK))
    stage.network.place_scripted_call("+14155557010", bare["phoneNumber"], load_script(TALK))
    for _ in range(3):
        await stage.clock.advance(1)
        async with stage.process.services.db.system() as tx:
            assert await tx.run(FORGET) >= 1
    await stage.clock.advance(60)
    assert sorted(await _calls(stage)) == [("+14155557009", "completed", 3), ("+14155557010", "failed", 0)]
    async with stage.process.services.db.system() as tx:
        assert await tx.scalar(text("select count(*) from carrier_events where applied_at is null")) == 0
        assert await examine(tx) == []


async def _calls(stage: Stage) -> list[Any]:
    return [(call["from"], call["status"], call["costCents"]) for call in await stage.get("/calls")]


AGAIN = text("""
    insert into carrier_events (carrier, event_id, kind, ref, data, occurred_at, received_at, attempts, due_at)
        select carrier, event_id || '-again', kind, ref, data, occurred_at, received_at, 0, '2026-01-01'
        from carrier_events where kind = 'message.received'
""")


async def test_a_text_that_is_reported_under_two_events_is_stored_once_and_answered_once(stage: Stage) -> None:
    number = await stage.number()
    stage.network.send_text("+14155557011", number["phoneNumber"], "STOP")
    await stage.clock.advance(5)
    before = await _texts(stage)
    async with stage.process.services.db.system() as tx:
        assert await tx.run(AGAIN) == 1
    await stage.clock.advance(30)
    async with stage.process.services.db.system() as tx:
        assert await tx.scalar(text("select count(*) from carrier_events where applied_at is null")) == 0
    assert await _texts(stage) == before
    assert sorted(before) == ["inbound", "outbound"], "the opt-out and its one confirmation"


async def _texts(stage: Stage) -> list[str]:
    return [message["direction"] for message in await stage.get("/messages")]
