"""An ended call is forgotten at once, without a search for garbage."""

from __future__ import annotations

import gc
import weakref

from ..stage import Stage


async def test_an_ended_call_is_freed_without_the_garbage_collector(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, "+15555550123")
    gc.collect()
    gc.disable()
    try:
        placed = await stage.post("/calls", {"fromNumberId": line["id"], "to": "+15555550123"})
        call_id = placed.json()["id"]
        await stage.clock.advance(20)
        call = weakref.ref(next(iter(stage.process.services.calls.live)))
        assert (await stage.post(f"/calls/{call_id}/end")).status_code == 200
        await stage.clock.advance(20)
        assert call() is None
    finally:
        gc.enable()
