"""Calls whose process is not heard of any more: what the next one makes of them."""

from __future__ import annotations

from saperly_server.main import build
from sqlalchemy import text

from ..stage import Stage

PEER = "+15555550123"


async def test_an_abandoned_call_is_charged_up_to_the_last_thing_that_happened_in_it(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    call_id = (await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})).json()["id"]
    stage.process.worker.stop()
    settings, dsn = stage.process.services.settings, stage.process.services.db._dsn
    second = await build(settings, dsn, stage.clock)
    second.worker.start()
    try:
        await stage.clock.advance(20)
    finally:
        second.worker.stop()
        await second.services.close()
    call = await stage.get(f"/calls/{call_id}")
    assert call["status"] == "completed"
    assert call["durationSec"] > 0, "the speech session began after the answer, and that is on the record"
    assert call["costCents"] == -(-26 * call["durationSec"] // 60)


async def test_a_call_whose_name_was_never_told_is_found_under_its_dial_and_ended(stage: Stage) -> None:
    """The process died between the network's yes to the dial and writing it down; the network lives on."""
    line = await stage.line()
    await stage.consent(line, PEER)
    call_id = (await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})).json()["id"]
    stage.process.worker.stop()
    async with stage.process.services.db.system() as tx:
        await tx.run(text("update calls set carrier_call_id = null, answered_at = null"))
    settings, dsn = stage.process.services.settings, stage.process.services.db._dsn
    carrier = stage.process.services.calls.carriers["live"]
    second = await build(settings, dsn, stage.clock, carrier=carrier)
    second.worker.start()
    try:
        await stage.clock.advance(20)
    finally:
        second.worker.stop()
        await second.services.close()
    assert not stage.network.exchange.live_calls()
    measured_ms = stage.network.log.of("call_cost")[0].data["duration_ms"]
    call = await stage.get(f"/calls/{call_id}")
    assert call["status"] == "completed"
    assert call["durationSec"] == -(-measured_ms // 1000), "what the network measured up to the hang-up"
