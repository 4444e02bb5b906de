"""The developer's telephone on the wire: sockets and requests against a whole server in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from saperly_server import identity
from saperly_server.core.db import Tenant
from saperly_server.identity import ALL, Grant

from ..conftest import new_customer
from .conftest import Stage

PEER = "+12025550143"


@dataclass
class Phone:
    """A client of the telephone's socket, spoken to in ASGI; virtual time runs while it waits."""

    stage: Stage
    secret: str | None
    seen: list[dict[str, Any]] = field(default_factory=list)
    closed: int | None = None
    _inbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Phone:
        headers = [] if self.secret is None else [(b"authorization", f"Bearer {self.secret}".encode())]
        scope = {
            "type": "websocket",
            "path": "/simulator/phone",
            "raw_path": b"/simulator/phone",
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
            "client": ("127.0.0.1", 1),
            "server": ("saperly.test", 80),
            "scheme": "ws",
            "root_path": "",
            "http_version": "1.1",
            "extensions": {},
            "state": {},
        }
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(self.stage.process.app(scope, self._inbox.get, self._from_server))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        assert self._task is not None
        await self.stage.during(self._task)

    async def _from_server(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.seen.append(orjson.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.closed = message["code"]

    def send(self, kind: str, **facts: Any) -> None:
        self.send_text(orjson.dumps({"type": kind, **facts}).decode())

    def send_text(self, text: str) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    async def until(self, kind: str, *, contains: str = "") -> dict[str, Any]:
        """The first frame of a kind, waited for."""

        async def wait() -> dict[str, Any]:
            while True:
                found = [one for one in self.seen if one["type"] == kind and contains in str(one)]
                if found:
                    return found[0]
                if self._task is not None and self._task.done():
                    raise AssertionError(f"the socket is over; it brought {self.seen}")
                await asyncio.sleep(0)

        return await self.stage.during(asyncio.wait_for(wait(), 20))

    async def until_closed(self) -> int | None:
        assert self._task is not None
        await self.stage.during(asyncio.shield(self._task))
        return self.closed

    def kinds(self) -> list[str]:
        return [one["type"] for one in self.seen]


@pytest.fixture
async def secret(stage: Stage) -> str:
    """A test key of the stage's customer."""
    tenant = Tenant(stage.customer.tenant.workspace_id, "test")
    async with stage.process.services.db.system() as tx:
        return (await identity.mint_root(tx, tenant, "test", Grant(ALL), "system")).plaintext


@pytest.fixture
async def phone(stage: Stage, secret: str) -> AsyncIterator[Phone]:
    async with Phone(stage, secret) as one:
        yield one


async def test_a_caller_hears_the_disclosure_first_then_the_agent_and_learns_what_it_cost(
    stage: Stage, phone: Phone
) -> None:
    line = await stage.line()
    phone.send("call", **{"from": PEER, "to": line["phoneNumber"]})
    answered = await phone.until("answered")
    disclosure = await phone.until("heard")
    assert disclosure["disclosure"] is True
    assert "automated AI assistant for Acme" in disclosure["text"]
    greeting = await phone.until("heard", contains="How can I help")
    assert "disclosure" not in greeting
    await phone.until("quiet")
    phone.send("hangup")
    ended = await phone.until("ended")
    settled = await phone.until("settled")
    assert ended == {"type": "ended", "reason": "completed"}
    call = await stage.get(f"/calls/{answered['callId']}")
    assert (settled["callId"], settled["environment"]) == (call["id"], "live")
    assert (settled["durationSec"], settled["costCents"]) == (call["durationSec"], call["costCents"])
    assert call["costCents"] > 0


async def test_what_is_said_reaches_the_agent_and_the_transcript(stage: Stage, phone: Phone) -> None:
    line = await stage.line()
    phone.send("call", **{"from": PEER, "to": line["phoneNumber"]})
    await phone.until("heard", contains="How can I help")
    phone.send("say", text="What are your opening hours?")
    await phone.until("heard", contains="open Monday to Friday")
    phone.send("press", digits="2")
    call_id = (await phone.until("answered"))["callId"]
    phone.send("hangup")
    await phone.until("settled")
    turns = (await stage.get(f"/calls/{call_id}/transcript"))["turns"]
    assert "What are your opening hours?" in [turn["text"] for turn in turns if turn["role"] == "user"]


async def test_a_taken_number_answers_calls_and_shows_texts(stage: Stage, phone: Phone) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    phone.send("take", number=PEER)
    assert (await stage.post("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hello"})).status_code == 201
    received = await phone.until("text")
    assert received == {"type": "text", "from": line["phoneNumber"], "to": PEER, "body": "Hello"}
    assert (await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})).status_code == 201
    ringing = await phone.until("ringing")
    assert (ringing["from"], ringing["to"]) == (line["phoneNumber"], PEER)
    assert (await phone.until("heard"))["disclosure"] is True
    phone.send("hangup")
    assert (await phone.until("settled"))["status"] == "completed"


async def test_a_text_from_a_person_arrives_over_the_socket_and_over_http(
    stage: Stage, phone: Phone, secret: str
) -> None:
    number = await stage.number()
    phone.send("text", **{"from": PEER, "to": number["phoneNumber"], "body": "one"})
    body = {"from": "+12025550144", "to": number["phoneNumber"], "body": "two"}
    async with stage.client_with(secret) as client:
        assert (await client.post("/simulator/texts", json=body)).status_code == 202
    await stage.clock.advance(2)
    texts = await stage.get("/messages")
    assert {text["body"] for text in texts} == {"one", "two"}


async def test_a_person_can_look_at_the_texts_they_received(stage: Stage, secret: str) -> None:
    number = await stage.number()
    await stage.consent(number, PEER)
    await stage.post("/messages", {"fromNumberId": number["id"], "to": PEER, "body": "Hello"})
    await stage.clock.advance(2)
    async with stage.client_with(secret) as client:
        shown = (await client.get("/simulator/texts", params={"number": PEER})).json()
    assert [(text["from"], text["to"], text["body"]) for text in shown] == [(number["phoneNumber"], PEER, "Hello")]


async def test_a_number_is_at_one_telephone_at_a_time(stage: Stage, phone: Phone, secret: str) -> None:
    line = await stage.line()
    phone.send("take", number=PEER)
    async with Phone(stage, secret) as other:
        await stage.clock.advance(0.1)
        other.send("call", **{"from": PEER, "to": line["phoneNumber"]})
        refused = await other.until("error")
        assert refused["message"] == f"{PEER} is in use at another telephone."
    await phone.leave()
    async with Phone(stage, secret) as third:
        third.send("call", **{"from": PEER, "to": line["phoneNumber"]})
        await third.until("answered")


async def test_leaving_hangs_up(stage: Stage, secret: str) -> None:
    line = await stage.line()
    async with Phone(stage, secret) as one:
        one.send("call", **{"from": PEER, "to": line["phoneNumber"]})
        call_id = (await one.until("answered"))["callId"]
    await stage.clock.advance(2)
    assert (await stage.get(f"/calls/{call_id}"))["status"] == "completed"


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("hello", "A frame is one JSON object."),
        ('{"type":"dance"}', "A frame is a JSON object whose type is call, take, say, press, hangup or text."),
        ("[]", "A frame is a JSON object whose type is call, take, say, press, hangup or text."),
        ('{"type":"say","text":"hi"}', "There is no call."),
        ('{"type":"hangup","now":true}', "now: Extra inputs are not permitted."),
        ('{"type":"take","number":"911"}', "number: "),
        ('{"type":"press","digits":"x"}', "digits: "),
        (f'{{"type":"call","from":"{PEER}","to":"+14155550199"}}', "is not a number that can be called here."),
        (f'{{"type":"text","from":"{PEER}","to":"+14155550199","body":"x"}}', "is not a number that can be texted"),
    ],
)
async def test_a_frame_that_cannot_be_used_is_answered_with_a_sentence(phone: Phone, frame: str, says: str) -> None:
    phone.send_text(frame)
    assert says in (await phone.until("error"))["message"]


async def test_the_platforms_own_number_cannot_be_played(stage: Stage, phone: Phone) -> None:
    number = await stage.number()
    phone.send("take", number=number["phoneNumber"])
    assert "platform's own" in (await phone.until("error"))["message"]


async def test_a_frame_that_is_too_long_ends_the_connection(phone: Phone) -> None:
    phone.send_text("x" * 20_000)
    await phone.until("error", contains="at most")
    assert await phone.until_closed() == 1009


async def test_a_live_key_is_turned_away(stage: Stage) -> None:
    async with Phone(stage, stage.customer.secret) as one:
        assert await one.until_closed() == 4403
    body = {"from": PEER, "to": "+14155550100", "body": "x"}
    assert (await stage.client.post("/simulator/texts", json=body)).status_code == 403
    assert (await stage.client.get("/simulator/texts", params={"number": PEER})).status_code == 403


@pytest.mark.parametrize("secret", [None, "sk_test_unknown0000000000000000"])
async def test_nobody_without_a_key_gets_a_telephone(stage: Stage, secret: str | None) -> None:
    async with Phone(stage, secret) as one:
        assert await one.until_closed() == 4401


async def test_another_workspaces_call_can_be_placed_but_not_looked_into(stage: Stage) -> None:
    line = await stage.line()
    stranger = await new_customer(stage.process.services.db, environment="test")
    async with Phone(stage, stranger.secret) as one:
        one.send("call", **{"from": PEER, "to": line["phoneNumber"]})
        assert await one.until("answered") == {"type": "answered"}
        assert "disclosure" not in await one.until("heard")
        one.send("hangup")
        await one.until("ended")
        await stage.clock.advance(6)
        assert "settled" not in one.kinds()


async def test_another_workspaces_calls_and_texts_are_not_taken(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    stranger = await new_customer(stage.process.services.db, environment="test")
    async with Phone(stage, stranger.secret) as one:
        one.send("take", number=PEER)
        await stage.clock.advance(0.1)
        await stage.post("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "secret"})
        await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})
        await stage.clock.advance(5)
        assert one.seen == []
        async with stage.client_with(stranger.secret) as client:
            assert (await client.get("/simulator/texts", params={"number": PEER})).json() == []


async def test_in_production_only_test_numbers_can_be_reached(stage: Stage, phone: Phone) -> None:
    line = await stage.line()
    production = stage.process.services.settings.model_copy(update={"mode": "production"})
    object.__setattr__(stage.process.services, "settings", production)
    phone.send("call", **{"from": PEER, "to": line["phoneNumber"]})
    assert (await phone.until("error"))["message"].endswith("is not a number that can be called here.")


async def test_the_telephone_is_not_part_of_the_published_api(stage: Stage) -> None:
    assert not any("simulator" in path for path in (await stage.get("/openapi.json"))["paths"])
