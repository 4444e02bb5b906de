"""A program behind a URL: one signed POST for each event, its answer is the directive; a socket comes first."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from saperly_carriers.simulated import load_script
from sqlalchemy import text

from .conftest import HOLD, ManualLine, serving

TALKER = load_script("steps: [{expect: {pattern: '.'}}, {say: 'Two, please.'}, {pause: 20}, hang_up]")
TROUBLE = "Sorry, something went wrong on our side. Could you say that again?"

Answer = Callable[[Any], tuple[int, bytes, dict[bytes, bytes]]]


def speaking(text: str) -> tuple[int, bytes, dict[bytes, bytes]]:
    return 200, json.dumps({"type": "speak", "text": text}).encode(), {}


@dataclass
class Receiver:
    """A customer's web server. `answer` makes the answer to an event."""

    url: str = ""
    answer: Answer = lambda event: speaking(f"About {event['type']}.")
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[Any]:
        return [json.loads(body)["event"] for _, body in self.seen]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.seen.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        status, content, headers = self.answer(json.loads(body)["event"])
        await send({"type": "http.response.start", "status": status, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": content})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    async with serving(made) as port:
        made.url = f"http://127.0.0.1:{port}/brain"
        yield made


async def _lead_to(line: ManualLine, url: str) -> None:
    changed = await line.stage.request("PATCH", f"/connections/{line.connection['id']}", json={"manualWebhookUrl": url})
    assert changed.status_code == 200, changed.text


async def test_every_event_is_posted_and_its_answer_is_said(line: ManualLine, receiver: Receiver) -> None:
    await _lead_to(line, receiver.url)
    await line.ring(TALKER)
    await line.stage.clock.advance(60)
    assert [event["type"] for event in receiver.events] == ["inbound_call", "turn", "call_ended"]
    assert receiver.events[1]["userText"] == "Two, please."
    assert len({event["conversationId"] for event in receiver.events}) == 1
    assert line.heard() == ["About inbound_call.", "About turn."]


async def test_the_post_is_signed_with_the_manual_secret(line: ManualLine, receiver: Receiver) -> None:
    await _lead_to(line, receiver.url)
    await line.ring()
    secret = line.connection["manualSecret"].encode()
    headers, body = receiver.seen[0]
    assert headers["x-saperly-signature"] == f"sha256={hmac.new(secret, body, sha256).hexdigest()}"
    base = f"{headers['x-saperly-manual-timestamp']}.{headers['x-saperly-manual-delivery-id']}.".encode() + body
    assert headers["x-saperly-manual-signature"] == f"v1={hmac.new(secret, base, sha256).hexdigest()}"
    assert headers["content-type"] == "application/json"


async def test_a_directive_frame_is_an_answer_too(line: ManualLine, receiver: Receiver) -> None:
    receiver.answer = lambda event: (
        200,
        json.dumps(
            {"type": "directive", "requestId": event["requestId"], "directive": {"type": "speak", "text": "Framed."}}
        ).encode(),
        {},
    )
    await _lead_to(line, receiver.url)
    await line.ring()
    await line.stage.clock.advance(5)
    assert line.heard() == ["Framed."]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"type":"speak","text":"Hi"}'),
        (204, b""),
        (200, b""),
        (200, b"Hello"),
        (200, b'{"type":"speak"}'),
        (200, b'{"type":"directive","requestId":"other","directive":{"type":"hangup"}}'),
        (200, b'{"type":"speak","text":"' + b"x" * 100_000 + b'"}'),
        (301, b""),
    ],
)
async def test_an_answer_that_is_none_is_covered_for_at_once(
    line: ManualLine, receiver: Receiver, status: int, body: bytes
) -> None:
    elsewhere = {b"location": receiver.url.encode()} if status == 301 else {}
    receiver.answer = lambda event: (status, body, elsewhere)
    await _lead_to(line, receiver.url)
    await line.ring()
    await line.stage.clock.advance(5)
    assert line.heard() == [TROUBLE]
    assert len(receiver.seen) == 1, "what arrived is not posted again, and redirects lead nowhere"


async def test_nobody_at_the_url_is_covered_for_and_the_call_ends_politely(line: ManualLine) -> None:
    await _lead_to(line, "http://127.0.0.1:9/brain")
    await line.ring()
    await line.stage.clock.advance(100)
    assert line.heard()[:2] == [TROUBLE, TROUBLE]
    assert (await line.call())["status"] == "completed"


async def test_a_socket_comes_before_the_url_and_the_url_after_it(line: ManualLine, receiver: Receiver) -> None:
    await _lead_to(line, receiver.url)
    async with line.program() as program:
        await line.ring(TALKER)
        await program.say(await program.next("inbound_call"), "By socket.")
        assert receiver.seen == []
    await line.stage.clock.advance(10)
    assert line.heard() == ["By socket.", "About turn."]


async def test_the_numbers_webhook_is_the_last_resort(line: ManualLine, receiver: Receiver) -> None:
    async with line.stage.process.services.db.system() as tx:  # over the API it can only be an https URL
        await tx.run(text("update numbers set webhook_url = :url"), {"url": receiver.url})
    await line.ring()
    await line.stage.clock.advance(5)
    assert line.heard() == ["About inbound_call."]


async def test_without_any_url_the_caller_hears_the_hold_line(line: ManualLine) -> None:
    await line.ring()
    await line.stage.clock.advance(22)
    assert line.heard() == [HOLD]


async def test_no_compressed_answer_is_asked_for(line: ManualLine, receiver: Receiver) -> None:
    await _lead_to(line, receiver.url)
    await line.ring()
    assert receiver.seen[0][0]["accept-encoding"] == "identity"
