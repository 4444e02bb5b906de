"""Credentials on the wire: who gets in, with which scopes, numbers and caps, and how keys are minted and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from saperly_server import identity
from saperly_server.identity import Grant, Scope

from .conftest import Stage
from .wire import PEER, allow, child, facts, outcome, stranger

UNKNOWN = "sk_live_" + "A" * 38


async def test_without_a_key_that_works_nobody_gets_in(stage: Stage) -> None:
    for header in (
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer garbage",
        "Bearer sk_prod_AAAAAAAAAAAAAAAAAAAAAAAA",
        f"Bearer {UNKNOWN}",
        f"Bearer sap_{UNKNOWN}",
        UNKNOWN,
    ):
        headers = {} if header is None else {"Authorization": header}
        answer = await stage.client_with(None).get("/numbers", headers=headers)
        assert outcome(answer) == (401, "Unauthorized"), header
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_works_under_both_of_its_spellings(stage: Stage) -> None:
    assert stage.customer.secret.startswith("sk_live_")
    answer = await stage.client_with(f"sap_{stage.customer.secret}").get("/numbers")
    assert answer.status_code == 200


async def test_the_scheme_may_be_written_in_any_case_and_with_more_space(stage: Stage) -> None:
    headers = {"Authorization": f"bearer   {stage.customer.secret}  "}
    assert (await stage.client_with(None).get("/numbers", headers=headers)).status_code == 200


async def test_a_revoked_key_stops_working_at_once_and_so_do_the_keys_below_it(stage: Stage) -> None:
    parent = (await stage.post("/api-tokens", {"name": "parent", "scopes": ["admin"]})).json()
    below = await stage.client_with(parent["key"]).post("/api-tokens", json={"name": "c", "scopes": ["read"]})
    clients = [stage.client_with(key["key"]) for key in (parent, below.json())]
    assert [(await client.get("/numbers")).status_code for client in clients] == [200, 200]
    revoked = await stage.post(f"/api-tokens/{parent['id']}/revoke")
    assert (revoked.status_code, revoked.json()) == (200, {"status": "revoked"})
    for client in clients:
        assert outcome(await client.get("/numbers")) == (401, "Unauthorized")


async def test_revoking_twice_is_as_good_as_once(stage: Stage) -> None:
    key = (await stage.post("/api-tokens", {"name": "a", "scopes": ["read"]})).json()
    for _ in range(2):
        assert (await stage.post(f"/api-tokens/{key['id']}/revoke")).json() == {"status": "revoked"}


async def test_a_key_that_is_not_below_ones_own_cannot_be_revoked(stage: Stage) -> None:
    foreign = (await (await stranger(stage)).get("/api-tokens")).json()[0]["id"]
    for key_id in (foreign, "key_unknown"):
        assert outcome(await stage.post(f"/api-tokens/{key_id}/revoke")) == (403, "AuthorizationDenied")


async def test_an_expired_key_is_no_key(stage: Stage) -> None:
    ends = stage.clock.now() + timedelta(seconds=5)
    async with stage.process.services.db.system() as tx:
        grant = Grant(frozenset({Scope.NUMBERS_READ}), expires_at=ends)
        minted = await identity.mint_root(tx, stage.customer.tenant, "for five seconds", grant, "system")
    client = stage.client_with(minted.plaintext)
    assert (await client.get("/numbers")).status_code == 200
    await stage.clock.advance(5)
    assert outcome(await client.get("/numbers")) == (401, "Unauthorized")


async def test_keys_of_the_two_environments_see_nothing_of_each_other(stage: Stage) -> None:
    await stage.number()
    async with stage.process.services.db.system() as tx:
        tenant = type(stage.customer.tenant)(stage.customer.tenant.workspace_id, "test")
        minted = await identity.mint_root(tx, tenant, "test", Grant(identity.ALL), "system")
    assert minted.plaintext.startswith("sk_test_")
    client = stage.client_with(minted.plaintext)
    for path in ("/numbers", "/calls", "/messages", "/consent", "/connections"):
        assert (await client.get(path)).json() == []
    assert (await client.get("/usage")).json()["balanceCents"] == 0


async def test_a_missing_scope_is_named(stage: Stage) -> None:
    client = await child(stage, "read")
    answer = await client.post("/messages", json={"fromNumberId": "num_1", "to": PEER, "body": "Hi"})
    assert answer.status_code == 403
    assert facts(answer) == {
        "_tag": "AuthorizationDenied",
        "reason": "This key does not hold the scope messages:create.",
    }


async def test_an_allow_list_bounds_every_use_of_a_number(stage: Stage) -> None:
    mine, other = await stage.number(), await stage.number()
    client = await child(stage, *map(str, Scope), numbers=[mine["id"]])
    assert (await client.get(f"/numbers/{mine['id']}")).status_code == 200
    uses: list[tuple[str, str, Any]] = [
        ("GET", f"/numbers/{other['id']}", None),
        ("POST", f"/numbers/{other['id']}/release", None),
        ("POST", f"/numbers/{other['id']}/webhook", {"url": "https://example.com"}),
        ("POST", f"/numbers/{other['id']}/sms-sender", {"smsSenderId": "Acme"}),
        ("POST", f"/numbers/{other['id']}/caller-id", {"callerIdName": "Acme"}),
        ("POST", f"/numbers/{other['id']}/connection", {"connectionId": "conn_1"}),
        ("POST", "/numbers/connection", {"numberId": other["id"], "connectionId": "conn_1"}),
        ("POST", "/messages", {"fromNumberId": other["id"], "to": PEER, "body": "Hi"}),
        ("POST", "/calls", {"fromNumberId": other["id"], "to": PEER}),
        ("POST", "/consent/revoke", {"numberId": other["id"], "peerNumber": PEER}),
        ("GET", f"/consent/check?numberId={other['id']}&peerNumber=%2B15555550123", None),
    ]
    for method, path, body in uses:
        answer = await stage.during(client.request(method, path, json=body))
        assert outcome(answer) == (403, "AuthorizationDenied"), path


async def test_lists_show_only_the_numbers_of_the_allow_list(stage: Stage) -> None:
    lines = [await stage.line(), await stage.line()]
    for line in lines:
        await stage.consent(line, PEER)
        await stage.post("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hi"})
        await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})
    client = await child(stage, "read", "numbers:read", numbers=[lines[0]["id"]])
    assert [number["id"] for number in (await client.get("/numbers")).json()] == [lines[0]["id"]]
    for path in ("/messages", "/calls", "/consent"):
        rows = (await client.get(path)).json()
        assert [row["numberId"] for row in rows] == [lines[0]["id"]], path
    assert (await client.get("/messages", params={"numberId": lines[1]["id"]})).json() == []
    other_call = (await stage.get("/calls"))[0]["id"]
    assert outcome(await client.get(f"/calls/{other_call}/transcript")) == (404, "CallNotFound"), "as if it never was"


async def test_both_forms_of_the_mint_body_give_the_same_kind_of_key(stage: Stage) -> None:
    number = await stage.number()
    limit = {"amountCents": 500, "resetPeriod": "monthly"}
    grant = {"scopes": ["numbers:read"], "resources": {"numbers": [number["id"]]}, "spendLimit": limit}
    flat = {"numberScope": [number["id"]], "spendLimitCents": 500, "spendLimitResetPeriod": "monthly"}
    made = [
        (await stage.post("/api-tokens", body)).json()
        for body in ({"name": "a", "grant": grant}, {"name": "a", "scopes": ["numbers:read"], **flat})
    ]
    listed = await stage.get("/api-tokens")
    by_id = {key["id"]: key for key in listed}
    for created in made:
        assert created["token"] == created["key"]
        assert created["key"].startswith("sk_live_")
        key = by_id[created["id"]]
        assert key["permissions"] == ["numbers:read"]
        assert key["scopes"] == ["read"]
        assert key["numberScope"] == [number["id"]]
        assert (key["spendLimitCents"], key["spendLimitResetPeriod"]) == (500, "monthly")
        assert (key["spentThisPeriodCents"], key["canProvisionKeys"]) == (0, False)
        assert key["mintedByTokenId"] == stage.customer.caller.key_id
        assert created["key"] not in str(listed)


async def test_coarse_words_stand_for_sets_of_fine_ones(stage: Stage) -> None:
    for words, holds, lacks in (
        (["read"], "numbers:read", "messages:create"),
        (["write"], "messages:create", "keys:admin"),
        (["write"], "numbers:write", "numbers:read"),
        (["admin"], "keys:admin", None),
    ):
        created = (await stage.post("/api-tokens", {"name": "a", "scopes": words})).json()
        assert holds in created["permissions"]
        assert lacks not in created["permissions"]


async def test_an_unknown_scope_is_refused_by_name(stage: Stage) -> None:
    answer = await stage.post("/api-tokens", {"name": "a", "scopes": ["calls:listen"]})
    assert outcome(answer) == (400, "ValidationError")
    assert "calls:listen" in answer.json()["message"]


async def _mint(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/api-tokens", json={"name": "below", **body})


async def test_a_child_never_gets_more_than_its_parent_has(stage: Stage) -> None:
    first, second = await stage.number(), await stage.number()
    parent = await child(stage, "keys:admin", "numbers:read", numbers=[first["id"]], cents=1_000)
    ids, scopes = [first["id"]], ["numbers:read"]
    good = {"scopes": scopes, "numberScope": ids, "spendLimitCents": 1_000}
    assert (await _mint(parent, **good)).status_code == 201
    excesses: list[dict[str, Any]] = [
        {"scopes": ["numbers:release"]},
        {"numberScope": None},
        {"numberScope": []},
        {"numberScope": [second["id"]]},
        {"numberScope": [first["id"], second["id"]]},
        {"spendLimitCents": 1_001},
        {"spendLimitCents": None},
        {"spendLimitResetPeriod": "monthly"},
    ]
    for excess in excesses:
        answer = await _mint(parent, **{**good, **excess})
        assert outcome(answer) == (403, "AuthorizationDenied"), excess
        assert answer.json()["reason"][-1] == ".", excess


async def test_a_key_lists_itself_and_what_is_below_it(stage: Stage) -> None:
    parent = await child(stage, "keys:admin", "read")
    below = (await _mint(parent, grant={"scopes": ["read"]})).json()["id"]
    await child(stage, "read")
    names = [key["id"] for key in (await parent.get("/api-tokens")).json()]
    assert names[0] == below
    assert len(names) == 2
    assert len(await stage.get("/api-tokens")) == 4


async def test_using_a_key_shows_in_the_list(stage: Stage) -> None:
    created = (await stage.post("/api-tokens", {"name": "a", "scopes": ["read"]})).json()
    await stage.client_with(created["key"]).get("/numbers")
    await stage.clock.advance(5)
    listed = {key["id"]: key for key in await stage.get("/api-tokens")}
    assert listed[created["id"]]["lastUsedAt"] is not None


async def test_what_one_workspace_has_does_not_exist_for_another(stage: Stage) -> None:
    line = await stage.line()
    await allow(stage.client, line)
    call = (await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})).json()
    other = await stranger(stage)
    uses: list[tuple[str, str, Any, str]] = [
        ("GET", f"/numbers/{line['id']}", None, "NumberNotFound"),
        ("POST", f"/numbers/{line['id']}/release", None, "NumberNotFound"),
        ("POST", f"/numbers/{line['id']}/webhook", {"url": "https://example.com"}, "NumberNotFound"),
        ("GET", f"/connections/{line['connectionId']}", None, "ConnectionNotFound"),
        ("PATCH", f"/connections/{line['connectionId']}", {"name": "a"}, "ConnectionNotFound"),
        ("DELETE", f"/connections/{line['connectionId']}", None, "ConnectionNotFound"),
        ("GET", f"/calls/{call['id']}", None, "CallNotFound"),
        ("GET", f"/calls/{call['id']}/transcript", None, "CallNotFound"),
        ("GET", f"/calls/{call['id']}/recording", None, "CallNotFound"),
        ("POST", f"/calls/{call['id']}/end", {}, "CallNotFound"),
        ("POST", f"/calls/{call['id']}/transfer", {"to": PEER}, "CallNotFound"),
        ("POST", "/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}, "NumberNotFound"),
        ("POST", "/calls", {"fromNumberId": line["id"], "to": PEER}, "NumberNotFound"),
        ("POST", "/consent/revoke", {"numberId": line["id"], "peerNumber": PEER}, "NumberNotFound"),
    ]
    for method, path, body, tag in uses:
        answer = await stage.during(other.request(method, path, json=body))
        assert outcome(answer) == (404, tag), path
    for path in ("/numbers", "/connections", "/calls", "/messages", "/consent"):
        assert (await other.get(path)).json() == [], path
