"""Mistakes of our own: the outside learns nothing but an id that the log knows."""

from __future__ import annotations

from .conftest import Stage


async def _broken() -> None:
    raise RuntimeError("the password is hunter2")


async def test_an_unexpected_error_tells_the_outside_only_its_trace_id(stage: Stage) -> None:
    stage.process.app.add_api_route("/broken", _broken)
    answer = await stage.client.get("/broken", headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 500
    assert answer.json() == {
        "_tag": "InternalError",
        "traceId": "mine-1",
        "fix": "Try again; if it persists, give the operator the traceId.",
        "docUrl": "/docs/errors/internal-error",
        "requestId": "mine-1",
    }
    assert answer.headers["X-Request-Id"] == "mine-1"
