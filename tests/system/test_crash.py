"""kill -9 in the middle of a call: what was promised about calls and money still holds after the next start."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from .conftest import Launcher, Running, eventually

PEER = "+15555550123"


def test_a_call_that_lost_its_server_is_ended_and_settled(launch: Launcher, data_dir: Path) -> None:
    start = ("dev", "--json", "--port", "0", "--data-dir", str(data_dir))
    first = launch(*start)
    with first.client(test=True) as api:
        number = api.get("/numbers").json()[0]
        before = api.get("/usage").json()["balanceCents"]
        pair = {"numberId": number["id"], "peerNumber": PEER}
        api.post("/consent", json={**pair, "consentType": "explicit_outbound", "source": "x"})
        call_id = api.post("/calls", json={"fromNumberId": number["id"], "to": PEER}).json()["id"]
        first.until("call.disclosure", callId=call_id, outcome="completed")
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL

    second = launch(*start)
    assert second.until("ready")["liveKey"] == first.until("ready")["liveKey"]
    with second.client(test=True) as api:
        ended = eventually(lambda: _ended(api.get(f"/calls/{call_id}").json()), 30)
        assert ended["status"] == "completed"
        assert ended["costCents"] > 0
        assert api.get("/usage").json()["balanceCents"] == before - ended["costCents"]
    assert _open_holds(second, data_dir) == 0
    assert json.loads(second.run("doctor", "--data-dir", str(data_dir)).stdout) == {"ok": True, "findings": []}
    assert json.loads(second.run("audit", "verify", "--data-dir", str(data_dir)).stdout)["ok"] is True
    assert second.stop() == 0


def _ended(call: dict[str, Any]) -> dict[str, Any] | None:
    return call if call["status"] != "initiated" else None


def _open_holds(server: Running, data_dir: Path) -> int:
    asked = server.run("db", "sql", "select count(*) from holds where state = 'open'", "--data-dir", str(data_dir))
    return int(json.loads(asked.stdout)[0]["count"])
