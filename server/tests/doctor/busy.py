"""A workspace that has done everything once: bought, called, texted, been called, been refused, moved on to another month."""

from __future__ import annotations

from typing import Any

from saperly_carriers.simulated import load_script
from saperly_server import numbers

from ..stage import Stage

PEER = "+15005550006"
BUSY = "+15005551001"
LISTENER = "+14155557001"
OPTED_OUT = "+14155557002"
CALLER = "+14155557003"
REFUSED_BY_NETWORK = "+15005550001"
UNDELIVERED = "+15005552001"


async def live_through_a_month(stage: Stage) -> dict[str, Any]:
    """What was made, by name."""
    line = await stage.line(name="support")
    second = await stage.number(areaCode="212")
    third = await stage.number(areaCode="310")
    made = {"line": line, "second": second, "third": third}
    made["key"] = await _a_capped_key(stage, line)
    await _texts(stage, line, second)
    await _calls(stage, line)
    await _opt_outs(stage, line)
    released = await stage.post(f"/numbers/{third['id']}/release")
    assert released.status_code == 200
    await stage.clock.advance(30)
    await _a_month_later(stage)
    return made


async def _a_capped_key(stage: Stage, line: Any) -> Any:
    """A child that may spend 60 cents a month with one number, its own child with 40, and a third that is revoked."""
    wish = {"name": "agent", "scopes": ["write", "read", "admin"], "spendLimitCents": 60, "numberScope": [line["id"]]}
    key = (await stage.post("/api-tokens", {**wish, "spendLimitResetPeriod": "monthly"})).json()
    async with stage.client_with(key["token"]) as client:
        narrower = {"name": "narrow", "scopes": ["write"], "spendLimitCents": 40, "numberScope": [line["id"]]}
        child = await stage.during(client.post("/api-tokens", json={**narrower, "spendLimitResetPeriod": "monthly"}))
        assert child.status_code == 201, child.text
    dead = (await stage.post("/api-tokens", {"name": "dead", "scopes": ["write"]})).json()
    assert (await stage.post(f"/api-tokens/{dead['id']}/revoke")).status_code == 200
    async with stage.client_with(child.json()["token"]) as client:
        await _text(stage, line, PEER, client=client, consent=True)
        capped = await stage.during(client.post("/calls", json={"fromNumberId": line["id"], "to": PEER}))
        assert capped.json()["_tag"] == "SpendLimitExceeded", capped.text
    return child.json()


async def _texts(stage: Stage, line: Any, second: Any) -> None:
    for to in (LISTENER, UNDELIVERED):
        assert (await _text(stage, line, to, consent=True)).status_code == 201
    assert (await _text(stage, second, REFUSED_BY_NETWORK, consent=True)).status_code == 502
    assert (await _text(stage, second, LISTENER)).json()["_tag"] == "ConsentRequired"
    answers = [await _text(stage, line, LISTENER, key="once") for _ in range(2)]
    assert answers[0].content == answers[1].content
    await stage.clock.advance(5)


async def _text(
    stage: Stage, line: Any, to: str, *, client: Any = None, consent: bool = False, key: str | None = None
) -> Any:
    if consent:
        await stage.consent(line, to)
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"fromNumberId": line["id"], "to": to, "body": "Hello from my agent"}
    return await stage.during((client or stage.client).post("/messages", json=body, headers=headers))


async def _calls(stage: Stage, line: Any) -> None:
    for to in (PEER, BUSY, REFUSED_BY_NETWORK):
        await stage.consent(line, to)
        placed = await stage.post("/calls", {"fromNumberId": line["id"], "to": to})
        await stage.clock.advance(40)
        if placed.status_code == 201:
            await stage.post(f"/calls/{placed.json()['id']}/end", {"durationSec": 1})
    script = load_script("steps:\n  - say: I have a question.\n  - pause: 3\n  - hang_up\n")
    stage.network.place_scripted_call(CALLER, line["phoneNumber"], script)
    await stage.clock.advance(60)


async def _opt_outs(stage: Stage, line: Any) -> None:
    await stage.consent(line, OPTED_OUT)
    for word in ("hello", "STOP", "START", "STOP", "STOP"):
        stage.network.send_text(OPTED_OUT, line["phoneNumber"], word)
        await stage.clock.advance(3)
    assert (await _text(stage, line, OPTED_OUT)).json()["_tag"] == "RecipientOptedOut"
    revoked = await stage.post("/consent/revoke", {"numberId": line["id"], "peerNumber": LISTENER})
    assert revoked.status_code == 200


async def _a_month_later(stage: Stage) -> None:
    """The worker stands still while the calendar turns; then the rent is swept as it would have been."""
    stage.process.worker.stop()
    for _ in range(2):
        await stage.clock.advance(31 * 86_400)
        async with stage.process.services.db.system() as tx:
            await numbers.sweep_rent(tx)
