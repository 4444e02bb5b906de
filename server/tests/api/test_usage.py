"""Usage on the wire: counts, sums and the balance, over all time or since an instant."""

from __future__ import annotations

from typing import Any

from .conftest import Stage
from .wire import PEER, allow, dial, outcome, stranger, text


async def usage(stage: Stage, **params: Any) -> Any:
    return await stage.get("/usage", **params)


async def test_a_fresh_workspace_has_used_nothing(stage: Stage) -> None:
    assert await usage(stage) == {
        "calls": {"count": 0, "totalCostCents": 0, "totalDurationSec": 0},
        "messages": {"count": 0},
        "balanceCents": 5_000,
    }


async def spent(stage: Stage) -> Any:
    """A line that sent one text, received one, and held one call."""
    line = await stage.line()
    await allow(stage.client, line)
    await text(stage, line)
    call = (await dial(stage, line)).json()
    await stage.clock.advance(20)
    stage.network.send_text(PEER, line["phoneNumber"], "Thanks")
    await stage.clock.advance(2)
    ended: Any = (await stage.post(f"/calls/{call['id']}/end")).json()
    return ended


async def test_usage_adds_up_what_the_lists_show(stage: Stage) -> None:
    call = await spent(stage)
    assert await usage(stage) == {
        "calls": {"count": 1, "totalCostCents": call["costCents"], "totalDurationSec": call["durationSec"]},
        "messages": {"count": 2},
        "balanceCents": 5_000 - 2 - call["costCents"],
    }


async def test_usage_begins_at_since_and_the_balance_is_always_the_present_one(stage: Stage) -> None:
    call = await spent(stage)
    at = call["createdAt"]
    assert (await usage(stage, since=at))["calls"]["count"] == 1
    await stage.clock.advance(1)
    later = await usage(stage, since=stage.clock.now().isoformat())
    assert (later["calls"]["count"], later["messages"]["count"]) == (0, 0)
    assert later["balanceCents"] == (await usage(stage))["balanceCents"]


async def test_since_may_be_in_any_time_zone(stage: Stage) -> None:
    await spent(stage)
    before, after = "2026-06-18T11:29:00+02:00", "2026-06-18T11:59:00+02:00"
    assert (await usage(stage, since=before))["calls"]["count"] == 1
    assert (await usage(stage, since=after))["calls"]["count"] == 0


async def test_since_is_an_instant_with_its_time_zone(stage: Stage) -> None:
    beyond = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")
    for since in ("", "yesterday", "0", "1781775000", "0.5", "2026-06-18", "2026-06-18T09:30:00", *beyond):
        answer = await stage.client.get("/usage", params={"since": since})
        assert outcome(answer) == (400, "ValidationError"), since
        assert answer.json()["issues"][0]["path"] == "since"


async def test_what_never_left_is_no_usage(stage: Stage) -> None:
    line = await stage.line()
    await allow(stage.client, line, "+15005550001")
    assert outcome(await text(stage, line, "+15005550001")) == (502, "MessageSendFailed")
    assert (await usage(stage))["messages"]["count"] == 0


async def test_nobody_sees_the_usage_of_others(stage: Stage) -> None:
    await spent(stage)
    other = await stranger(stage, cents=70)
    assert (await other.get("/usage")).json() == {
        "calls": {"count": 0, "totalCostCents": 0, "totalDurationSec": 0},
        "messages": {"count": 0},
        "balanceCents": 70,
    }
