"""Changing numbers on the wire: handler, webhook, sender identity, release."""

from __future__ import annotations

from typing import Any

from saperly_server import numbers

from .conftest import Stage
from .wire import PEER, allow, balance, dial, facts, outcome, text

UNKNOWN = "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK"


async def test_a_number_is_bound_under_both_paths(stage: Stage) -> None:
    number = await stage.number()
    for path, body in (
        (f"/numbers/{number['id']}/connection", {}),
        ("/numbers/connection", {"numberId": number["id"]}),
    ):
        for prefix in ("", "/v2"):
            made = (await stage.post("/connections", {"name": "a"})).json()
            bound = await stage.post(f"{prefix}{path}", {**body, "connectionId": made["id"]})
            assert bound.status_code == 200, bound.text
            assert bound.json()["connectionId"] == made["id"]
            assert (await stage.get(f"/numbers/{number['id']}"))["connectionId"] == made["id"]


async def test_binding_to_an_unknown_connection_changes_nothing(stage: Stage) -> None:
    line = await stage.line()
    answer = await stage.post(f"/numbers/{line['id']}/connection", {"connectionId": "conn_unknown"})
    assert answer.status_code == 404
    assert facts(answer) == {"_tag": "ConnectionNotFound", "id": "conn_unknown"}
    assert await stage.get(f"/numbers/{line['id']}") == line


async def test_one_connection_handles_many_numbers_and_leaves_them_all_when_it_is_deleted(stage: Stage) -> None:
    made = (await stage.post("/connections", {"name": "a"})).json()
    bought = [await stage.number() for _ in range(3)]
    for number in bought:
        await stage.post(f"/numbers/{number['id']}/connection", {"connectionId": made["id"]})
    deleted = await stage.request("DELETE", f"/connections/{made['id']}")
    assert (deleted.status_code, deleted.json()) == (200, {"status": "deleted"})
    assert {number["connectionId"] for number in await stage.get("/numbers")} == {None}


async def test_a_webhook_is_set_and_replaced(stage: Stage) -> None:
    number = await stage.number()
    for url in ("https://example.com/hooks/saperly", "https://[2001:db8::1]:8443/x?y=1#z", "HTTPS://EXAMPLE.com"):
        answer = await stage.post(f"/numbers/{number['id']}/webhook", {"url": url})
        assert answer.status_code == 200, answer.text
        assert answer.json()["webhookUrl"] == url


NO_WEBHOOKS = (
    "",
    "http://example.com/hook",
    "ftp://example.com",
    "example.com/hook",
    "https://",
    "https:///path",
    "https://user@example.com",
    "https://user:secret@example.com",
    "https://exa mple.com",
    "https://example.com/\u0084",
    "https://example.com/\n",
    "https://bücher.example",
    "https://example..com",
    "https://exam!ple.com",
    "https://example.com:port",
    "https://[::1",
    "https://example.com/" + "x" * 2048,
)


async def test_what_cannot_be_a_webhook_is_refused(stage: Stage) -> None:
    for url in NO_WEBHOOKS:
        answer = await stage.post(f"/numbers/{UNKNOWN}/webhook", {"url": url})
        assert outcome(answer) == (400, "ValidationError"), url
        assert answer.json()["issues"][0]["path"] == "url"


async def test_a_sender_id_is_letters_and_digits(stage: Stage) -> None:
    number = await stage.number()
    for sender in ("Acme", "A", "ACME2", "12345678a", "abcdefghijk", None):
        answer = await stage.post(f"/numbers/{number['id']}/sms-sender", {"smsSenderId": sender})
        assert answer.json()["smsSenderId"] == sender


async def test_what_is_no_sender_id_is_refused_with_the_rule(stage: Stage) -> None:
    number = await stage.number()
    for sender in ("", "abcdefghijkl", "12345", "Acme Inc", "Acme!", "Café", "ＡＣＭＥ", "Acme\n"):
        answer = await stage.post(f"/numbers/{number['id']}/sms-sender", {"smsSenderId": sender})
        assert answer.status_code == 400, sender
        assert facts(answer) == {
            "_tag": "InvalidSmsSenderId",
            "reason": "A sender id is 1 to 11 letters and digits with at least one letter.",
        }


async def test_a_sender_id_shows_abroad_and_never_in_north_america(stage: Stage) -> None:
    line = await stage.line()
    await stage.post(f"/numbers/{line['id']}/sms-sender", {"smsSenderId": "Acme"})
    for peer in ("+447700900123", PEER):
        await allow(stage.client, line, peer)
        assert (await text(stage, line, peer)).status_code == 201
    await stage.clock.advance(3)
    assert [received.sender for received in stage.network.inbox("+447700900123")] == ["Acme"]
    assert [received.sender for received in stage.network.inbox(PEER)] == [line["phoneNumber"]]


async def test_a_caller_name_is_registered_with_the_network(stage: Stage) -> None:
    line = await stage.line()
    rented = stage.network.inventory.in_use(line["phoneNumber"])
    assert rented is not None
    for name in ("Acme", "Acme Inc", "A", "Route 66 Diner", "ABCDEFGHIJKLMNO", None):
        answer = await stage.post(f"/numbers/{line['id']}/caller-id", {"callerIdName": name})
        assert answer.json()["callerIdName"] == name
        await stage.clock.advance(2)
        assert rented.caller_name == name


async def test_what_is_no_caller_name_is_refused_with_the_rule(stage: Stage) -> None:
    number = await stage.number()
    for name in ("", "ABCDEFGHIJKLMNOP", "Acme, Inc", "Café", " Acme", "Acme ", "A  B", "66 Route", "A\n"):
        answer = await stage.post(f"/numbers/{number['id']}/caller-id", {"callerIdName": name})
        assert answer.status_code == 400, name
        assert facts(answer) == {
            "_tag": "InvalidCallerIdName",
            "reason": "A caller-ID name is 1 to 15 letters, digits and single spaces, beginning with a letter.",
        }


async def test_what_is_to_be_set_must_be_there(stage: Stage) -> None:
    for path in ("webhook", "sms-sender", "caller-id", "connection"):
        assert outcome(await stage.post(f"/numbers/{UNKNOWN}/{path}", {})) == (400, "ValidationError"), path
    for path, field in (("webhook", "url"), ("connection", "connectionId")):
        assert outcome(await stage.post(f"/numbers/{UNKNOWN}/{path}", {field: None})) == (400, "ValidationError")


async def test_a_released_number_stays_listed_and_refuses_every_further_use(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    answer = await stage.post(f"/numbers/{line['id']}/release")
    assert (answer.status_code, answer.json()) == (200, {"status": "released"})
    (listed,) = await stage.get("/numbers")
    assert listed == await stage.get(f"/numbers/{line['id']}")
    assert (listed["releasedAt"] is not None, listed["nextChargeAt"], listed["connectionId"]) == (True, None, None)
    made = (await stage.post("/connections", {"name": "a"})).json()
    uses: list[tuple[str, Any]] = [
        (f"/numbers/{line['id']}/connection", {"connectionId": made["id"]}),
        (f"/numbers/{line['id']}/webhook", {"url": "https://example.com"}),
        (f"/numbers/{line['id']}/sms-sender", {"smsSenderId": "Acme"}),
        (f"/numbers/{line['id']}/caller-id", {"callerIdName": "Acme"}),
        ("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}),
        ("/calls", {"fromNumberId": line["id"], "to": PEER}),
        ("/calls", {"fromNumberId": line["id"], "to": PEER, "connectionId": made["id"]}),
        ("/consent", {"numberId": line["id"], "peerNumber": PEER, "consentType": "explicit_outbound", "source": "x"}),
    ]
    for path, body in uses:
        refused = await stage.post(path, body)
        assert facts(refused) == {"_tag": "NumberNotFound", "numberId": line["id"]}, path


async def test_releasing_twice_is_as_good_as_once(stage: Stage) -> None:
    number = await stage.number()
    bodies: list[Any] = [None, {}, None]
    for body in bodies:
        assert (await stage.post(f"/numbers/{number['id']}/release", body)).json() == {"status": "released"}


async def test_a_released_number_keeps_its_history(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    await text(stage, line)
    placed = (await dial(stage, line)).json()
    await stage.post(f"/calls/{placed['id']}/end")
    await stage.post(f"/numbers/{line['id']}/release")
    assert [row["numberId"] for row in await stage.get("/messages", numberId=line["id"])] == [line["id"]]
    assert [row["numberId"] for row in await stage.get("/calls")] == [line["id"]]
    assert [row["numberId"] for row in await stage.get("/consent")] == [line["id"]]
    assert (await stage.get("/consent/check", numberId=line["id"], peerNumber=PEER))["hasConsent"] is True


async def test_a_released_number_pays_no_more_rent(stage: Stage) -> None:
    await stage.number()
    second = await stage.number()
    await stage.post(f"/numbers/{second['id']}/release")
    assert await balance(stage) == 4_750
    stage.process.worker.stop()
    await stage.clock.advance(31 * 24 * 3600)
    async with stage.process.services.db.system() as tx:
        assert await numbers.sweep_rent(tx) == (1, 0)
    assert await balance(stage) == 4_500
