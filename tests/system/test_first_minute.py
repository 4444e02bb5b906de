"""From nothing to a paid, consented call, with plain HTTP from outside; then the end of the server."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path

from .conftest import Launcher, eventually

PEER = "+15555550123"


def test_a_script_with_only_the_url_and_the_key_goes_all_the_way(launch: Launcher) -> None:
    server = launch("dev", "--json", "--no-open", "--ephemeral", "--port", "0")
    ready = server.until("ready")
    assert server.events[0] == ready
    assert ready["apiKey"] == ready["liveKey"]
    keys_file = launch.folder / ".env.saperly"
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600
    assert f"SAPERLY_API_KEY={ready['liveKey']}" in keys_file.read_text()

    with server.client() as api:
        assert api.get("/numbers").json() == []
        number = api.post("/numbers", json={"areaCode": "212"}).json()
        connection = api.post("/connections", json={"name": "support"}).json()
        bound = api.post(f"/numbers/{number['id']}/connection", json={"connectionId": connection["id"]})
        assert bound.json()["connectionId"] == connection["id"]

        pair = {"numberId": number["id"], "peerNumber": PEER}
        assert api.get("/consent/check", params=pair).json() == {"hasConsent": False}
        text = {"fromNumberId": number["id"], "to": PEER, "body": "Hi"}
        refused = api.post("/messages", json=text)
        assert (refused.status_code, refused.json()["_tag"]) == (403, "ConsentRequired")
        assert api.post("/consent", json={**pair, "consentType": "explicit_outbound", "source": "x"}).is_success
        assert api.post("/messages", json=text).status_code == 201
        server.until("message.sent", to=PEER)

        call = api.post("/calls", json={"fromNumberId": number["id"], "to": PEER}).json()
        server.until("call.disclosure", callId=call["id"], outcome="completed")
        assert api.post(f"/calls/{call['id']}/end", json={}).is_success
        ended = server.until("call.ended", callId=call["id"])
        settled = api.get(f"/calls/{call['id']}").json()
        assert (settled["status"], settled["costCents"]) == ("completed", ended["costCents"])
        assert settled["costCents"] > 0
        turns = api.get(f"/calls/{call['id']}/transcript").json()["turns"]
        assert "automated AI assistant for My workspace" in turns[0]["text"]

        child = api.post("/api-tokens", json={"name": "kid", "scopes": ["write"], "spendLimitCents": 1}).json()
        capped = api.post("/messages", json=text, headers={"Authorization": f"Bearer {child['key']}"})
        assert (capped.status_code, capped.json()["_tag"]) == (402, "SpendLimitExceeded")

    assert server.stop() == 0
    assert server.until("stopped")["calls"] == 1
    assert not keys_file.exists()


def test_a_production_server_keeps_to_itself(launch: Launcher) -> None:
    place = launch.folder / "production"
    server = launch(
        "serve", "--port", "0", SAPERLY_DATA_DIR=str(place), SAPERLY_DATABASE_URL="postgresql://127.0.0.1:1/no"
    )
    assert server.process.wait(30) == 3
    problem = json.loads(server.stderr())
    assert problem["message"] == "The database cannot be used: PostgreSQL at 127.0.0.1:1/no."
    assert "Traceback" not in str(problem)
    assert not (launch.folder / ".env.saperly").exists()


def test_a_second_interrupt_does_not_wait(launch: Launcher) -> None:
    server = launch("dev", "--json", "--ephemeral", "--port", "0")
    with server.client(test=True) as api:
        number = api.get("/numbers").json()[0]
        pair = {"numberId": number["id"], "peerNumber": "+15005551012"}
        api.post("/consent", json={**pair, "consentType": "explicit_outbound", "source": "x"})
        api.post("/calls", json={"fromNumberId": number["id"], "to": "+15005551012"})
        server.until("call.disclosure", outcome="completed")
    server.process.send_signal(signal.SIGINT)
    server.until("stopping", liveCalls=1)
    assert server.stop(signal.SIGINT) in (0, 130)
    data_dir = server.until("ready")["dataDir"]
    eventually(lambda: not Path(data_dir).exists())
