"""Calls whose process is not heard of any more: what the next one makes of them."""

from __future__ import annotations

from saperly_server.main import build

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
        await second.services.db.close()
    call = await stage.get(f"/calls/{call_id}")
    assert call["status"] == "completed"
    assert call["durationSec"] > 0, "the speech session began after the answer, and that is on the record"
    assert call["costCents"] == -(-26 * call["durationSec"] // 60)
